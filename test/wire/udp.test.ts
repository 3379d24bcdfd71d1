import t from 'tap'
import * as layout from 'buffer-layout'
import * as udp from '../../src/wire/udp.js'
import { BAD_LENGTH, OK, TRUNCATED } from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { holdAgainstTwin } from './twin.js'

// A DNS question of 10.0.0.3 to 10.0.0.1: the IPv4 addresses, then the datagram.
const ADDRESSES = hex('0a000003 0a000001')
const DATAGRAM = hex('a1b2 0035 000c ac4d deadbeef')

t.test('a known datagram is read', async (t) => {
  t.equal(udp.check(DATAGRAM, 0, DATAGRAM.length), OK)
  t.equal(udp.sourcePort(DATAGRAM, 0), 41394)
  t.equal(udp.destinationPort(DATAGRAM, 0), 53)
  t.equal(udp.length(DATAGRAM, 0), 12)
  t.equal(udp.payloadLength(DATAGRAM, 0), 4)
})

t.test('the same datagram is written onto 0xa5', async (t) => {
  const b = new Uint8Array(8 + 12).fill(0xa5)
  b.set(ADDRESSES)
  b.set(hex('deadbeef'), 16)
  udp.setSourcePort(b, 8, 41394)
  udp.setDestinationPort(b, 8, 53)
  udp.setLength(b, 8, 12)
  udp.fillChecksum(b, 8, 0)
  t.same(b.slice(8), DATAGRAM)
  t.ok(udp.checksumIsRight(b, 8, 0))
})

t.test('a flipped bit is seen by the checksum, a missing checksum is not judged', async (t) => {
  const b = Uint8Array.from([...ADDRESSES, ...DATAGRAM])
  t.ok(udp.checksumIsRight(b, 8, 0))
  b[17] ^= 0x40
  t.notOk(udp.checksumIsRight(b, 8, 0))
  udp.setChecksum(b, 8, 0)
  t.ok(udp.checksumIsRight(b, 8, 0))
})

t.test('a sum of zero is sent as 0xffff', async (t) => {
  const b = new Uint8Array(16)
  udp.setLength(b, 8, 8)
  udp.setSourcePort(b, 8, 0xffff - 17 - 8 - 8)
  udp.fillChecksum(b, 8, 0)
  t.equal(udp.checksum(b, 8), 0xffff)
})

t.test('the checksum follows a change of port or address', async (t) => {
  const b = Uint8Array.from([...ADDRESSES, ...DATAGRAM])
  udp.updateChecksum(b, 8, udp.sourcePort(b, 8), 1024)
  udp.setSourcePort(b, 8, 1024)
  t.ok(udp.checksumIsRight(b, 8, 0))
  udp.updateChecksum32(b, 8, 0x0a000003, 0xc0a838d2)
  b.set(hex('c0a838d2'))
  t.ok(udp.checksumIsRight(b, 8, 0))

  // One port further on, the sum becomes what would be sent as 0: no checksum at all.
  const port = (udp.sourcePort(b, 8) + udp.checksum(b, 8)) % 0xffff
  udp.updateChecksum(b, 8, udp.sourcePort(b, 8), port)
  udp.setSourcePort(b, 8, port)
  t.equal(udp.checksum(b, 8), 0xffff)
  t.ok(udp.checksumIsRight(b, 8, 0))

  udp.setChecksum(b, 8, 0)
  udp.updateChecksum(b, 8, port, 1)
  udp.updateChecksum32(b, 8, 0xc0a838d2, 1)
  t.equal(udp.checksum(b, 8), 0, 'none stays none')
})

t.test('every way of being short or lying', async (t) => {
  for (let size = 0; size < DATAGRAM.length; size++)
    t.equal(udp.check(DATAGRAM, 0, size), TRUNCATED, `${size} bytes`)
  for (let length = 0; length < 8; length++) {
    const b = Uint8Array.from(DATAGRAM)
    udp.setLength(b, 0, length)
    t.equal(udp.check(b, 0, b.length), BAD_LENGTH, `length ${length}`)
  }
  const long = Uint8Array.from(DATAGRAM)
  udp.setLength(long, 0, 13)
  t.equal(udp.check(long, 0, long.length), TRUNCATED, 'length beyond the end')
})

t.test('its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number>>([
    layout.u16be('sourcePort'),
    layout.u16be('destinationPort'),
    layout.u16be('length'),
    layout.u16be('checksum'),
  ])
  holdAgainstTwin(t, twin, {
    sourcePort: { get: udp.sourcePort, set: udp.setSourcePort },
    destinationPort: { get: udp.destinationPort, set: udp.setDestinationPort },
    length: { get: udp.length, set: udp.setLength },
    checksum: { get: udp.checksum, set: udp.setChecksum },
  })
})
