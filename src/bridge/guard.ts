/**
 * The guard of a port: what the host behind it may send. It is libvirt's nwfilter `nova-base` (no-mac-spoofing,
 * no-ip-spoofing, no-arp-spoofing, from 0.9.8 on), which the kernel decides in the nat table of ebtables, before iptables
 * and before anything is learned:
 *
 *   1. any frame    from another MAC address                                              mac-spoof
 *   2. IPv4         from another address, but for UDP from 0.0.0.0                        ip-spoof
 *   3. ARP          not of Ethernet, or of another sender's MAC or IPv4 address           arp-spoof
 *
 * Anything else passes: IPv6, RARP, and whatever has a VLAN tag, an ARP packet behind it too. Toward the host everything
 * does, so `dhcpServer`, whose answers nova lets in, decides nothing.
 */
import { ARP_SPOOF, IP_SPOOF, MAC_SPOOF } from '../core/drops.js'
import type { Arena } from '../packet/arena.js'
import { IPV4_LENGTH, MAC_LENGTH, ipv4At } from '../wire/address.js'
import * as arp from '../wire/arp.js'
import { ARP, IPV4, etherType, payload } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { OK } from '../wire/reason.js'
import { PROTOCOL as UDP } from '../wire/udp.js'
import { MAX_PORTS, macHigh, macLow } from './fdb.js'

/** Who is behind a port; what is left out is not looked at. */
export interface PortGuard {
  /** Six bytes: the source of every frame, and the sender of ARP. */
  mac?: Uint8Array | undefined
  /** Unsigned: the source of IPv4, and the sender of ARP. */
  ip?: number | undefined
  /** Unsigned. */
  dhcpServer?: number | undefined
}

/** The guards of all ports. */
export interface Guards {
  /** Whether any port has one. */
  readonly areAny: boolean
  /** Gives a port another one, or none. */
  set(port: number, guard: PortGuard | undefined): void
  /** Why the guard of its port does not let this packet in: MAC_SPOOF, IP_SPOOF, ARP_SPOOF; or OK. */
  refusalOf(slot: number): number
}

const [MAC, IP] = [1, 2]
/** Where the source stands in a frame, and the first address in ARP. */
const [SOURCE, ARP_ADDRESSES] = [6, 8]

/** No port has one. */
export function createGuards(arena: Arena): Guards {
  const { start, length, port: ingress } = arena
  const { bytes, words } = arena.memory
  /** By port: what is looked at, and how it has to be. */
  const looksAt = new Uint8Array(MAX_PORTS)
  const highs = new Int32Array(MAX_PORTS)
  const lows = new Int32Array(MAX_PORTS)
  const addresses = new Uint32Array(MAX_PORTS)

  let areAny = false

  function set(port: number, { mac, ip }: PortGuard = {}): void {
    looksAt[port] = (mac === undefined ? 0 : MAC) | (ip === undefined ? 0 : IP)
    highs[port] = mac === undefined ? 0 : macHigh(mac)
    lows[port] = mac === undefined ? 0 : macLow(mac)
    addresses[port] = ip ?? 0
    areAny = looksAt.some((what) => what !== 0)
  }

  function refusalOf(slot: number): number {
    const port = ingress[slot]
    if (looksAt[port] === 0) return OK
    if ((looksAt[port] & MAC) !== 0 && !isItsMac((start[slot] + SOURCE) >> 2, port)) return MAC_SPOOF
    const at = start[slot]
    const type = etherType(bytes, at)
    const end = at + length[slot]
    if (type === IPV4) return (looksAt[port] & IP) === 0 || isItsIpv4(payload(at), end, port) ? OK : IP_SPOOF
    if (type === ARP) return isItsArp(payload(at), end, port) ? OK : ARP_SPOOF
    return OK
  }

  /** Whether the port's MAC address stands at this word: where sources and ARP senders do, as a frame starts at 2 mod 4. */
  function isItsMac(w: number, port: number): boolean {
    const low = (words[w] >>> 16) | (words[w + 1] << 16)
    return (words[w] & 0xffff) === highs[port] && low === lows[port]
  }

  /** Nothing but the source and the protocol is looked at, of whatever is long enough for a header (ebt_ip). */
  function isItsIpv4(l3: number, end: number, port: number): boolean {
    if (l3 + ipv4.HEADER_LENGTH > end) return false
    const source = ipv4.source(bytes, l3)
    return source === addresses[port] || (source === 0 && ipv4.protocol(bytes, l3) === UDP)
  }

  /** The sender's addresses, where the packet is long enough for them and they are of that kind (ebt_arp). */
  function isItsArp(l3: number, end: number, port: number): boolean {
    if ((looksAt[port] & MAC) !== 0 && !isItsArpMac(l3, end, port)) return false
    return (looksAt[port] & IP) === 0 || isItsArpIp(l3, end, port)
  }

  function isItsArpMac(l3: number, end: number, port: number): boolean {
    const sha = arp.sha(l3)
    const isKind = arp.hardwareType(bytes, l3) === arp.ETHERNET && arp.hlen(bytes, l3) === MAC_LENGTH
    return isKind && sha + MAC_LENGTH <= end && isItsMac(sha >> 2, port)
  }

  function isItsArpIp(l3: number, end: number, port: number): boolean {
    const spa = l3 + ARP_ADDRESSES + arp.hlen(bytes, l3)
    const isKind = arp.protocolType(bytes, l3) === IPV4 && arp.plen(bytes, l3) === IPV4_LENGTH
    const tpaEnd = spa + IPV4_LENGTH + arp.hlen(bytes, l3) + IPV4_LENGTH
    return isKind && tpaEnd <= end && ipv4At(bytes, spa) === addresses[port]
  }

  return {
    get areAny() {
      return areAny
    },
    set,
    refusalOf,
  }
}
