/** Another address and port in a packet, its checksums kept right (nf_nat_manip_pkt). */
import * as icmp from '../../wire/icmp.js'
import * as checksums from '../../wire/checksum.js'
import * as ipv4 from '../../wire/ipv4.js'
import * as sctp from '../../wire/sctp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import { GRE, UDPLITE, isQuery } from './tuple.js'

/** What NAT changes: the source, or the destination. */
export const [SOURCE_OF, DESTINATION_OF] = [0, 1]

/**
 * Changes one side of the datagram from `l3` to `end`; of ICMP queries `port` is the identifier. Of a datagram that an
 * ICMP error quotes there may be too little: returns false where the port itself is not there.
 */
export function rewrite(
  b: Uint8Array,
  l3: number,
  end: number,
  side: number,
  address: number,
  port: number,
): boolean {
  const protocol = ipv4.protocol(b, l3)
  const l4 = ipv4.payload(b, l3)
  const was = side === SOURCE_OF ? ipv4.source(b, l3) : ipv4.destination(b, l3)
  if (protocol === tcp.PROTOCOL && !rewriteTcp(b, l4, end, side, was, address, port)) return false
  const isUdp = protocol === udp.PROTOCOL || protocol === UDPLITE
  if (isUdp && !rewriteUdp(b, l4, end, side, was, address, port)) return false
  if (protocol === sctp.PROTOCOL && !rewriteSctp(b, l4, end, side, port)) return false
  if (protocol === icmp.PROTOCOL && !rewriteIcmp(b, l4, end, port)) return false
  if (protocol === GRE && l4 + GRE_WANTED > end) return false
  if (side === SOURCE_OF) ipv4.replaceSource(b, l3, address)
  else ipv4.replaceDestination(b, l3, address)
  return true
}

/** An ICMP error quotes eight bytes at least: without the checksum then. */
const QUOTED = 8
/** What the kernel wants to see of GRE, of whatever version, although nothing of it changes (gre_manip_pkt). */
const GRE_WANTED = 8

function rewriteTcp(
  b: Uint8Array,
  l4: number,
  end: number,
  side: number,
  was: number,
  address: number,
  port: number,
): boolean {
  if (l4 + QUOTED > end) return false
  const portWas = side === SOURCE_OF ? tcp.sourcePort(b, l4) : tcp.destinationPort(b, l4)
  if (side === SOURCE_OF) tcp.setSourcePort(b, l4, port)
  else tcp.setDestinationPort(b, l4, port)
  if (l4 + tcp.HEADER_LENGTH > end) return true
  const changed = checksums.update32(tcp.checksum(b, l4), was, address)
  tcp.setChecksum(b, l4, checksums.update(changed, portWas, port))
  return true
}

function rewriteUdp(
  b: Uint8Array,
  l4: number,
  end: number,
  side: number,
  was: number,
  address: number,
  port: number,
): boolean {
  if (l4 + udp.HEADER_LENGTH > end) return false
  const portWas = side === SOURCE_OF ? udp.sourcePort(b, l4) : udp.destinationPort(b, l4)
  if (side === SOURCE_OF) udp.setSourcePort(b, l4, port)
  else udp.setDestinationPort(b, l4, port)
  udp.updateChecksum32(b, l4, was, address)
  udp.updateChecksum(b, l4, portWas, port)
  return true
}

/** The checksum covers all that is there: of a packet that is quoted, too, as far as it goes. */
function rewriteSctp(b: Uint8Array, l4: number, end: number, side: number, port: number): boolean {
  if (l4 + QUOTED > end) return false
  if (side === SOURCE_OF) sctp.setSourcePort(b, l4, port)
  else sctp.setDestinationPort(b, l4, port)
  if (l4 + sctp.HEADER_LENGTH <= end) sctp.fillChecksum(b, l4, end)
  return true
}

function rewriteIcmp(b: Uint8Array, l4: number, end: number, identifier: number): boolean {
  if (l4 + icmp.HEADER_LENGTH > end) return false
  if (!isQuery(icmp.type(b, l4))) return true
  const was = icmp.identifier(b, l4)
  icmp.setIdentifier(b, l4, identifier)
  icmp.setChecksum(b, l4, checksums.update(icmp.checksum(b, l4), was, identifier))
  return true
}
