/** The conditions of matches, which the compiler makes code of, say what the matches themselves decide. */
import t from 'tap'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Condition, Field } from '../../src/netfilter/condition.js'
import type { Packet } from '../../src/netfilter/packet.js'
import { parseIpv4 } from '../../src/wire/address.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import { runs } from '../soak.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { holds, packetOf, ruleOf } from './rules.js'

const L3 = 14

/** What a field of a packet is; null where the packet does not have it. Read without the codecs. */
function fieldOf(field: Field, packet: Packet): number | null {
  const { bytes, l3, l4, end } = packet
  const isWhole = packet.fragmentOffset === 0 && l4 + (packet.protocol === tcp.PROTOCOL ? 20 : 8) <= end
  const word = (at: number): number | null => (isWhole ? bytes[at] * 256 + bytes[at + 1] : null)
  switch (field) {
    case 'source-port':
    case 'icmp-type-code':
      return word(l4)
    case 'destination-port':
      return word(l4 + 2)
    case 'tcp-flags':
      return isWhole ? bytes[l4 + 13] : null
    case 'length':
      return bytes[l3 + 2] * 256 + bytes[l3 + 3]
    case 'ttl':
      return bytes[l3 + 8]
    case 'tos':
      return bytes[l3 + 1]
    case 'connection-state':
      return packet.connectionState
    default:
      return packet[field]
  }
}

function conditionHolds({ field, mask, ranges, negated }: Condition, packet: Packet): boolean {
  const value = fieldOf(field, packet)
  if (value === null) return false
  const masked = Number(BigInt(value) & BigInt(mask))
  return ranges.some(([least, greatest]) => masked >= least && masked <= greatest) !== negated
}

/** Few values, so that rules and packets meet. */
const port = fc.constantFrom(0, 1, 79, 80, 81, 65_535)
const byte = fc.constantFrom(0, 1, 2, 0x10, 0x3f, 0x40, 0x80, 254, 255)
const bytesLong = fc.integer({ min: 27, max: 45 })
const address = fc.constantFrom(
  ...['0.0.0.0', '10.0.0.1', '10.0.0.2', '127.255.255.255', '128.0.0.0', '255.255.255.255'],
)
const states = fc
  .subarray(['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED'], { minLength: 1 })
  .map(String)
const word = fc.constantFrom('0', '1', '0xff', '0x7fffffff', '0x80000000', '0xffffffff')
const not = fc.constantFrom('', '! ')
const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(part, { nil: '' })
const option = (name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.tuple(not, value).map(([n, v]) => `${n}--${name} ${String(v)}`)
const match = (name: string, ...options: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...options).map((texts) => `-m ${name} ${texts.join(' ')}`)
const both = (of: fc.Arbitrary<unknown>, separator: string): fc.Arbitrary<string> =>
  fc.tuple(of, of).map((two) => two.join(separator))

/** The smaller end first. */
const ascending = fc.tuple(port, port).map((ends) => ends.toSorted((a, b) => a - b).join(':'))
const ports = ascending.map((text) => (text.split(':')[0] === text.split(':')[1] ? text.split(':')[0] : text))
const flags = fc
  .subarray(['FIN', 'SYN', 'RST', 'ACK', 'PSH', 'URG', 'ALL', 'NONE'])
  .map((names) => `"${names.join(',')}"`)

const ofAnyProtocol = fc.oneof(
  match('length', option('length', both(bytesLong, ':'))),
  match('ttl', option('ttl-eq', byte)),
  fc.tuple(fc.constantFrom('lt', 'gt'), byte).map(([how, value]) => `-m ttl --ttl-${how} ${value}`),
  match('tos', option('tos', both(byte, '/'))),
  match('dscp', option('dscp', fc.constantFrom(0, 1, 4, 16, 32, 63))),
  match('mark', option('mark', both(word, '/'))),
  match('state', option('state', states)),
  match('conntrack', option('ctstate', states)),
  match('iprange', option('src-range', both(address, '-')), maybe(option('dst-range', both(address, '-')))),
)
const multiport = match(
  'multiport',
  fc
    .constantFrom('sports', 'dports')
    .chain((which) => option(which, fc.array(ports, { minLength: 1, maxLength: 7, size: 'max' }))),
)
const OF_PROTOCOL = {
  tcp: fc.oneof(
    multiport,
    match(
      'tcp',
      maybe(option('sport', ascending)),
      maybe(option('dport', ascending)),
      maybe(fc.oneof(option('tcp-flags', both(flags, ' ')), option('syn', fc.constant('')))),
    ),
  ),
  udp: fc.oneof(
    multiport,
    match('udp', maybe(option('sport', both(port, ':'))), maybe(option('dport', both(port, ':')))),
  ),
  icmp: match('icmp', option('icmp-type', fc.oneof(byte, both(byte, '/')))),
}

const frameOf = {
  tcp: fc
    .record({ sport: port, dport: port, payload: fc.nat(9) })
    .chain((fields) => byte.map((bits) => tcpFrame(bits, fields))),
  udp: fc.record({ sport: port, dport: port, payload: fc.nat(17) }).map(udpFrame),
  icmp: fc.tuple(byte, byte).map(([type, code]) => icmpFrame(type, code)),
}

/** A rule, and a packet of the protocol that it is about. */
const question = fc.constantFrom('tcp' as const, 'udp' as const, 'icmp' as const).chain((protocol) =>
  fc.record({
    rule: fc.oneof(ofAnyProtocol, OF_PROTOCOL[protocol]).map((text) => `-p ${protocol} ${text}`),
    frame: frameOf[protocol],
    source: address,
    destination: address,
    ttl: byte,
    tos: byte,
    offset: fc.constantFrom(0, 0, 0, 8, 16),
    mark: word,
    connectionState: fc.constantFrom(1, 2, 4, 8, 16),
  }),
)

t.test('conditions say what the match decides', async (t) => {
  const counts = { true: 0, false: 0 }
  const property = fc.property(question, ({ rule, frame, ...fields }) => {
    ipv4.setSource(frame, L3, parseIpv4(fields.source)!)
    ipv4.setDestination(frame, L3, parseIpv4(fields.destination)!)
    ipv4.setTtl(frame, L3, fields.ttl)
    ipv4.setTos(frame, L3, fields.tos)
    ipv4.setFragmentOffset(frame, L3, fields.offset)
    const packet = packetOf(frame, { mark: Number(fields.mark), connectionState: fields.connectionState })
    const { conditions } = ruleOf(rule).matches[0]
    assert.ok(conditions !== undefined, rule)
    const decided = holds(rule, packet) === true
    const said = conditions.every((condition) => conditionHolds(condition, packet))
    assert.equal(said, decided, rule)
    counts[`${decided}`]++
  })
  fc.assert(property, runs(5000))
  t.ok(counts.true > 500 && counts.false > 500, 'for both answers')
})
