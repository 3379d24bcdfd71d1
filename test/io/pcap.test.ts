import t from 'tap'
import assert from 'node:assert/strict'
import { createReadStream, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import pcapParser from 'pcap-parser'
import type { Packet } from 'pcap-parser'
import { openCapture } from '../../src/io/capture-reader.js'
import { PcapWriter, WRITER_BYTES } from '../../src/io/pcap-writer.js'
import { folderFor, readPcap } from '../captures.js'
import { BROADCAST, frame } from '../packets.js'
import { needs, run } from '../tools.js'
import { errorOf, fileOf, maker, memory, readCapture, rowsOf, tsharkRows } from './files.js'
import type { Maker, Seen } from './files.js'

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const BIG_FRAME = 262_144
/** Where frames lie while a writer has the beginning of the memory. */
const BEHIND_BUFFER = 2 * WRITER_BYTES
const [little, big] = [maker(true), maker(false)]

const GOLDEN = ['boot', 'floating', 'node'].flatMap((run) => {
  const folder = join('pcaps/golden', run)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.pcap'))
    .map((name) => join(folder, name))
})

const hello = frame(BROADCAST, '02:00:00:00:00:01', 60)
const answer = frame('02:00:00:00:00:01', '02:00:00:00:00:02', 1514, 7)

/** Frames of every odd kind: cut, longer than they were, empty, the longest, at the ends of time. */
function oddRecords(make: Maker): Buffer[] {
  return [
    make.record({ seconds: 1_700_000_000, fraction: 999_999, frame: hello }),
    make.record({ seconds: 0, fraction: 0, frame: answer.subarray(0, 96), originalLength: 1514 }),
    make.record({ seconds: 4_294_967_295, fraction: 1, frame: hello, originalLength: 40 }),
    make.record({ seconds: 2_147_483_648 }),
    make.record({ seconds: 1, frame: new Uint8Array(BIG_FRAME).fill(3) }),
    make.record({ seconds: 1, frame: answer, originalLength: 0x7fffffff }),
  ]
}

t.test('every byte order and unit reads as in tshark, frames as editcap writes them', async (t) => {
  if (!needs(t, 'tshark', 'editcap')) return
  const folder = folderFor(t)
  for (const make of [little, big])
    for (const magic of [MICROSECONDS, NANOSECONDS]) {
      const path = fileOf(folder, 'odd.pcap', make.pcap(magic), ...oddRecords(make))
      const seen = await readCapture(path)
      t.same(rowsOf(seen), tsharkRows(path))
      const rewritten = join(folder, 'rewritten.pcap')
      run('editcap', '-F', 'nsecpcap', path, rewritten)
      t.same(
        seen.records.map((one) => one.frame),
        readPcap(rewritten).map((one) => one.frame),
      )
    }
})

t.test('the golden captures read as in tshark', async (t) => {
  if (!needs(t, 'tshark')) return
  t.ok(GOLDEN.length > 40)
  const merged = join(folderFor(t), 'all.pcap')
  run('mergecap', '-a', '-F', 'nsecpcap', '-w', merged, ...GOLDEN)
  const rows: string[] = []
  for (const path of GOLDEN) rows.push(...rowsOf(await readCapture(path)))
  t.same(rows, tsharkRows(merged))
})

t.test('microsecond files read as in pcap-parser', async (t) => {
  const folder = folderFor(t)
  for (const make of [little, big]) {
    const path = fileOf(folder, 'micro.pcap', make.pcap(MICROSECONDS), ...oddRecords(make))
    const packets: Packet[] = []
    const parser = pcapParser.parse(createReadStream(path))
    parser.on('packet', (packet: Packet) => packets.push(packet))
    await new Promise((resolve) => parser.on('end', resolve))
    const { records } = await readCapture(path)
    t.equal(packets.length, 6)
    t.same(
      records.map((one) => [one.seconds, one.nanoseconds, one.originalLength, one.frame]),
      packets.map(({ header, data }) => [
        header.timestampSeconds,
        header.timestampMicroseconds * 1000,
        header.originalLength,
        data,
      ]),
    )
  }
})

t.test('a second half of more than a second is carried over', async (t) => {
  const folder = folderFor(t)
  const cases = [
    [MICROSECONDS, 999_999, 0, 999_999_000],
    [MICROSECONDS, 1_000_000, 1, 0],
    [MICROSECONDS, 0xffffffff, 4294, 967_295_000],
    [NANOSECONDS, 999_999_999, 0, 999_999_999],
    [NANOSECONDS, 1_000_000_000, 1, 0],
    [NANOSECONDS, 0xffffffff, 4, 294_967_295],
  ]
  for (const [magic, fraction, seconds, nanoseconds] of cases)
    for (const make of [little, big]) {
      const path = fileOf(folder, 'carry.pcap', make.pcap(magic), make.record({ seconds: 100, fraction }))
      const [record] = (await readCapture(path)).records
      t.equal(record.seconds, 100 + seconds, `${fraction}`)
      t.equal(record.nanoseconds, nanoseconds, `${fraction}`)
    }
})

t.test('what a reader says of the file', async (t) => {
  const path = fileOf(folderFor(t), 'a.pcap', big.pcap(), big.record({ frame: hello }))
  const reader = await openCapture(path, memory)
  t.match(reader, { path, format: 'pcap', size: 24 + 16 + 60, truncation: null, outbound: false })
  t.same(reader.interfaces, [{ name: '', linkType: 1, snapLength: 262_144 }])
  await reader.close()
})

t.test('an FCS behind each frame does not make another link type', async (t) => {
  const folder = folderFor(t)
  // Four bytes of FCS: length 2 (16-bit words) in the upper 4 bits, and the bit that says that it is known.
  const path = fileOf(folder, 'fcs.pcap', little.pcap(NANOSECONDS, 2, 4, 0x24000001), little.record({}))
  t.equal((await readCapture(path)).records.length, 1)
  if (needs(t, 'tshark')) t.equal(tsharkRows(path).length, 1)
})

t.test('what is no pcap file of Ethernet frames is refused', async (t) => {
  const folder = folderFor(t)
  const at = (offset: number): string => `CaptureError: ${join(folder, 'bad.pcap')}: offset ${offset}: `
  const bad = (...parts: Uint8Array[]): Promise<string> => errorOf(fileOf(folder, 'bad.pcap', ...parts))
  const magics = 'expected pcap (a1b2c3d4 or a1b23c4d, in either byte order) or pcapng (0a0d0d0a)'

  t.equal(await bad(), `CaptureError: ${join(folder, 'bad.pcap')}: empty, expected a pcap or pcapng file`)
  t.equal(await bad(Buffer.of(0xa1)), `${at(0)}1 bytes, expected a pcap or pcapng file`)
  t.equal(await bad(Buffer.from('#!/bin/sh\n')), `${at(0)}magic 23212f62, ${magics}`)
  t.equal(await bad(big.pcap(0xa1b2cd34)), `${at(0)}magic a1b2cd34, ${magics}`, "Kuznetzov's patched tcpdump")
  for (const make of [little, big]) {
    for (let size = 4; size < 24; size++)
      t.equal(
        await bad(make.pcap().subarray(0, size)),
        `${at(size)}cut in the file header, which has 24 bytes`,
      )
    t.equal(await bad(make.pcap(NANOSECONDS, 9, 4)), `${at(4)}version 9.4, expected 2.4`)
    t.equal(await bad(make.pcap(NANOSECONDS, 2, 3)), `${at(4)}version 2.3, expected 2.4`)
    const linkType = (value: number): Promise<string> => bad(make.pcap(NANOSECONDS, 2, 4, value))
    t.equal(
      await linkType(113),
      `${at(20)}link type 113 (LINUX_SLL, "any" device), expected 1 (EN10MB, Ethernet)`,
    )
    t.equal(await linkType(9999), `${at(20)}link type 9999, expected 1 (EN10MB, Ethernet)`)
    t.equal(await linkType(0), `${at(20)}link type 0 (NULL, BSD loopback), expected 1 (EN10MB, Ethernet)`)
    for (const length of [BIG_FRAME + 1, 0x80000000, 0xffffffff])
      t.equal(
        await bad(make.pcap(), make.record({ frame: hello }), make.record({ capturedLength: length })),
        `${at(24 + 76 + 8)}captured length ${length}, expected at most 262144`,
      )
  }
})

t.test('what stands before a bad record is delivered', async (t) => {
  const good = little.record({ frame: hello })
  const bad = little.record({ capturedLength: 0xffffffff })
  const path = fileOf(folderFor(t), 'bad.pcap', little.pcap(), good, good, bad, good)
  const records: Seen[] = []
  await t.rejects(readCapture(path, 64, records), { name: 'CaptureError' })
  t.equal(records.length, 2)
})

/** Copies a capture by our reader and our writer. */
async function copy(from: string, to: string): Promise<void> {
  const reader = await readCapture(from)
  const writer = new PcapWriter(to, memory)
  for (const { frame, originalLength, seconds, nanoseconds } of reader.records) {
    memory.bytes.set(frame, BEHIND_BUFFER)
    writer.write(BEHIND_BUFFER, frame.length, originalLength, seconds, nanoseconds)
  }
  writer.close()
}

t.test('a little-endian nanosecond file is copied byte for byte', async (t) => {
  const folder = folderFor(t)
  const odd = fileOf(folder, 'odd.pcap', little.pcap(), ...oddRecords(little))
  for (const path of [...GOLDEN, odd]) {
    const copied = join(folder, 'copied.pcap')
    await copy(path, copied)
    const [was, is] = [readFileSync(path), readFileSync(copied)]
    // The golden captures differ in their snap length, which is the capturing program's.
    was.copy(is, 16, 16, 20)
    assert.ok(is.equals(was), path)
  }
  t.pass('the golden captures and one of odd frames')
})

t.test('what we write is what capinfos and tshark read', async (t) => {
  if (!needs(t, 'capinfos', 'tshark')) return
  const folder = folderFor(t)
  const source = fileOf(folder, 'big.pcap', big.pcap(MICROSECONDS), ...oddRecords(big))
  const copied = join(folder, 'copied.pcap')
  await copy(source, copied)
  t.same(tsharkRows(copied), tsharkRows(source))
  const [names, values] = run('capinfos', '-T', '-M', copied)
    .split('\n')
    .map((line) => line.split('\t'))
  const value = (name: string): string | undefined => values[names.indexOf(name)]
  t.equal(value('File type'), 'nsecpcap')
  t.equal(value('File encapsulation'), 'ether')
  t.equal(value('File time precision'), 'nanoseconds')
  t.equal(value('Packet size limit'), '262144')
  t.equal(value('Number of packets'), '6')
})

t.test('frames of every size pass the buffer of the writer whole', async (t) => {
  const folder = folderFor(t)
  const path = join(folder, 'sizes.pcap')
  const source = memory.bytes.subarray(BEHIND_BUFFER, BEHIND_BUFFER + BIG_FRAME)
  source.forEach((_, i) => (source[i] = i * 31))
  const size = fc.oneof(
    fc.nat(100),
    fc.integer({ min: WRITER_BYTES - 40, max: WRITER_BYTES + 40 }),
    fc.nat(BIG_FRAME),
  )
  fc.assert(
    fc.property(fc.array(size, { maxLength: 20, size: 'max' }), (sizes) => {
      const writer = new PcapWriter(path, memory)
      sizes.forEach((length, i) => writer.write(BEHIND_BUFFER, length, length, i, i))
      writer.close()
      const records = readPcap(path)
      assert.deepEqual(
        records.map(({ seconds, nanoseconds, frame }) => [seconds, nanoseconds, frame.length]),
        sizes.map((length, i) => [i, i, length]),
      )
      for (const one of records) assert.ok(one.frame.equals(source.subarray(0, one.frame.length)))
    }),
    { numRuns: 50 },
  )
  t.pass('sizes around the buffer, and far above it')
})
