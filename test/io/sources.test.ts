import t from 'tap'
import assert from 'node:assert/strict'
import { lstatSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { END, RECORD, STARVED, openCapture, windowBytes } from '../../src/io/capture-reader.js'
import { MAX_RECORD } from '../../src/io/byte-window.js'
import { CaptureError, fromSystemError } from '../../src/io/capture-error.js'
import { Memory } from '../../src/packet/memory.js'
import { folderFor } from '../captures.js'
import { BROADCAST, frame } from '../packets.js'
import { runs } from '../soak.js'
import { END_OF_OPTIONS, errorOf, fileOf, memory, readCapture } from './files.js'
import type { Maker, Seen } from './files.js'
import { BIG_FRAME, COMMENT, big, little } from './samples.js'

const frames = [60, 0, 61, 98, 234, 62].map((size, i) =>
  size === 0 ? new Uint8Array(0) : frame(BROADCAST, '02:00:00:00:00:01', size, i),
)

/** A capture in pieces, the ends of which are the places where it may end without having been cut. */
interface Pieces {
  /** The first piece is what every file of the format begins with. */
  parts: Buffer[]
  /** Which of the parts are records. */
  isRecord: boolean[]
  /** A file that is shorter is no capture. */
  smallest: number
}

function pcapPieces(make: Maker): Pieces {
  const records = frames.map((frame, i) => make.record({ seconds: i, fraction: i, frame }))
  return { parts: [make.pcap(), ...records], isRecord: [false, ...records.map(() => true)], smallest: 24 }
}

function pcapngPieces(make: Maker): Pieces {
  const packets = frames.map((frame, i) =>
    make.enhanced({ time: BigInt(i), frame, options: [END_OF_OPTIONS] }),
  )
  const custom = make.block(0xbad, frames[3])
  const parts = [make.section(), make.interface(0), ...packets, custom, make.section(), custom]
  return { parts, isRecord: parts.map((part) => packets.includes(part)), smallest: 4 }
}

const CAPTURES = [pcapPieces(little), pcapPieces(big), pcapngPieces(little), pcapngPieces(big)]

/** How many whole records lie before `size`, and whether a piece ends there. */
function wholeBefore({ parts, isRecord }: Pieces, size: number): { records: number; isWhole: boolean } {
  let [end, records] = [0, 0]
  for (const [i, part] of parts.entries()) {
    if (end + part.length > size) break
    end += part.length
    if (isRecord[i]) records++
  }
  return { records, isWhole: end === size }
}

t.test('cut anywhere, a file gives the records before the cut and says that it was cut', async (t) => {
  const path = join(folderFor(t), 'cut')
  for (const pieces of CAPTURES) {
    const whole = Buffer.concat(pieces.parts)
    writeFileSync(path, whole)
    const all = (await readCapture(path)).records
    assert.equal(all.length, frames.length)
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size))
      if (size < pieces.smallest) {
        assert.match(
          await errorOf(path, 64),
          /^CaptureError: .*(empty|offset \d+: (\d bytes|cut))/,
          `${size}`,
        )
        continue
      }
      const seen = await readCapture(path, 64)
      const { records, isWhole } = wholeBefore(pieces, size)
      assert.deepEqual(seen.records, all.slice(0, records), `${size} bytes`)
      assert.equal(seen.flaw === null, isWhole, `${size} bytes: ${seen.flaw}`)
    }
    t.pass(`${whole.length} places to cut`)
  }
})

t.test('what is said of a cut', async (t) => {
  const folder = folderFor(t)
  const said = async (...parts: Uint8Array[]): Promise<string | null> => {
    const path = fileOf(folder, 'cut', ...parts)
    return (await readCapture(path)).flaw?.replace(path, 'FILE') ?? null
  }
  const record = little.record({ frame: frames[0] })
  t.equal(await said(little.pcap(), record), null)
  t.equal(
    await said(little.pcap(), record, record.subarray(0, 15)),
    'FILE: offset 100: cut in a record: 15 bytes of at least 16',
  )
  t.equal(
    await said(little.pcap(), record, record.subarray(0, 75)),
    'FILE: offset 100: cut in a record: 75 bytes of at least 76',
  )
  const long = little.block(0xbad, new Uint8Array(1000))
  t.equal(
    await said(little.section(), long.subarray(0, 900)),
    'FILE: offset 928: cut in a block: 112 more bytes expected',
  )
  t.equal(
    await said(little.section(), long.subarray(0, -1)),
    'FILE: offset 1039: cut in a block: 1 more bytes expected',
  )
  const zipped = gzipSync(Buffer.concat([little.section(), long]), { level: 0 })
  t.equal(
    await said(zipped.subarray(0, -8 - 112)),
    'FILE: offset 928: cut in a block: 112 more bytes expected, the gzip stream is cut',
  )
  t.equal(
    await said(gzipSync(Buffer.concat([little.pcap(), record])).subarray(0, -1)),
    'FILE: offset 100: cut between two records, the gzip stream is cut',
  )
})

t.test('chunks of any size give the same records', async (t) => {
  const path = join(folderFor(t), 'whole')
  const long = new Uint8Array(BIG_FRAME).fill(7)
  for (const [i, pieces] of CAPTURES.entries()) {
    const make = [little, big][i % 2]
    const longest = i < 2 ? make.record({ frame: long }) : make.enhanced({ frame: long })
    writeFileSync(path, Buffer.concat(pieces.parts))
    const expected = await readCapture(path, 1_000_000)
    for (const chunk of [1, 2, 3, 7, 16, 24, 63, 64, 76, 1000, 65_536])
      t.same(await readCapture(path, chunk), expected, `${chunk} bytes at a time`)
    // A record that is many chunks long, in front of and behind short ones.
    const first = pieces.isRecord.indexOf(true)
    const [head, short] = [pieces.parts.slice(0, first), pieces.parts.slice(first, first + frames.length)]
    writeFileSync(path, Buffer.concat([...head, ...short, longest, ...short]))
    for (const chunk of [5000, 262_160, 1_000_000]) {
      const { records, flaw } = await readCapture(path, chunk)
      t.equal(flaw, null)
      t.ok(records[frames.length].frame.equals(long))
      t.equal(records.length, 2 * frames.length + 1)
    }
  }
})

/** An enhanced packet block as long as any may be: what the longest frame leaves is filled with comments. */
function longestBlock(make: Maker, frame: Uint8Array): Buffer {
  const comment = make.option(COMMENT, new Uint8Array(65_532))
  const filled = make.enhanced({ frame, options: [comment] }).length
  const rest = make.option(COMMENT, new Uint8Array(MAX_RECORD - filled - 4))
  return make.enhanced({ frame, options: [comment, rest] })
}

t.test('the longest records, in chunks that are far shorter', async (t) => {
  const path = join(folderFor(t), 'long')
  const long = Uint8Array.from({ length: BIG_FRAME }, (_, i) => i ^ (i >> 8) ^ (i >> 16))
  for (const make of [little, big]) {
    const block = longestBlock(make, long)
    assert.equal(block.length, MAX_RECORD)
    const pcapng = [make.section(), make.interface(0), block, make.enhanced({ frame: frames[0] }), block]
    const short = make.record({ frame: frames[0] })
    const pcap = [make.pcap(), make.record({ frame: long }), short, make.record({ frame: long })]
    for (const whole of [pcapng, pcap].map((parts) => Buffer.concat(parts)))
      for (const chunk of [128, 1000]) {
        writeFileSync(path, whole)
        const { records, flaw } = await readCapture(path, chunk)
        assert.equal(flaw, null)
        assert.deepEqual(
          records.map((one) => one.frame.equals(long)),
          [true, false, true],
        )
        // One byte less: all of the last record but that is in the window, in front of an empty chunk.
        writeFileSync(path, whole.subarray(0, -1))
        assert.equal((await readCapture(path, chunk)).records.length, 2)
      }
  }
  t.pass('256 KiB of frame in 384 KiB of block')
})

t.test('a window keeps to its region of the memory', async (t) => {
  const long = new Uint8Array(BIG_FRAME).fill(7)
  const parts = [little.section(), little.interface(0), longestBlock(little, long), little.enhanced({})]
  const path = fileOf(folderFor(t), 'long.pcapng', ...parts)
  for (const chunk of [4096, 300_000]) {
    const own = new Memory(windowBytes(chunk) + 2 * 64)
    const before = own.reserve(64)
    const available = own.available
    const reader = await openCapture(path, own, chunk)
    t.ok(available - own.available <= windowBytes(chunk), 'no more than it says beforehand')
    const behind = own.reserve(64)
    const neighbours = [own.bytes.subarray(before, before + 64), own.bytes.subarray(behind, behind + 64)]
    for (const bytes of neighbours) bytes.fill(0xa5)
    let records = 0
    for (let state = reader.next(); state !== END; state = reader.next())
      if (state === STARVED) await reader.fill()
      else records++
    await reader.close()
    t.equal(records, 2)
    for (const bytes of neighbours) t.ok(bytes.every((byte) => byte === 0xa5))
  }
})

t.test('gzip-compressed files, of several members too', async (t) => {
  const folder = folderFor(t)
  for (const { parts } of CAPTURES) {
    const whole = Buffer.concat(parts)
    const plain = await readCapture(fileOf(folder, 'plain', whole))
    const members = [whole.subarray(0, 100), whole.subarray(100, 500), whole.subarray(500)].map((one) =>
      gzipSync(one),
    )
    for (const path of [fileOf(folder, 'one', gzipSync(whole)), fileOf(folder, 'more', ...members)])
      for (const chunk of [64, 4096]) t.same(await readCapture(path, chunk), plain)
  }
})

t.test('the size and the bytes read of a compressed file are those of the file', async (t) => {
  const zipped = gzipSync(Buffer.concat(CAPTURES[0].parts))
  const reader = await openCapture(fileOf(folderFor(t), 'a.gz', zipped), memory)
  t.equal(reader.size, zipped.length)
  t.equal(reader.bytesRead(), zipped.length)
  await reader.close()
})

t.test('a cut gzip stream gives what can be decompressed', async (t) => {
  const path = join(folderFor(t), 'cut.gz')
  for (const pieces of [CAPTURES[0], CAPTURES[2]]) {
    const whole = gzipSync(Buffer.concat(pieces.parts))
    const all = (await readCapture(fileOf(folderFor(t), 'whole.gz', whole))).records
    for (let size = 2; size < whole.length; size += 3) {
      const cut = whole.subarray(0, size)
      writeFileSync(path, cut)
      const available = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).length
      if (available < pieces.smallest) {
        assert.match(await errorOf(path), /^CaptureError: .* cut/, `${size}`)
        continue
      }
      const seen = await readCapture(path)
      assert.deepEqual(seen.records, all.slice(0, wholeBefore(pieces, available).records), `${size} bytes`)
      assert.match(seen.flaw ?? '', /, the gzip stream is cut$/)
    }
    t.pass(`${whole.length} compressed bytes`)
  }
  const nothing = fileOf(folderFor(t), 'nothing.gz', gzipSync(Buffer.alloc(0)).subarray(0, 12))
  t.equal(await errorOf(nothing), `CaptureError: ${nothing}: offset 0: the gzip stream is cut`)
})

t.test('a long cut gzip stream loses nothing on its way', async (t) => {
  const path = join(folderFor(t), 'cut.gz')
  const noise = Uint8Array.from({ length: 1000 }, (_, i) => (i * i * 7919) >> 5)
  const records = Array.from({ length: 3000 }, (_, i) => little.record({ seconds: i, frame: noise }))
  const whole = gzipSync(Buffer.concat([little.pcap(), ...records]), { level: 0 })
  for (const part of [0.1, 0.5, 0.9]) {
    const cut = whole.subarray(0, Math.floor(whole.length * part))
    writeFileSync(path, cut)
    const available = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).length
    const seen = await readCapture(path, 1_000_000)
    t.equal(seen.records.length, Math.floor((available - 24) / 1016))
    t.match(seen.flaw, /the gzip stream is cut$/)
  }
})

t.test('a damaged gzip stream is refused', async (t) => {
  const folder = folderFor(t)
  const whole = gzipSync(Buffer.concat(CAPTURES[0].parts))
  const cases: [number, string][] = [
    [2, 'unknown compression method'],
    [whole.length - 5, 'incorrect data check'],
    [whole.length - 1, 'incorrect length check'],
  ]
  for (const [at, what] of cases) {
    const damaged = Buffer.from(whole)
    damaged[at] ^= 0xff
    const path = fileOf(folder, 'damaged.gz', damaged)
    t.equal(await errorOf(path), `CaptureError: ${path}: the gzip stream is damaged: ${what}`)
  }
})

t.test('files that cannot be opened', async (t) => {
  const folder = folderFor(t)
  t.equal(await errorOf(join(folder, 'none')), `CaptureError: ${folder}/none: no such file`)
  t.equal(await errorOf(folder), `CaptureError: ${folder}: is a folder, expected a capture file`)
  const denied = fromSystemError('a.pcap', Object.assign(new Error('EACCES'), { code: 'EACCES' }))
  t.match(denied, { name: 'CaptureError', message: 'a.pcap: permission denied' })
  const inFile = join(fileOf(folder, 'file'), 'none')
  t.match(await errorOf(inFile), `CaptureError: ${inFile}: ENOTDIR: not a directory`)
  const defect = new TypeError('a defect')
  t.equal(fromSystemError('a.pcap', defect), defect, 'what is no system error stays what it is')
})

t.test('no file stays open: not a closed one, nor one that could not be read', async (t) => {
  const isOpen = (path: string): boolean =>
    readdirSync('/proc/self/fd').some((name) => readlinkIfOpen(`/proc/self/fd/${name}`) === path)
  const folder = folderFor(t)
  const good = fileOf(folder, 'good', ...CAPTURES[0].parts)
  const reader = await openCapture(good, memory)
  t.ok(isOpen(good))
  await reader.close()
  t.notOk(isOpen(good))

  const bad = fileOf(folder, 'bad', Buffer.from('no capture'))
  await t.rejects(openCapture(bad, memory), { name: 'CaptureError' })
  t.notOk(isOpen(bad))
  await t.rejects(openCapture(good, new Memory(100)), { name: 'OutOfMemory' })
  t.notOk(isOpen(good))
})

/** The descriptor with which the folder was listed is closed by now. */
function readlinkIfOpen(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false }) ? readlinkSync(path) : null
}

/** Reads whatever it is; what is seen must be in the window, and calls must come to an end. */
async function survive(path: string, size: number, chunk: number): Promise<void> {
  const reader = await openCapture(path, memory, chunk)
  try {
    let [records, fills] = [0, 0]
    for (let state = reader.next(); state !== END; state = reader.next()) {
      if (state === STARVED) {
        assert.ok(++fills <= size / chunk + 1, 'reads no more than there is')
        await reader.fill()
      } else {
        assert.equal(state, RECORD)
        assert.ok(++records <= size / 16, 'no more records than there is room for')
        const { frameAt, capturedLength, nanoseconds, interfaceIndex, interfaces } = reader
        assert.ok(frameAt >= 64 && frameAt + capturedLength <= 64 + MAX_RECORD + chunk)
        assert.ok(nanoseconds >= 0 && nanoseconds < 1_000_000_000)
        assert.ok(interfaceIndex < interfaces.length)
      }
    }
  } finally {
    await reader.close()
  }
}

t.test('whatever a file holds, it is read or refused with a CaptureError', async (t) => {
  const path = join(folderFor(t), 'fuzz')
  const valid = CAPTURES.map(({ parts }) => Buffer.concat(parts))
  const mutation = fc.tuple(fc.nat(3000), fc.oneof(fc.constantFrom(0, 1, 4, 0x7f, 0x80, 0xff), fc.nat(255)))
  const mutated = fc
    .tuple(fc.constantFrom(...valid), fc.array(mutation, { minLength: 1, maxLength: 8, size: 'max' }))
    .map(([whole, changes]) => {
      const b = Buffer.from(whole)
      for (const [at, value] of changes) b[at % b.length] = value
      return b
    })
  const start = fc.constantFrom(little.pcap(), big.pcap(), little.section(), big.section(), Buffer.alloc(0))
  const noise = fc
    .tuple(start, fc.uint8Array({ maxLength: 500, size: 'max' }))
    .map((parts) => Buffer.concat(parts))
  const words = fc
    .tuple(
      start,
      fc.array(fc.constantFrom(0, 1, 2, 3, 4, 6, 12, 16, 32, 0xffffffff), { size: 'max', maxLength: 60 }),
    )
    .map(([head, values]) => Buffer.concat([head, ...values.map(little.u32)]))
  const bytes = fc.oneof(mutated, noise, words)
  const zipped = fc.boolean()
  const chunk = fc.constantFrom(1, 13, 64, 4096)
  let [read, refused] = [0, 0]
  await fc.assert(
    fc.asyncProperty(bytes, zipped, chunk, async (content, isZipped, chunkBytes) => {
      writeFileSync(path, isZipped ? gzipSync(content) : content)
      try {
        await survive(path, content.length, chunkBytes)
        read++
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error
        assert.ok(error.message.startsWith(`${path}: `))
        refused++
      }
    }),
    runs(1500),
  )
  t.ok(refused > 100 && read > 100, 'neither is everything refused nor everything read')
})

t.test('a record that lies about its length takes no memory', async (t) => {
  const folder = folderFor(t)
  const records: Seen[] = []
  const lie = little.record({ frame: frames[0], capturedLength: BIG_FRAME })
  const path = fileOf(folder, 'lie.pcap', little.pcap(), little.record({ frame: frames[0] }), lie)
  const { flaw } = await readCapture(path, 64, records)
  t.equal(records.length, 1)
  t.equal(flaw, `${path}: offset 100: cut in a record: 76 bytes of at least ${16 + BIG_FRAME}`)
})
