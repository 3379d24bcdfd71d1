/** Whether it is a wrong checksum for which a packet is of no connection. */
import * as checksums from '../../wire/checksum.js'
import * as icmp from '../../wire/icmp.js'
import { OK } from '../../wire/reason.js'
import * as sctp from '../../wire/sctp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import type { Packet } from '../packet.js'

/** Of TCP, UDP, SCTP and ICMP, where the header is there; UDP's may be left out. */
export function hasWrongChecksum({ bytes: b, l3, l4, end, protocol }: Packet): boolean {
  if (protocol === icmp.PROTOCOL) return l4 + icmp.HEADER_LENGTH <= end && !icmp.checksumIsRight(b, l4, end)
  if (protocol === sctp.PROTOCOL) return sctp.check(b, l4, end) === OK && !sctp.checksumIsRight(b, l4, end)
  if (protocol === udp.PROTOCOL && (l4 + udp.HEADER_LENGTH > end || udp.checksum(b, l4) === 0)) return false
  if (protocol === tcp.PROTOCOL && l4 + tcp.HEADER_LENGTH > end) return false
  if (protocol !== udp.PROTOCOL && protocol !== tcp.PROTOCOL) return false
  const pseudo = checksums.pseudoHeader(b, l3 + 12, protocol, end - l4)
  return checksums.finish(checksums.add(pseudo, b, l4, end - l4)) !== 0
}
