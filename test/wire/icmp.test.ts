import t from 'tap'
import * as layout from 'buffer-layout'
import * as icmp from '../../src/wire/icmp.js'
import { TYPE_NAMES, codeName } from '../../src/wire/icmp-names.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import { formatIpv4 } from '../../src/wire/address.js'
import { OK, TRUNCATED } from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { holdAgainstTwin } from './twin.js'

const PING = hex('0800 c311 364d 0003 deadbeef 61')
// 10.0.0.1 has nothing on port 53: the DNS question of 10.0.0.3 comes back, its first eight bytes.
const QUESTION = hex('4500 0039 1234 4000 4011 147d 0a000003 0a000001 a1b2 0035 0025 beef')
const UNREACHABLE = Uint8Array.from([...hex('0303 9c00 00000000'), ...QUESTION])

t.test('a known echo request is read', async (t) => {
  t.equal(icmp.check(PING, 0, PING.length), OK)
  t.equal(icmp.type(PING, 0), icmp.ECHO_REQUEST)
  t.equal(icmp.code(PING, 0), 0)
  t.equal(icmp.identifier(PING, 0), 0x364d)
  t.equal(icmp.sequence(PING, 0), 3)
  t.equal(PING[icmp.payload(0)], 0xde)
  t.ok(icmp.checksumIsRight(PING, 0, PING.length), 'over an odd length')
  t.notOk(icmp.isError(icmp.type(PING, 0)))
})

t.test('the same message is written onto 0xa5', async (t) => {
  const b = new Uint8Array(15).fill(0xa5)
  b.set(hex('deadbeef 61'), 9)
  icmp.setType(b, 1, icmp.ECHO_REQUEST)
  icmp.setCode(b, 1, 0)
  icmp.setIdentifier(b, 1, 0x364d)
  icmp.setSequence(b, 1, 3)
  icmp.fillChecksum(b, 1, 14)
  t.same(b, Uint8Array.from([0xa5, ...PING, 0xa5]))
})

t.test('an error and the datagram in it', async (t) => {
  const b = UNREACHABLE
  t.equal(icmp.check(b, 0, b.length), OK)
  t.ok(icmp.checksumIsRight(b, 0, b.length))
  t.ok(icmp.isError(icmp.type(b, 0)))
  t.equal(TYPE_NAMES.get(icmp.type(b, 0)), 'destination-unreachable')
  t.equal(codeName(icmp.type(b, 0), icmp.code(b, 0)), 'port-unreachable')
  const inner = icmp.embedded(0)
  t.equal(ipv4.check(b, inner, b.length), TRUNCATED, 'it is not whole')
  t.equal(ipv4.checkHeader(b, inner, b.length), OK, 'but its header is')
  t.equal(formatIpv4(ipv4.source(b, inner)), '10.0.0.3')
})

t.test('what else the second word can be', async (t) => {
  const b = new Uint8Array(10).fill(0xa5)
  icmp.setGateway(b, 1, 0xc0a80001)
  t.equal(icmp.gateway(b, 1), 0xc0a80001, 'unsigned')
  t.same(b, hex('a5 a5a5a5a5 c0a80001 a5'))
  icmp.setMtu(b, 1, 1400)
  t.equal(icmp.mtu(b, 1), 1400)
  t.same(b, hex('a5 a5a5a5a5 00000578 a5'), 'the unused bytes are 0')
  icmp.setPointer(b, 1, 200)
  t.equal(icmp.pointer(b, 1), 200)
  t.same(b, hex('a5 a5a5a5a5 c8000000 a5'), 'the unused bytes are 0')
})

t.test('every way of being short', async (t) => {
  for (let size = 0; size < 8; size++) t.equal(icmp.check(PING, 0, size), TRUNCATED, `${size} bytes`)
  t.equal(icmp.check(PING, 0, 8), OK, 'an echo request without data')
  for (let size = 8; size < 28; size++)
    t.equal(icmp.check(UNREACHABLE, 0, size), TRUNCATED, `an error of ${size} bytes`)
  t.equal(icmp.check(UNREACHABLE, 0, 28), OK)
})

t.test('a flipped bit is seen by the checksum, and so is a missing byte', async (t) => {
  for (let bit = 0; bit < PING.length * 8; bit++) {
    const b = Uint8Array.from(PING)
    b[bit >> 3] ^= 1 << (bit & 7)
    if (icmp.checksumIsRight(b, 0, b.length)) t.fail(`bit ${bit}`)
  }
  t.notOk(icmp.checksumIsRight(PING, 0, PING.length - 1))
})

t.test('types that are errors, and names', async (t) => {
  const errors = Array.from(TYPE_NAMES.keys()).filter(icmp.isError)
  t.same(errors, [3, 4, 5, 11, 12], 'RFC 1122 §3.2.2')
  t.equal(TYPE_NAMES.get(icmp.ECHO_REPLY), 'echo-reply')
  t.equal(TYPE_NAMES.get(7), undefined, 'never assigned')
  const { DESTINATION_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM, REDIRECT } = icmp
  t.equal(codeName(DESTINATION_UNREACHABLE, icmp.FRAGMENTATION_NEEDED), 'fragmentation-needed')
  t.equal(codeName(DESTINATION_UNREACHABLE, icmp.NETWORK_PROHIBITED), 'network-prohibited')
  t.equal(codeName(DESTINATION_UNREACHABLE, icmp.HOST_PROHIBITED), 'host-prohibited')
  t.equal(codeName(DESTINATION_UNREACHABLE, icmp.COMMUNICATION_PROHIBITED), 'communication-prohibited')
  t.equal(codeName(DESTINATION_UNREACHABLE, 15), 'precedence-cutoff', 'the last of its codes')
  t.equal(codeName(TIME_EXCEEDED, icmp.TTL_EXCEEDED), 'ttl-zero-during-transit')
  t.equal(codeName(TIME_EXCEEDED, icmp.REASSEMBLY_EXCEEDED), 'ttl-zero-during-reassembly')
  t.equal(codeName(REDIRECT, 3), 'TOS-host-redirect')
  t.equal(codeName(PARAMETER_PROBLEM, 1), 'required-option-missing')
  t.equal(codeName(icmp.ECHO_REQUEST, 0), undefined, 'nothing to tell apart')
  t.equal(codeName(REDIRECT, 4), undefined)
})

t.test('its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number>>([
    layout.u8('type'),
    layout.u8('code'),
    layout.u16be('checksum'),
    layout.u16be('identifier'),
    layout.u16be('sequence'),
  ])
  holdAgainstTwin(t, twin, {
    type: { get: icmp.type, set: icmp.setType },
    code: { get: icmp.code, set: icmp.setCode },
    checksum: { get: icmp.checksum, set: icmp.setChecksum },
    identifier: { get: icmp.identifier, set: icmp.setIdentifier },
    sequence: { get: icmp.sequence, set: icmp.setSequence },
  })
})
