/**
 * Frames for people: one frame is one line, whatever its bytes.
 *
 * The line reads as tcpdump's (`tcpdump -nn -S`), and where tcpdump has words for something they are taken.
 * MAC addresses are printed where nothing else says who talks to whom. Worked examples:
 *
 *   ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28
 *   IP 10.0.0.2 > 10.0.0.1: ICMP echo request, id 13910, seq 1, length 64
 *   IP 10.0.0.1 > 10.0.0.2: ICMP destination-unreachable port-unreachable, length 48, about IP 10.0.0.2.5 > 10.0.0.1.9: udp
 *   IP 10.0.0.2.1024 > 10.0.0.3.9: UDP, length 4
 *   IP 10.0.0.2.36846 > 203.0.113.10.80: Flags [S], seq 7, win 64240, options [mss 1460], length 0
 *   IP 10.0.0.3.42470 > 10.0.0.1.53: 12589+ A? cirros.novalocal. (34)
 *   IP 0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP, Request from fa:16:3e:2c:e8:ec, length 300: DHCPDISCOVER, xid 0x5a, options [hostname cirros]
 *   IP 10.0.0.4 > 10.0.0.2: icmp, length 28, frag id 4711 offset 1480
 *   IP6 fe80::1 > ff02::2: ipv6-icmp, length 16
 *   vlan 5, p 0, IP 10.0.0.2 > 10.0.0.1: …
 *   08:00:27:00:56:65 > 01:80:c2:00:00:00, STP, length 35
 *   08:00:27:00:56:65 > 01:80:c2:00:00:0e, ethertype LLDP (0x88cc), length 60
 *
 * What is wrong is named by the reasons of wire/reason.ts, in one form. Where a header can be read in spite of
 * it the mark stands behind, at the end of what its layer says; else it stands in the header's place, with
 * the bytes that are there. A fragment of IPv4 says which part it is (`offset 0+`: more follow), and a frame
 * of which the capture has a part only, how much of it:
 *
 *   IP 10.0.0.2.1024 > 10.0.0.3.9: UDP, length 4 [udp: bad-checksum]
 *   IP 10.0.0.2.1024 > 10.0.0.3.9: [udp: truncated] 6 bytes
 *   IP 10.0.0.2.22 > 10.0.0.3.9: [tcp: truncated] 6 bytes [cut 40 of 1514 bytes]
 *   [ethernet: truncated] 5 bytes
 *
 * Lengths are those of the wire, as in tcpdump: of ICMP its header included, of TCP and UDP the payload, of
 * an EtherType without a printer the whole frame.
 */
import { printEthernet } from './print-link.js'

/**
 * The frame of `length` bytes at `at` as one line of printable characters, at most 4 KiB, without time stamp
 * and line end. `originalLength` is what it had on the wire, where the capture has less. Never throws, and
 * reads nothing outside the frame.
 */
export function printFrame(
  b: Uint8Array,
  at: number,
  length: number,
  originalLength: number = length,
): string {
  const wireLength = Math.max(length, originalLength)
  const cut = length < wireLength ? ` [cut ${length} of ${wireLength} bytes]` : ''
  return printEthernet({ b, at, end: at + length, wireEnd: at + wireLength }) + cut
}
