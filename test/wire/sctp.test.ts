import t from 'tap'
import * as layout from 'buffer-layout'
import * as crc32c from '../../src/wire/crc32c.js'
import * as sctp from '../../src/wire/sctp.js'
import { BAD_LENGTH, OK, TRUNCATED } from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { holdAgainstTwin } from './twin.js'

// From port 1000 to 80: SACK, then DATA of one byte with its padding.
const CHUNKS = hex('03000010 00000001 00010000 00000000  00030011 00000001 00000000 00000000 61000000')
const PACKET = Uint8Array.from([...hex('03e8 0050 0a0b0c0d 00000000'), ...CHUNKS])
sctp.fillChecksum(PACKET, 0, PACKET.length)
const SACK_AT = 12
const DATA_AT = 28

t.test('CRC32c: what RFC 3720 §B.4 and everybody else has', async (t) => {
  const up = Uint8Array.from({ length: 32 }, (_, i) => i)
  const cases: [name: string, bytes: Uint8Array, crc: number][] = [
    ['zeroes', new Uint8Array(32), 0x8a9136aa],
    ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['upwards', up, 0x46dd794e],
    ['downwards', up.toReversed(), 0x113fdb5c],
    ['digits', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ]
  for (const [name, bytes, crc] of cases) {
    t.equal(crc32c.compute(bytes, 0, bytes.length), crc, name)
    const between = Uint8Array.from([1, 2, 3, ...bytes, 4])
    const first = crc32c.add(crc32c.START, between, 3, bytes.length >> 1)
    const rest = crc32c.add(first, between, 3 + (bytes.length >> 1), bytes.length - (bytes.length >> 1))
    t.equal(crc32c.finish(rest), crc, `${name}, in two parts`)
  }
})

t.test('a known packet is read, chunk by chunk', async (t) => {
  t.equal(sctp.check(PACKET, 0, PACKET.length), OK)
  t.equal(sctp.sourcePort(PACKET, 0), 1000)
  t.equal(sctp.destinationPort(PACKET, 0), 80)
  t.equal(sctp.verificationTag(PACKET, 0), 0x0a0b0c0d)
  const first = sctp.firstChunk(0)
  t.equal(first, SACK_AT)
  t.equal(sctp.chunkType(PACKET, first), sctp.SACK)
  t.equal(sctp.chunkLength(PACKET, first), 16)
  const second = sctp.nextChunk(PACKET, first)
  t.equal(second, DATA_AT)
  t.equal(sctp.chunkType(PACKET, second), sctp.DATA)
  t.equal(sctp.chunkFlags(PACKET, second), 3)
  t.equal(sctp.chunkLength(PACKET, second), 17)
  t.equal(sctp.nextChunk(PACKET, second), PACKET.length, 'padding belongs to nobody')
  t.notOk(sctp.hasChunk(PACKET.length, PACKET.length))
})

t.test('INIT: the tag that its sender wants', async (t) => {
  const init = hex('01000014 ffeeddcc 00010000 000a000a 00000001')
  t.equal(sctp.initiateTag(init, 0), 0xffeeddcc)
  t.ok(sctp.hasInitiation(0, 20))
  t.notOk(sctp.hasInitiation(0, 19))
})

t.test('the same header is written onto 0xa5; its checksum stands lowest byte first', async (t) => {
  const b = new Uint8Array(3 + PACKET.length).fill(0xa5)
  b.set(CHUNKS, 3 + sctp.HEADER_LENGTH)
  sctp.setSourcePort(b, 3, 1000)
  sctp.setDestinationPort(b, 3, 80)
  sctp.setVerificationTag(b, 3, 0x0a0b0c0d)
  sctp.fillChecksum(b, 3, b.length)
  t.same(b.slice(3), PACKET)
  const zeroed = PACKET.slice()
  zeroed.fill(0, 8, 12)
  const crc = crc32c.compute(zeroed, 0, zeroed.length)
  t.equal(Buffer.from(PACKET).readUInt32LE(8), crc)
  t.equal(sctp.checksum(PACKET, 0), crc)
  t.ok(sctp.checksumIsRight(PACKET, 0, PACKET.length))
  for (let at = 0; at < PACKET.length; at++) {
    const flipped = PACKET.slice()
    flipped[at] ^= 0x40
    if (sctp.checksumIsRight(flipped, 0, flipped.length)) t.fail(`byte ${at}`)
  }
})

t.test('every way of being short or lying', async (t) => {
  for (let size = 0; size < sctp.HEADER_LENGTH; size++)
    t.equal(sctp.check(PACKET, 0, size), TRUNCATED, `${size} bytes`)
  t.equal(sctp.check(PACKET, 0, sctp.HEADER_LENGTH), OK, 'without a chunk')
  for (let end = DATA_AT; end < DATA_AT + 17; end++)
    t.equal(sctp.checkChunk(PACKET, DATA_AT, end), TRUNCATED, `a chunk of ${end - DATA_AT} bytes`)
  t.equal(sctp.checkChunk(PACKET, DATA_AT, DATA_AT + 17), OK, 'without its padding')
  for (let length = 0; length < 4; length++) {
    const b = PACKET.slice()
    b[DATA_AT + 3] = length
    t.equal(sctp.checkChunk(b, DATA_AT, b.length), BAD_LENGTH, `length ${length}`)
    t.equal(sctp.nextChunk(b, DATA_AT), DATA_AT + 4, 'a walk goes on all the same')
  }
})

t.test('its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number>>([
    layout.u16be('sourcePort'),
    layout.u16be('destinationPort'),
    layout.u32be('verificationTag'),
    layout.u32('checksum'),
  ])
  holdAgainstTwin(t, twin, {
    sourcePort: { get: sctp.sourcePort, set: sctp.setSourcePort },
    destinationPort: { get: sctp.destinationPort, set: sctp.setDestinationPort },
    verificationTag: { get: sctp.verificationTag, set: sctp.setVerificationTag },
    checksum: { get: sctp.checksum, set: sctp.setChecksum },
  })
  const chunk = layout.struct<Record<string, number>>([
    layout.u8('type'),
    layout.u8('flags'),
    layout.u16be('length'),
    layout.u32be('initiateTag'),
  ])
  holdAgainstTwin(t, chunk, {
    type: { get: sctp.chunkType },
    flags: { get: sctp.chunkFlags },
    length: { get: sctp.chunkLength },
    initiateTag: { get: sctp.initiateTag },
  })
})
