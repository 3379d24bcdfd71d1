import assert from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import * as layout from 'buffer-layout'
import * as ipv6 from '../../src/wire/ipv6.js'
import { PROTOCOL_NAMES } from '../../src/wire/protocol.js'
import { BAD_VERSION, OK, TRUNCATED } from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { flat, holdAgainstTwin } from './twin.js'
import { runs } from '../soak.js'

// A neighbour solicitation's header, as a guest sends it when it comes up; then four of its bytes.
const DATAGRAM = hex(
  '6e012345 0004 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff2ce8ec 8700abcd',
)

t.test('a known header is read', async (t) => {
  t.equal(ipv6.check(DATAGRAM, 0, DATAGRAM.length), OK)
  t.equal(ipv6.version(DATAGRAM, 0), 6)
  t.equal(ipv6.trafficClass(DATAGRAM, 0), 0xe0)
  t.equal(ipv6.flowLabel(DATAGRAM, 0), 0x12345)
  t.equal(ipv6.payloadLength(DATAGRAM, 0), 4)
  t.equal(PROTOCOL_NAMES.get(ipv6.nextHeader(DATAGRAM, 0)), 'ipv6-icmp')
  t.equal(ipv6.hopLimit(DATAGRAM, 0), 255)
  t.equal(ipv6.formatAddress(DATAGRAM, ipv6.source(0)), '::')
  t.equal(ipv6.formatAddress(DATAGRAM, ipv6.destination(0)), 'ff02::1:ff2c:e8ec')
  t.equal(DATAGRAM[ipv6.payload(0)], 0x87)
})

t.test('every way of being short or lying', async (t) => {
  for (let size = 0; size < 44; size++) t.equal(ipv6.check(DATAGRAM, 0, size), TRUNCATED, `${size} bytes`)
  for (let version = 0; version < 16; version++) {
    const b = Uint8Array.from(DATAGRAM)
    b[0] = version << 4
    t.equal(ipv6.check(b, 0, b.length), version === 6 ? OK : BAD_VERSION, `version ${version}`)
  }
})

t.test('its buffer-layout twin', async (t) => {
  const first = layout.bits(layout.u32be(), true, 'first')
  first.addField(4, 'version')
  first.addField(8, 'trafficClass')
  first.addField(20, 'flowLabel')
  const twin = layout.struct<Record<string, number>>([
    first,
    layout.u16be('payloadLength'),
    layout.u8('nextHeader'),
    layout.u8('hopLimit'),
  ])
  holdAgainstTwin(t, flat(twin), {
    version: { get: ipv6.version },
    trafficClass: { get: ipv6.trafficClass },
    flowLabel: { get: ipv6.flowLabel },
    payloadLength: { get: ipv6.payloadLength },
    nextHeader: { get: ipv6.nextHeader },
    hopLimit: { get: ipv6.hopLimit },
  })
})

t.test('the text of an address: the rules of RFC 5952', async (t) => {
  const texts: [string, string][] = [
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'], // §4.2.2: not for one group
    ['20010000000000010000000000000001', '2001:0:0:1::1'], // §4.2.3: the longest run
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'], // §4.2.3: the first of equals
    ['fe80000000000000f8163efffe2ce8ec', 'fe80::f816:3eff:fe2c:e8ec'],
    ['20010db8aaaabbbbcccc000000000000', '2001:db8:aaaa:bbbb:cccc::'],
    ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'], // §5
    ['20010000000000000000ffffc0000201', '2001::ffff:c000:201'], // not mapped
    ['00000000000000000000000000000001', '::1'],
  ]
  for (const [bytes, text] of texts) t.equal(ipv6.formatAddress(hex(bytes), 0), text)
})

t.test('the text of an address: as URL writes it', async (t) => {
  const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 0xffff }))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      fc.pre(groups.slice(0, 5).some((g) => g !== 0) || groups[5] !== 0xffff) // URL has no dotted quads
      const b = Uint8Array.from([0xa5, ...groups.flatMap((g) => [g >> 8, g & 0xff])])
      const long = groups.map((g) => g.toString(16)).join(':')
      assert.equal(`[${ipv6.formatAddress(b, 1)}]`, new URL(`http://[${long}]/`).hostname)
    }),
    runs(500),
  )
  t.pass('for any groups, many of them zero')
})
