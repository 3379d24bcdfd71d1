import t from 'tap'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { PcapWriter, WRITER_BYTES } from '../../src/io/pcap-writer.js'
import { createBlockCutter, interfaceName, lostFrames, packetOf } from '../../src/io/pcapng-blocks.js'
import { PcapngWriter } from '../../src/io/pcapng-writer.js'
import { Memory } from '../../src/packet/memory.js'
import { folderFor } from '../captures.js'
import { runs } from '../soak.js'
import { needs, run } from '../tools.js'
import { comparing, fileOf, memory, packetRows, readCapture, tsharkFields, tsharkRows } from './files.js'
import { BIG_FRAME, GOLDEN, MICROSECONDS, NOW, big, hello, little } from './samples.js'
import { mixed, oddRecords, outboundFlag } from './samples.js'

/** Where frames lie: right behind the writer's buffer, so that one byte too many in there spoils them. */
const BEHIND_BUFFER = 64 + WRITER_BYTES

/** What capinfos says of the file, by the heading of its column. */
function capinfos(path: string): (heading: string) => string | undefined {
  const [headings, values] = run('capinfos', '-T', '-M', path)
    .split('\n')
    .map((line) => line.split('\t'))
  return (heading) => values[headings.indexOf(heading)]
}

/** Copies a capture by our reader and our writer. */
async function copyPcap(from: string, to: string): Promise<void> {
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
    await copyPcap(path, copied)
    const [was, is] = [readFileSync(path), readFileSync(copied)]
    // The golden captures differ in their snap length, which is the capturing program's.
    was.copy(is, 16, 16, 20)
    assert.ok(is.equals(was), path)
  }
  t.pass('the golden captures and one of odd frames')
})

t.test('the pcap file we write is what capinfos and tshark read', async (t) => {
  if (!needs(t, 'capinfos', 'tshark')) return
  const folder = folderFor(t)
  const source = fileOf(folder, 'big.pcap', big.pcap(MICROSECONDS), ...oddRecords(big))
  const copied = join(folder, 'copied.pcap')
  await copyPcap(source, copied)
  t.same(tsharkRows(copied), tsharkRows(source))
  const value = capinfos(copied)
  t.equal(value('File type'), 'nsecpcap')
  t.equal(value('File encapsulation'), 'ether')
  t.equal(value('File time precision'), 'nanoseconds')
  t.equal(value('Packet size limit'), '262144')
  t.equal(value('Number of packets'), '6')
})

/** Writes frames of these sizes, the beginnings of what lies behind the buffer, each at its number's time. */
function writePcap(path: string, sizes: number[]): void {
  const writer = new PcapWriter(path, memory)
  sizes.forEach((size, i) => writer.write(BEHIND_BUFFER, size, size, i, i))
  writer.close()
}

function writePcapng(path: string, sizes: number[]): void {
  const writer = new PcapngWriter(path, memory, ['eth0'])
  sizes.forEach((size, i) => writer.write(0, BEHIND_BUFFER, size, size, i, i, { outbound: i % 2 === 1 }))
  writer.close()
}

t.test('frames of every size pass the buffer of the writers whole', async (t) => {
  const path = join(folderFor(t), 'sizes')
  const frame = Buffer.from(new Uint8Array(BIG_FRAME).map((_, i) => 0x5a + i + (i >> 8) * 3 + (i >> 16) * 5))
  const size = fc.oneof(
    fc.nat(100),
    fc.integer({ min: WRITER_BYTES - 40, max: WRITER_BYTES + 40 }),
    fc.nat(BIG_FRAME),
  )
  const sizes = fc.array(size, { maxLength: 20, size: 'max' })
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), async (sizes, isPcap) => {
      memory.bytes.set(frame, BEHIND_BUFFER)
      if (isPcap) writePcap(path, sizes)
      else writePcapng(path, sizes)
      const { records } = await readCapture(path)
      assert.deepEqual(
        records.map(({ seconds, nanoseconds, frame }) => [seconds, nanoseconds, frame.length]),
        sizes.map((length, i) => [i, i, length]),
      )
      for (const one of records) assert.ok(one.frame.equals(frame.subarray(0, one.frame.length)))
    }),
    runs(100),
  )
  t.pass('sizes around the buffer, and far above it')
})

/** Copies a capture by our reader and our writer, each packet with a comment that counts. */
async function copyPcapng(from: string, to: string): Promise<void> {
  const { records, interfaces } = await readCapture(from)
  const writer = new PcapngWriter(
    to,
    memory,
    interfaces.map(({ name }) => name),
  )
  for (const [i, one] of records.entries()) {
    memory.bytes.set(one.frame, BEHIND_BUFFER)
    const { originalLength, seconds, nanoseconds, outbound, frame } = one
    const comment = i % 2 ? { comment: `grüße ${i}` } : {}
    const notes = { outbound, ...comment }
    writer.write(one.interfaceIndex, BEHIND_BUFFER, frame.length, originalLength, seconds, nanoseconds, notes)
  }
  writer.close()
}

t.test('the pcapng file we write is what tshark and capinfos read, and what was read', async (t) => {
  const folder = folderFor(t)
  const source = fileOf(
    folder,
    'source.pcapng',
    mixed(big),
    big.enhanced({ interface: 1, time: NOW, frame: hello, options: [outboundFlag(big)] }),
    ...[0, 1, 2, 3, 1000].map((missing) =>
      big.enhanced({ frame: new Uint8Array(BIG_FRAME - missing).fill(9) }),
    ),
  )
  const copied = join(folder, 'copied.pcapng')
  await copyPcapng(source, copied)
  const [was, is] = [await readCapture(source), await readCapture(copied)]
  t.same(is.records, was.records)
  t.same(
    is.interfaces.map(({ name, snapLength }) => [name, snapLength]),
    [
      ['eth0', BIG_FRAME],
      ['vnet1', BIG_FRAME],
    ],
  )
  await comparing(t, ['tshark', 'capinfos'], (t) => {
    t.same(tsharkRows(copied), packetRows(source))
    t.same(
      tsharkFields(copied, 'comment', 'packet_flags'),
      was.records.map(({ outbound }, i) => `${i % 2 ? `grüße ${i}` : ''}\t${outbound ? '0x00000002' : ''}`),
    )
    const value = capinfos(copied)
    t.equal(value('File type'), 'pcapng')
    t.equal(value('File encapsulation'), 'ether')
    t.equal(value('Capture application'), 'br100')
    t.equal(value('Number of packets'), '20')
  })
})

t.test('comments longer than an option are cut, not the file', async (t) => {
  const path = join(folderFor(t), 'long.pcapng')
  const writer = new PcapngWriter(path, memory, [''])
  const comment = 'x'.repeat(100_000)
  memory.bytes.set(hello, BEHIND_BUFFER)
  writer.write(0, BEHIND_BUFFER, hello.length, hello.length, 1, 2, { comment, outbound: true })
  writer.write(0, BEHIND_BUFFER, hello.length, hello.length, 3, 4, { comment: '' })
  writer.close()
  t.match((await readCapture(path)).records, [
    { seconds: 1, nanoseconds: 2, outbound: true, frame: Buffer.from(hello) },
    { seconds: 3, nanoseconds: 4, outbound: false, frame: Buffer.from(hello) },
  ])
  await comparing(t, ['tshark'], (t) => t.same(tsharkFields(path, 'comment'), ['x'.repeat(0xfffc), '']))
})

t.test('a capture that comes in pieces of any size is cut into its blocks', async (t) => {
  const pieces: Buffer[] = []
  const destination = {
    write: (b: Uint8Array, from: number, length: number) =>
      void pieces.push(Buffer.from(b.slice(from, from + length))),
    close: () => {},
  }
  const writer = new PcapngWriter('pieces', new Memory(WRITER_BYTES), ['a'], destination)
  writer.writeFrame(0, hello, 1, 2, { inbound: true, comment: 'why' })
  writer.writeFrame(writer.addInterface('bb'), hello.subarray(1), 5_000_000_000, 999_999_999, {
    outbound: true,
  })
  writer.writeStatistics(0, 7, 8, 1, 2 ** 40)
  writer.close()
  const whole = Buffer.concat(pieces)
  const lengths = fc.array(fc.nat(60), { minLength: 1 }).filter((all) => all.some((one) => one > 0))
  fc.assert(
    fc.property(lengths, (all) => {
      const blocks: Buffer[] = []
      const cut = createBlockCutter((block) => void blocks.push(Buffer.from(block)))
      for (let at = 0, i = 0; at < whole.length; at += all[i++ % all.length])
        cut(whole.subarray(at, at + all[i % all.length]))
      assert.deepEqual(blocks.map(interfaceName), [null, 'a', null, 'bb', null, null])
      assert.deepEqual(blocks.map(lostFrames), [null, null, null, null, null, 2 ** 40])
      const [one, two] = blocks.map(packetOf).filter((packet) => packet !== null)
      const { at, length } = one
      assert.deepEqual(one, {
        interface: 0,
        seconds: 1,
        nanoseconds: 2,
        at,
        length,
        outbound: false,
        comment: 'why',
      })
      assert.deepEqual(blocks[2].subarray(at, at + length), Buffer.from(hello))
      assert.equal(two.outbound, true)
      assert.equal(two.seconds, 5_000_000_000)
    }),
    runs(100),
  )
  t.throws(() => createBlockCutter(() => {})(new Uint8Array(8)), {
    name: 'CaptureError',
    message: /a block of 0 bytes/,
  })
  const path = fileOf(folderFor(t), 'pieces.pcapng', whole)
  await comparing(t, ['tshark', 'capinfos'], (t) => {
    t.same(tsharkFields(path, 'comment', 'packet_flags'), ['why\t0x00000001', '\t0x00000002'])
    t.match(run('capinfos', path), /Number of stat entries = 1/)
  })
})
