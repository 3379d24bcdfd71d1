import t from 'tap'
import * as layout from 'buffer-layout'
import * as tcp from '../../src/wire/tcp.js'
import * as tcpOption from '../../src/wire/tcp-option.js'
import { BAD_HEADER_LENGTH, BAD_OPTION, OK, TRUNCATED } from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { flat, holdAgainstTwin } from './twin.js'

// 10.0.0.3 opens a connection to port 80 of 10.0.0.1: the IPv4 addresses, then the segment.
const ADDRESSES = hex('0a000003 0a000001')
const SYN = hex(
  'ce3e 0050 f124a9ee 00000000 a002 faf0 77ef 0000 020405b4 0402 080a 1b2a3c4d 00000000 01 03030a',
)
// A selective acknowledgment of two blocks, with data behind it.
const SACKED = hex(
  '0050 ce3e fffffff0 f124a9ef a0d8 01fd cc7e 0007 0101 0512 f124b000 f124b5b4 fffffff0 00000010 61626364',
)

t.test('a known segment is read', async (t) => {
  t.equal(tcp.check(SYN, 0, SYN.length), OK)
  t.equal(tcp.sourcePort(SYN, 0), 52798)
  t.equal(tcp.destinationPort(SYN, 0), 80)
  t.equal(tcp.sequenceNumber(SYN, 0), 0xf124a9ee)
  t.equal(tcp.acknowledgmentNumber(SYN, 0), 0)
  t.equal(tcp.dataOffset(SYN, 0), 40)
  t.equal(tcp.flags(SYN, 0), tcp.SYN)
  t.equal(tcp.window(SYN, 0), 64240)
  t.equal(tcp.urgentPointer(SYN, 0), 0)
  t.equal(tcp.payload(SYN, 0), SYN.length)

  t.equal(tcp.sequenceNumber(SACKED, 0), 0xfffffff0, 'unsigned')
  t.equal(tcp.acknowledgmentNumber(SACKED, 0), 0xf124a9ef, 'unsigned')
  t.equal(tcp.flags(SACKED, 0), tcp.CWR | tcp.ECE | tcp.ACK | tcp.PSH)
  t.equal(tcp.urgentPointer(SACKED, 0), 7)
  t.equal(SACKED.length - tcp.payload(SACKED, 0), 4)
})

t.test('the flags by name', async (t) => {
  const { FIN, SYN, RST, PSH, ACK, URG, ECE, CWR } = tcp
  const bits = [FIN, SYN, RST, PSH, ACK, URG, ECE, CWR]
  t.same(
    bits,
    tcp.FLAG_NAMES.map((_, i) => 1 << i),
  )
  t.same(tcp.FLAG_NAMES, Object.keys({ FIN, SYN, RST, PSH, ACK, URG, ECE, CWR }))
})

t.test('the same segment is written onto 0xa5', async (t) => {
  const b = new Uint8Array(8 + 40 + 2).fill(0xa5)
  b.set(ADDRESSES)
  b.set(SYN.slice(20), 28)
  tcp.setSourcePort(b, 8, 52798)
  tcp.setDestinationPort(b, 8, 80)
  tcp.setSequenceNumber(b, 8, 0xf124a9ee)
  tcp.setAcknowledgmentNumber(b, 8, 0)
  tcp.setDataOffset(b, 8, 40)
  tcp.setFlags(b, 8, tcp.SYN)
  tcp.setWindow(b, 8, 64240)
  tcp.setUrgentPointer(b, 8, 0)
  tcp.fillChecksum(b, 8, 48, 0)
  t.same(b, Uint8Array.from([...ADDRESSES, ...SYN, 0xa5, 0xa5]))
})

t.test('a flipped bit is seen by the checksum, in the addresses too', async (t) => {
  const b = Uint8Array.from([...ADDRESSES, ...SYN])
  t.ok(tcp.checksumIsRight(b, 8, b.length, 0))
  for (let bit = 0; bit < b.length * 8; bit++) {
    b[bit >> 3] ^= 1 << (bit & 7)
    if (tcp.checksumIsRight(b, 8, b.length, 0)) t.fail(`bit ${bit}`)
    b[bit >> 3] ^= 1 << (bit & 7)
  }
  t.notOk(tcp.checksumIsRight(b, 8, b.length - 1, 0), 'and a missing byte')
  const sacked = Uint8Array.from([...ADDRESSES, ...SACKED])
  t.ok(tcp.checksumIsRight(sacked, 8, sacked.length, 0), 'data is covered too')
})

t.test('every way of being short or lying', async (t) => {
  for (let size = 0; size < 40; size++) t.equal(tcp.check(SYN, 0, size), TRUNCATED, `${size} bytes`)
  for (let words = 0; words < 16; words++) {
    const b = Uint8Array.from(SYN)
    tcp.setDataOffset(b, 0, 4 * words)
    const reason = words < 5 ? BAD_HEADER_LENGTH : words > 10 ? TRUNCATED : OK
    t.equal(tcp.check(b, 0, b.length), reason, `data offset ${4 * words}`)
  }
})

t.test('options are walked', async (t) => {
  t.equal(tcpOption.check(SYN, 0), OK)
  const walked: [string | undefined, number][] = []
  for (let o = tcpOption.first(SYN, 0); o !== -1; o = tcpOption.next(SYN, 0, o))
    walked.push([tcpOption.OPTION_NAMES.get(tcpOption.kind(SYN, o)), tcpOption.length(SYN, o)])
  t.same(walked, [
    ['MSS', 4],
    ['SACKOK', 2],
    ['TS', 10],
    ['NOP', 1],
    ['WS', 3],
  ])
  t.equal(tcpOption.segmentSize(SYN, tcpOption.find(SYN, 0, tcpOption.MSS)), 1460)
  t.equal(tcpOption.shift(SYN, tcpOption.find(SYN, 0, tcpOption.WS)), 10)
  t.equal(tcpOption.find(SYN, 0, tcpOption.SACKOK), 24)
  const timestamps = tcpOption.find(SYN, 0, tcpOption.TS)
  t.equal(tcpOption.timestampValue(SYN, timestamps), 0x1b2a3c4d)
  t.equal(tcpOption.timestampEchoReply(SYN, timestamps), 0)
  t.equal(tcpOption.find(SYN, 0, tcpOption.SACK), -1)
})

t.test('SACK blocks are read', async (t) => {
  t.equal(tcpOption.check(SACKED, 0), OK)
  const sack = tcpOption.find(SACKED, 0, tcpOption.SACK)
  t.equal(tcpOption.blockCount(SACKED, sack), 2)
  const edges = [0, 1].map((n) => [tcpOption.leftEdge(SACKED, sack, n), tcpOption.rightEdge(SACKED, sack, n)])
  t.same(edges, [
    [0xf124b000, 0xf124b5b4],
    [0xfffffff0, 0x10],
  ])
})

t.test('the segment size is replaced in place', async (t) => {
  const b = Uint8Array.from(SYN)
  tcpOption.setSegmentSize(b, tcpOption.find(b, 0, tcpOption.MSS), 1400)
  t.same(b.slice(18, 26), hex('0000 0204 0578 0402'))
})

t.test('the edges of a SACK block are replaced in place', async (t) => {
  const b = Uint8Array.from(SACKED)
  const sack = tcpOption.find(b, 0, tcpOption.SACK)
  tcpOption.setLeftEdge(b, sack, 1, 0xffff_fff2)
  tcpOption.setRightEdge(b, sack, 1, 0x1_0000_0012)
  t.equal(tcpOption.leftEdge(b, sack, 1), 0xffff_fff2)
  t.equal(tcpOption.rightEdge(b, sack, 1), 0x12, 'modulo 2^32')
  t.same(b.slice(0, sack + 10), SACKED.slice(0, sack + 10))
  t.same(b.slice(sack + 18), SACKED.slice(sack + 18))
})

t.test('options that do not add up', async (t) => {
  // eight bytes of options; how many the walk meets; whether they are refused
  const lists: [string, number, number][] = [
    ['00 02 04 05 b4 01 01 01', 0, OK],
    ['01 01 01 01 01 01 01 01', 8, OK],
    ['02 04 05 b4 01 03 03 0a', 3, OK],
    ['fe 06 00 00 00 00 01 01', 3, OK],
    ['01 01 01 01 01 01 01 02', 7, BAD_OPTION],
    ['02 00 05 b4 01 01 01 01', 0, BAD_OPTION],
    ['02 01 05 b4 01 01 01 01', 0, BAD_OPTION],
    ['01 01 01 01 01 02 04 05', 5, BAD_OPTION],
    ['08 0a 00 00 00 00 00 00', 0, BAD_OPTION],
    ['02 03 05 01 01 01 01 01', 6, BAD_OPTION],
    ['03 04 0a 00 01 01 01 01', 5, BAD_OPTION],
    ['04 03 00 01 01 01 01 01', 6, BAD_OPTION],
    ['05 02 01 01 01 01 01 01', 7, BAD_OPTION],
    ['05 06 00 00 00 00 01 01', 3, BAD_OPTION],
    ['08 08 00 00 00 00 00 00', 1, BAD_OPTION],
  ]
  for (const [text, count, reason] of lists) {
    const b = Uint8Array.from([...SYN.slice(0, 20), ...hex(text), ...hex('02 04 05 b4')])
    tcp.setDataOffset(b, 0, 28)
    let walked = 0
    for (let o = tcpOption.first(b, 0); o !== -1; o = tcpOption.next(b, 0, o)) walked++
    t.equal(tcpOption.check(b, 0), reason, text)
    t.equal(walked, count, `${text}: what is whole is walked`)
    if (reason !== OK)
      t.equal(tcpOption.find(b, 0, b[20]), text.startsWith('01') ? 20 : -1, `${text}: nor is it found`)
    t.equal(tcp.check(b, 0, b.length), OK, 'and the segment stands')
  }
})

t.test('its buffer-layout twin', async (t) => {
  const offset = layout.bits(layout.u16be(), true, 'offset')
  offset.addField(4, 'dataOffset')
  offset.addField(4, 'reserved')
  offset.addField(8, 'flags')
  const twin = layout.struct<Record<string, number>>([
    layout.u16be('sourcePort'),
    layout.u16be('destinationPort'),
    layout.u32be('sequenceNumber'),
    layout.u32be('acknowledgmentNumber'),
    offset,
    layout.u16be('window'),
    layout.u16be('checksum'),
    layout.u16be('urgentPointer'),
  ])
  holdAgainstTwin(t, flat(twin), {
    sourcePort: { get: tcp.sourcePort, set: tcp.setSourcePort },
    destinationPort: { get: tcp.destinationPort, set: tcp.setDestinationPort },
    sequenceNumber: { get: tcp.sequenceNumber, set: tcp.setSequenceNumber },
    acknowledgmentNumber: { get: tcp.acknowledgmentNumber, set: tcp.setAcknowledgmentNumber },
    dataOffset: {
      get: (b, at) => tcp.dataOffset(b, at) / 4,
      set: (b, at, words: number) => tcp.setDataOffset(b, at, 4 * words),
    },
    // The reserved bits have no reader and no writer of their own: `setDataOffset` clears them.
    reserved: {
      get: (b, at) => b[at + 12] & 0x0f,
      set: (b, at, bits: number) => void (b[at + 12] |= bits),
    },
    flags: { get: tcp.flags, set: tcp.setFlags },
    window: { get: tcp.window, set: tcp.setWindow },
    checksum: { get: tcp.checksum, set: tcp.setChecksum },
    urgentPointer: { get: tcp.urgentPointer, set: tcp.setUrgentPointer },
  })
})
