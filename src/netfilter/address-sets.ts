/** The kinds of ipsets that `-m set` can ask: hash:ip, hash:net and hash:ip,port of IPv4. */
import { AddressTable } from './address-table.js'
import { maskOf, parseNumber, parseProtocol } from './numbers.js'
import type { Packet } from './packet.js'
import { RuleError } from './rule-error.js'
import type { AddressSet } from './runtime.js'
import { parseIpv4 } from '../wire/address.js'
import * as icmp from '../wire/icmp.js'
import { CODE_NAMES, TYPE_NAMES } from '../wire/icmp-names.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'

const [SCTP, UDP_LITE] = [132, 136]
const SCTP_HEADER = 12
const ICMP_PORTS = new Map([
  ...[...TYPE_NAMES].map(([type, name]): [string, number] => [name, type << 8]),
  ...[...CODE_NAMES].flatMap(([type, names]) =>
    names.map((name, code): [string, number] => [name, (type << 8) | code]),
  ),
])

/** A set, and what fills it. */
export interface FilledSet {
  set: AddressSet
  table: AddressTable
  /** Entries may be marked `nomatch`. */
  hasNomatch: boolean
  /** Adds an entry as it is written, if it is not there. Throws a RuleError. */
  add(entry: string, nomatch: boolean): void
}

/** Addresses, or networks that all have this mask. The address 0.0.0.0 is in none. */
export function createIpSet(name: string, mask: number): FilledSet {
  const table = new AddressTable()
  const TAG = 1
  const set: AddressSet = {
    name,
    dimensions: 1,
    has(packet, sources) {
      const address = addressOf(packet, sources[0]) & mask
      return address !== 0 && table.has(address, TAG)
    },
  }
  const add = (entry: string): void => {
    const address = parseAddress(entry) & mask
    if (address === 0) throw new RuleError(`add ${name} ${entry}: expected an address other than 0.0.0.0`)
    table.add(address, TAG)
  }
  return { set, table, hasNomatch: false, add }
}

/** Networks; of those that an address is in the longest counts, and `nomatch` says that it is not in the set. */
export function createNetSet(name: string): FilledSet {
  const table = new AddressTable()
  /** Beside the length, the tag of an entry that is marked nomatch. */
  const NOMATCH = 64
  /** Lengths of networks that are there, the longest first. */
  const lengths: number[] = []
  const set: AddressSet = {
    name,
    dimensions: 1,
    has(packet, sources, nomatch) {
      const address = addressOf(packet, sources[0])
      for (let i = 0; i < lengths.length; i++) {
        const network = address & maskOf(lengths[i])
        if (table.has(network, lengths[i])) return !nomatch
        if (table.has(network, lengths[i] | NOMATCH)) return nomatch
      }
      return false
    },
  }
  const add = (entry: string, nomatch: boolean): void => {
    const { network, length } = parseNetwork(entry, name)
    if (table.has(network, length) || table.has(network, length | NOMATCH)) return
    table.add(network, nomatch ? length | NOMATCH : length)
    if (lengths.includes(length)) return
    lengths.push(length)
    lengths.sort((a, b) => b - a)
  }
  return { set, table, hasNomatch: true, add }
}

function parseNetwork(entry: string, name: string): { network: number; length: number } {
  const [host, bits = '32', ...rest] = entry.split('/')
  const length = Number(bits)
  if (rest.length > 0 || !/^\d{1,2}$/.test(bits) || length < 1 || length > 32)
    throw new RuleError(`add ${name} ${entry}: expected ADDRESS/LENGTH with a length from 1 to 32`)
  return { network: parseAddress(host) & maskOf(length), length }
}

/** Addresses with a protocol and a port, or with type and code of ICMP, or with a protocol alone. */
export function createIpPortSet(name: string): FilledSet {
  const table = new AddressTable()
  const set: AddressSet = {
    name,
    dimensions: 2,
    has(packet, sources) {
      const port = portOf(packet, sources[1])
      return port !== NO_PORT && table.has(addressOf(packet, sources[0]), tagOf(packet.protocol, port))
    },
  }
  const add = (entry: string): void => {
    const [host, service, ...rest] = entry.split(',') as [string, string?, ...string[]]
    if (service === undefined || rest.length > 0)
      throw new RuleError(`add ${name} ${entry}: expected ADDRESS,PROTOCOL:PORT`)
    const address = parseAddress(host)
    if (address === 0) throw new RuleError(`add ${name} ${entry}: expected an address other than 0.0.0.0`)
    table.add(address, parseService(service))
  }
  return { set, table, hasNomatch: false, add }
}

/** Never 0. */
function tagOf(protocol: number, port: number): number {
  return 0x1000000 | (protocol << 16) | port
}

/** `PORT` (of TCP), `tcp:PORT`, `icmp:TYPE/CODE`, `gre:0`. */
function parseService(text: string): number {
  const [first, second, ...rest] = text.split(':') as [string, string?, ...string[]]
  if (rest.length > 0) throw new RuleError(`${text}: expected PROTOCOL:PORT`)
  const protocol = second === undefined ? tcp.PROTOCOL : parseProtocol(first)
  const port = second ?? first
  if (protocol === icmp.PROTOCOL) return tagOf(protocol, parseIcmp(port))
  const hasPorts = [tcp.PROTOCOL, udp.PROTOCOL, SCTP, UDP_LITE].includes(protocol)
  return tagOf(protocol, parseNumber(port, `${text}: port`, 0, hasPorts ? 65_535 : 0))
}

function parseIcmp(text: string): number {
  const named = ICMP_PORTS.get(text)
  if (named !== undefined) return named
  const [type, code = ''] = text.split('/')
  return (parseNumber(type, 'icmp type', 0, 255) << 8) | parseNumber(code, 'icmp code', 0, 255)
}

function parseAddress(text: string): number {
  const address = parseIpv4(text)
  if (address === null) throw new RuleError(`${text}: expected an IPv4 address`)
  return address
}

function addressOf(packet: Packet, isSource: boolean): number {
  return isSource ? packet.source : packet.destination
}

const NO_PORT = -1

/**
 * As ip_set_get_ip4_port: NO_PORT where the protocol has ports and this packet has not got them whole, 0 where it has
 * none. Protocol 0 is in no set. Not looked at: ICMPv6 over IPv4, which nobody sends.
 */
function portOf(packet: Packet, isSource: boolean): number {
  const { protocol, bytes, l4 } = packet
  if (protocol === 0) return NO_PORT
  const header = headerOf(protocol)
  if (header === 0) return 0
  if (packet.fragmentOffset > 0 || l4 + header > packet.end) return NO_PORT
  if (protocol === icmp.PROTOCOL) return (icmp.type(bytes, l4) << 8) | icmp.code(bytes, l4)
  return isSource ? udp.sourcePort(bytes, l4) : udp.destinationPort(bytes, l4)
}

/** Bytes of the header that must be there; 0 for protocols without ports. */
function headerOf(protocol: number): number {
  switch (protocol) {
    case tcp.PROTOCOL:
      return tcp.HEADER_LENGTH
    case udp.PROTOCOL:
    case UDP_LITE:
      return udp.HEADER_LENGTH
    case SCTP:
      return SCTP_HEADER
    case icmp.PROTOCOL:
      return icmp.HEADER_LENGTH
    default:
      return 0
  }
}
