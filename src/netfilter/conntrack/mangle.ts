/** Other data in a TCP segment (nf_nat_mangle_tcp_packet). */
import * as ipv4 from '../../wire/ipv4.js'
import * as tcp from '../../wire/tcp.js'
import type { Packet } from '../packet.js'

const LONGEST = 65_535

/**
 * Puts `text` in place of `length` bytes of the segment at `at`; what was right in the IP header is so again. Returns
 * false, and changes nothing, where there is no room for it. What becomes longer than a link takes goes on as it is: the
 * kernel cuts it, or drops it where it must not be cut.
 */
export function replaceData(packet: Packet, at: number, length: number, text: string): boolean {
  const { bytes: b, l3, end, room } = packet
  const growth = text.length - length
  if (growth > room || end + growth - l3 > LONGEST) return false
  b.copyWithin(at + text.length, at + length, end)
  for (let i = 0; i < text.length; i++) b[at + i] = text.charCodeAt(i)
  packet.end += growth
  packet.room -= growth
  ipv4.setTotalLength(b, l3, packet.end - l3)
  ipv4.fillChecksum(b, l3)
  return true
}

/** Fills in the TCP checksum as the kernel does it in place of a network card: 0 is written as 0xffff, as in UDP. */
export function fillChecksum({ bytes: b, l3, l4, end }: Packet): void {
  tcp.fillChecksum(b, l4, end, ipv4.addresses(l3))
  if (tcp.checksum(b, l4) === 0) tcp.setChecksum(b, l4, 0xffff)
}
