import assert from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import * as layout from 'buffer-layout'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as ipv4Option from '../../src/wire/ipv4-option.js'
import * as option from '../../src/wire/option.js'
import { parseIpv4 } from '../../src/wire/address.js'
import { PROTOCOL_NAMES } from '../../src/wire/protocol.js'
import {
  BAD_CHECKSUM,
  BAD_HEADER_LENGTH,
  BAD_LENGTH,
  BAD_OPTION,
  BAD_VERSION,
  OK,
  TRUNCATED,
} from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { flat, holdAgainstTwin } from './twin.js'
import { runs } from '../soak.js'

// The last fragment of a ping of 10.0.0.2 to 10.0.0.1, DSCP EF and ECT(0), four bytes long.
const FRAGMENT = hex('45ba0018 b90000b9 4001ac6f 0a000002 0a000001 deadbeef')
// To all systems: a router alert, which fragments copy, and a record route with one place, which they do not.
const ROUTED = hex('48000020 00010000 0102701f 0a000002 e0000001 94040000 01 070704 c0a80001')
const HEADER = FRAGMENT.slice(0, 20)

/** The datagram with one byte changed and its checksum made right again, unless that byte is part of it. */
function changed(datagram: Uint8Array, offset: number, byte: number): Uint8Array {
  const b = Uint8Array.from(datagram)
  b[offset] = byte
  if (offset < 10 || offset > 11) ipv4.fillChecksum(b, 0)
  return b
}

t.test('a known datagram is read', async (t) => {
  const b = Uint8Array.from([0xa5, ...FRAGMENT])
  t.equal(ipv4.check(b, 1, b.length), OK)
  t.equal(ipv4.version(b, 1), 4)
  t.equal(ipv4.headerLength(b, 1), 20)
  t.equal(ipv4.tos(b, 1), 0xba)
  t.equal(ipv4.dscp(b, 1), 46)
  t.equal(ipv4.ecn(b, 1), 2)
  t.equal(ipv4.totalLength(b, 1), 24)
  t.equal(ipv4.identification(b, 1), 0xb900)
  t.equal(ipv4.flags(b, 1), 0)
  t.equal(ipv4.fragmentOffset(b, 1), 1480)
  t.equal(ipv4.ttl(b, 1), 64)
  t.equal(PROTOCOL_NAMES.get(ipv4.protocol(b, 1)), 'icmp')
  t.equal(ipv4.checksum(b, 1), 0xac6f)
  t.equal(ipv4.source(b, 1), parseIpv4('10.0.0.2'))
  t.equal(ipv4.destination(b, 1), parseIpv4('10.0.0.1'))
  t.equal(ipv4.addresses(1), 13)
  t.equal(ipv4.payload(b, 1), 21)
  t.equal(ipv4.payloadLength(b, 1), 4)
})

t.test('the same header is written onto 0xa5', async (t) => {
  const b = new Uint8Array(22).fill(0xa5)
  ipv4.setVersion(b, 1, 4)
  ipv4.setHeaderLength(b, 1, 20)
  ipv4.setDscp(b, 1, 46)
  ipv4.setEcn(b, 1, 2)
  ipv4.setTotalLength(b, 1, 24)
  ipv4.setIdentification(b, 1, 0xb900)
  ipv4.setFlags(b, 1, 0)
  ipv4.setFragmentOffset(b, 1, 1480)
  ipv4.setTtl(b, 1, 64)
  ipv4.setProtocol(b, 1, 1)
  ipv4.setSource(b, 1, 0x0a000002)
  ipv4.setDestination(b, 1, 0x0a000001)
  ipv4.fillChecksum(b, 1)
  t.same(b, Uint8Array.from([0xa5, ...HEADER, 0xa5]))
  ipv4.setTos(b, 1, 0x10)
  t.equal(ipv4.tos(b, 1), 0x10)
})

t.test('every way of being short or lying', async (t) => {
  for (let size = 0; size < 24; size++) t.equal(ipv4.check(FRAGMENT, 0, size), TRUNCATED, `${size} bytes`)
  t.equal(ipv4.check(FRAGMENT, 0, 24), OK)
  t.equal(ipv4.check(Uint8Array.from([...FRAGMENT, 0xa5]), 0, 25), OK, 'padding')
  for (let version = 0; version < 16; version++) {
    const b = changed(FRAGMENT, 0, (version << 4) | 5)
    if (version !== 4) t.equal(ipv4.check(b, 0, 24), BAD_VERSION, `version ${version}`)
  }
  for (let ihl = 0; ihl < 5; ihl++)
    t.equal(ipv4.check(changed(FRAGMENT, 0, 0x40 | ihl), 0, 24), BAD_HEADER_LENGTH, `IHL ${ihl}`)
  t.equal(ipv4.check(changed(FRAGMENT, 0, 0x47), 0, 24), TRUNCATED, 'header beyond the end')
  t.equal(ipv4.check(changed(FRAGMENT, 3, 25), 0, 24), TRUNCATED, 'total length beyond the end')
  for (let total = 0; total < 20; total++)
    t.equal(ipv4.check(changed(FRAGMENT, 3, total), 0, 24), BAD_LENGTH, `total length ${total}`)
  t.equal(ipv4.check(changed(FRAGMENT, 3, 20), 0, 24), OK, 'no payload')
  t.equal(ipv4.check(changed(FRAGMENT, 0, 0x46), 0, 24), OK, 'no payload but options')
  t.equal(ipv4.check(changed(changed(FRAGMENT, 0, 0x46), 3, 23), 0, 24), BAD_LENGTH, 'less than the options')
})

t.test('any flipped bit of the header is refused', async (t) => {
  const ihl = [TRUNCATED, BAD_HEADER_LENGTH, TRUNCATED, BAD_HEADER_LENGTH] // it becomes 13, 1, 7, 4
  const first = [BAD_VERSION, BAD_VERSION, BAD_VERSION, BAD_VERSION, ...ihl]
  for (let bit = 0; bit < 160; bit++) {
    const b = Uint8Array.from(FRAGMENT)
    b[bit >> 3] ^= 0x80 >> (bit & 7)
    assert.equal(ipv4.check(b, 0, b.length), bit < 8 ? first[bit] : BAD_CHECKSUM, `bit ${bit}`)
  }
  t.pass('by the version, the header length or the checksum, in that order')
})

t.test('of two faults the one counts that Linux sees first', async (t) => {
  const stale = (b: Uint8Array): Uint8Array => b.fill(0, 10, 12)
  t.equal(ipv4.check(stale(changed(FRAGMENT, 0, 0x60)), 0, 24), BAD_VERSION, 'version, then checksum')
  t.equal(ipv4.check(stale(changed(FRAGMENT, 0, 0x4f)), 0, 24), TRUNCATED, 'header length, then checksum')
  t.equal(ipv4.check(stale(changed(FRAGMENT, 3, 25)), 0, 24), BAD_CHECKSUM, 'checksum, then total length')
  const b = changed(changed(FRAGMENT, 0, 0x46), 3, 23)
  t.equal(ipv4.check(b, 0, 24), BAD_LENGTH)
  t.equal(ipv4.checkHeader(b, 0, 24), OK, 'the header of a quoted datagram is judged by itself')
  t.equal(ipv4.checkHeader(stale(b), 0, 24), OK, 'without its checksum')
})

t.test('fragments', async (t) => {
  // flags and fragment offset as they stand; fragment; first fragment; don't fragment
  const words: [number, boolean, boolean, boolean][] = [
    [0x0000, false, false, false],
    [0x4000, false, false, true],
    [0x8000, false, false, false],
    [0x2000, true, true, false],
    [0x2001, true, false, false],
    [0x0001, true, false, false],
    [0x1fff, true, false, false],
  ]
  for (const [word, isFragment, isFirst, dontFragment] of words) {
    const b = changed(changed(FRAGMENT, 6, word >> 8), 7, word & 0xff)
    const what = `0x${word.toString(16)}`
    t.equal(ipv4.isFragment(b, 0), isFragment, what)
    t.equal(ipv4.isFirstFragment(b, 0), isFirst, what)
    t.equal(ipv4.dontFragment(b, 0), dontFragment, what)
    t.equal(ipv4.fragmentOffset(b, 0), (word & 0x1fff) * 8, what)
  }
})

t.test('what is replaced keeps the checksum as right, or as wrong, as it was', async (t) => {
  const b = Uint8Array.from(FRAGMENT)
  ipv4.decrementTtl(b, 0)
  t.equal(ipv4.ttl(b, 0), 63)
  t.equal(ipv4.check(b, 0, b.length), OK)
  ipv4.setChecksum(b, 0, ipv4.checksum(b, 0) ^ 0x0100)
  ipv4.replaceTtl(b, 0, 200)
  t.equal(ipv4.check(b, 0, b.length), BAD_CHECKSUM, 'a damaged header is not mended')

  const address = fc.oneof(fc.constantFrom(0, 0xffffffff, 0xffff, 0xffff0000), fc.nat({ max: 0xffffffff }))
  const ttl = fc.integer({ min: 1, max: 255 })
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20, size: 'max' }),
      address,
      address,
      ttl,
      (bytes, s, d, ttl) => {
        bytes[0] = 0x45
        bytes[8] = ttl
        ipv4.fillChecksum(bytes, 0)
        const before = Uint8Array.from(bytes)
        ipv4.decrementTtl(bytes, 0)
        ipv4.replaceSource(bytes, 0, s)
        ipv4.replaceDestination(bytes, 0, d)
        assert.deepEqual(
          [ipv4.ttl(bytes, 0), ipv4.source(bytes, 0), ipv4.destination(bytes, 0)],
          [ttl - 1, s, d],
        )
        const replaced = ipv4.checksum(bytes, 0)
        ipv4.fillChecksum(bytes, 0)
        assert.equal(replaced, ipv4.checksum(bytes, 0))
        ipv4.replaceTtl(bytes, 0, ttl)
        ipv4.replaceSource(bytes, 0, ipv4.source(before, 0))
        ipv4.replaceDestination(bytes, 0, ipv4.destination(before, 0))
        assert.deepEqual(bytes, before)
      },
    ),
  )
  t.pass('any header, any address: replaced and put back')
})

t.test('options are walked', async (t) => {
  const b = Uint8Array.from([0xa5, ...ROUTED])
  t.equal(ipv4.check(b, 1, b.length), OK)
  t.equal(ipv4.payload(b, 1), 33)
  const walked: [string | undefined, number][] = []
  for (let o = ipv4Option.first(b, 1); o !== -1; o = ipv4Option.next(b, 1, o))
    walked.push([ipv4Option.OPTION_NAMES.get(ipv4Option.type(b, o)), ipv4Option.length(b, o)])
  t.same(walked, [
    ['RTRALT', 4],
    ['NOP', 1],
    ['RR', 7],
  ])
  t.equal(option.data(ipv4Option.first(b, 1)), 23)
  t.equal(ipv4Option.check(b, 1), OK)
  t.ok(ipv4Option.isCopied(148), 'a router alert goes into every fragment')
  t.notOk(ipv4Option.isCopied(7), 'a record route does not')
  t.ok(
    ipv4Option.isCopied(ipv4Option.LOOSE_SOURCE_ROUTE) && ipv4Option.isCopied(ipv4Option.STRICT_SOURCE_ROUTE),
  )
  t.equal(ipv4Option.first(FRAGMENT, 0), -1, 'a header without options')
  t.equal(ipv4Option.check(FRAGMENT, 0), OK)
})

t.test('options that do not add up', async (t) => {
  const lists: [string, number, number][] = [
    ['00 ff ff ff', 0, OK],
    ['01 01 01 01', 4, OK],
    ['01 01 01 00', 3, OK],
    ['94 04 00 00', 1, OK],
    ['94 02 94 02', 2, OK],
    ['01 01 01 94', 3, BAD_OPTION],
    ['94 00 01 01', 0, BAD_OPTION],
    ['94 01 01 01', 0, BAD_OPTION],
    ['94 05 00 00', 0, BAD_OPTION],
    ['01 94 04 00', 1, BAD_OPTION],
  ]
  for (const [text, count, reason] of lists) {
    const b = hex('46000018 00000000 00000000 00000000 00000000' + text + '00000000')
    let walked = 0
    for (let o = ipv4Option.first(b, 0); o !== -1; o = ipv4Option.next(b, 0, o)) walked++
    t.equal(ipv4Option.check(b, 0), reason, text)
    t.equal(walked, count, `${text}: what is whole is walked`)
  }
})

t.test('no bytes lead a walk out of the options', async (t) => {
  const kinds = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 7, 148), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(fc.array(kinds, { maxLength: 40, size: 'max' }), (bytes) => {
      const b = Uint8Array.from(bytes)
      let last = 0
      for (let o = option.first(b, 0, b.length); o !== -1; o = option.next(b, o, b.length)) {
        assert.equal(o, last, 'one after the other')
        last = o + option.length(b, o)
        assert.ok(last > o && last <= b.length)
      }
      assert.equal(option.check(b, 0, b.length) === OK, last === b.length || b[last] === option.EOL)
    }),
    runs(500),
  )
  t.pass('and what the walk leaves out is padding, or refused')
})

t.test('its buffer-layout twin', async (t) => {
  const versionAndIhl = layout.bits(layout.u8(), true, 'versionAndIhl')
  versionAndIhl.addField(4, 'version')
  versionAndIhl.addField(4, 'ihl')
  const tos = layout.bits(layout.u8(), true, 'tos')
  tos.addField(6, 'dscp')
  tos.addField(2, 'ecn')
  const fragment = layout.bits(layout.u16be(), true, 'fragment')
  fragment.addField(3, 'flags')
  fragment.addField(13, 'fragmentOffset')
  const twin = layout.struct<Record<string, number>>([
    versionAndIhl,
    tos,
    layout.u16be('totalLength'),
    layout.u16be('identification'),
    fragment,
    layout.u8('ttl'),
    layout.u8('protocol'),
    layout.u16be('checksum'),
    layout.u32be('source'),
    layout.u32be('destination'),
  ])
  holdAgainstTwin(t, flat(twin), {
    version: { get: ipv4.version, set: ipv4.setVersion },
    ihl: {
      get: (b, at) => ipv4.headerLength(b, at) / 4,
      set: (b, at, words: number) => ipv4.setHeaderLength(b, at, 4 * words),
    },
    dscp: { get: ipv4.dscp, set: ipv4.setDscp },
    ecn: { get: ipv4.ecn, set: ipv4.setEcn },
    totalLength: { get: ipv4.totalLength, set: ipv4.setTotalLength },
    identification: { get: ipv4.identification, set: ipv4.setIdentification },
    flags: { get: ipv4.flags, set: ipv4.setFlags },
    fragmentOffset: {
      get: (b, at) => ipv4.fragmentOffset(b, at) / 8,
      set: (b, at, units: number) => ipv4.setFragmentOffset(b, at, 8 * units),
    },
    ttl: { get: ipv4.ttl, set: ipv4.setTtl },
    protocol: { get: ipv4.protocol, set: ipv4.setProtocol },
    checksum: { get: ipv4.checksum, set: ipv4.setChecksum },
    source: { get: ipv4.source, set: ipv4.setSource },
    destination: { get: ipv4.destination, set: ipv4.setDestination },
  })
})
