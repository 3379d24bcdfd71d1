import t from 'tap'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import pcapParser from 'pcap-parser'
import type { Packet } from 'pcap-parser'
import { openCapture } from '../../src/io/capture-reader.js'
import { folderFor, readPcap } from '../captures.js'
import { needs, run } from '../tools.js'
import { comparing, errorOf, fileOf, memory, readCapture, rowsOf, tsharkRows } from './files.js'
import { BIG_FRAME, GOLDEN, MICROSECONDS, NANOSECONDS, big, hello, little, oddRecords } from './samples.js'

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
  t.match(reader, { path, format: 'pcap', size: 24 + 16 + hello.length, flaw: null, outbound: false })
  t.same(reader.interfaces, [{ name: '', linkType: 1, snapLength: 262_144 }])
  await reader.close()
})

t.test('an FCS behind each frame does not make another link type', async (t) => {
  const folder = folderFor(t)
  // Four bytes of FCS: length 2 (16-bit words) in the upper 4 bits, and the bit that says that it is known.
  const path = fileOf(folder, 'fcs.pcap', little.pcap(NANOSECONDS, 2, 4, 0x24000001), little.record({}))
  t.equal((await readCapture(path)).records.length, 1)
  await comparing(t, ['tshark'], (t) => t.equal(tsharkRows(path).length, 1))
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
        `${at(24 + 16 + hello.length + 8).replace('CaptureError', 'flaw')}captured length ${length}, expected at most 262144`,
      )
  }
})

t.test('what stands before a bad record is delivered', async (t) => {
  const good = little.record({ frame: hello })
  const bad = little.record({ capturedLength: 0xffffffff })
  const path = fileOf(folderFor(t), 'bad.pcap', little.pcap(), good, good, bad, good)
  const { records, flaw } = await readCapture(path, 64)
  t.equal(records.length, 2)
  t.match(flaw, /offset \d+: captured length 4294967295, expected at most 262144$/)
})
