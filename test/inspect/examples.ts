/** Frames that the golden captures have none of, each with its line. */
import * as icmp from '../../src/wire/icmp.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { hex } from '../wire/hex.js'
import { arpOf, ascii, datagram, frame, icmpOf, ip, join, offer, tcpOf, udpOf } from './frames.js'

/** A question. */
export const QUESTION = hex(
  `3039 0100 0001 0000 0000 0000 06 ${ascii('cirros')} 09 ${ascii('novalocal')} 00 0001 0001`,
)
// Its answer, with records of all kinds; names are compressed.
const ANSWER = hex(`3039 8580 0001 0008 0000 0001 06 ${ascii('cirros')} 00 00ff 0001
  c00c 0001 0001 00000078 0004 0a000002
  c00c 001c 0001 00000078 0010 fe80 0000 0000 0000 0000 0000 0000 0001
  c00c 0005 0001 00000078 0004 01 62 c00c
  c00c 000f 0001 00000078 0004 000a c00c
  c00c 0021 0001 00000078 0008 0001 0002 0050 c00c
  c00c 0010 0001 00000078 0005 04 ${ascii('a"\x07b')}
  c00c 0006 0001 00000078 0018 c00c c00c 00000001 00000002 00000003 00000004 00000005
  c00c fffe 0003 00000078 0002 beef
  00 0029 1000 00000000 0000`)
const QUOTED = datagram(udp.PROTOCOL, udpOf(5, 9, hex('dead')))
// A spanning tree BPDU as it stands in an 802.3 frame.
const BPDU = hex(`0000 00 00 00 8000 080027005665 00000000 8000 080027005665 8001 0000 1400 0200 0f00`)
const IPV6 = hex(
  `6000 0000 0004 3a ff fe80 0000 0000 0000 0000 0000 0000 0001 ff02 ${'00'.repeat(12)} 0002 85000000`,
)

// SACK, and a chunk of nine bytes that has no name; its padding is left out.
const SCTP = hex('0005 0009 0000abcd 00000000  03000010 00000001 00010000 00000000  4d000009 61616161 61')

/** Frames with nothing wrong. */
export const EXAMPLES: [line: string, frame: Uint8Array][] = [
  [
    'vlan 5, p 0, ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28',
    frame('8100 0005 0806', arpOf(1, '000000000000')),
  ],
  [
    'vlan 100, p 3, DEI, vlan 7, p 0, IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2',
    frame('88a8 7064 8100 0007 0800', QUOTED),
  ],
  [
    'ARP, Request who-has 10.0.0.2 (fa:16:3e:2c:e8:ec) tell 10.0.0.1, length 46',
    frame('0806', join(arpOf(1, 'fa163e2ce8ec'), new Uint8Array(18))),
  ],
  [
    'ARP, reverse-request 10.0.0.1 (08:00:27:00:56:65) > 10.0.0.2 (00:00:00:00:00:00), length 28',
    frame('0806', arpOf(3, '000000000000')),
  ],
  [
    'ARP, operation 99 10.0.0.1 (08:00:27:00:56:65) > 10.0.0.2 (00:00:00:00:00:00), length 28',
    frame('0806', arpOf(99, '000000000000')),
  ],
  [
    '08:00:27:00:56:65 > 01:80:c2:00:00:00, STP, length 35',
    frame('0026', join(hex('424203'), BPDU, new Uint8Array(8)), '0180c2000000'),
  ],
  [
    '08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, LLC, dsap SNA, ssap NetBIOS, control 0x7f, length 1',
    frame('0004', hex('04f17f00')),
  ],
  [
    '08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, vlan 5, p 0, LLC, dsap global, ssap 0x77, control 0x00, length 0',
    frame('8100 0005 0004', hex('ff77 0000')),
  ],
  [
    '08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, SNAP, IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2',
    frame('0026', join(hex('aaaa03 000000 0800'), QUOTED)),
  ],
  [
    '08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, SNAP, ethertype LLDP (0x88cc), length 1',
    frame('0009', hex('aaaa03 000000 88cc 00')),
  ],
  [
    '08:00:27:00:56:65 > 01:00:0c:cc:cc:cc, SNAP, oui 0x00000c, protocol 0x2000, length 2',
    frame('000a', hex('aaaa03 00000c 2000 02b4'), '01000ccccccc'),
  ],
  [
    '08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, ethertype LLDP (0x88cc), length 60',
    frame('88cc', new Uint8Array(46)),
  ],
  ['08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, ethertype 0x1234, length 14', frame('1234', new Uint8Array(0))],
  ['IP6 fe80::1 > ff02::2: ipv6-icmp, length 4', frame('86dd', IPV6)],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP echo request, id 1, seq 2, length 8, IP options [RTRALT,NOP,option-30]',
    ip(icmp.PROTOCOL, icmpOf(8, 0, '00010002'), { options: '94040000 01 1e03ff' }),
  ],
  ['IP 10.0.0.2 > 10.0.0.1: gre, length 4', ip(47, hex('00000800'))],
  ['IP 10.0.0.2 > 10.0.0.1: ip-proto-253, length 0', ip(253, hex(''))],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2, frag id 4711 offset 0+',
    ip(udp.PROTOCOL, udpOf(5, 9, hex('dead')), { more: true }),
  ],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: SCTP [SACK,chunk-77], tag 0x0000abcd, length 25', ip(sctp.PROTOCOL, SCTP)],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: SCTP [SACK], tag 0x0000abcd, length 24, frag id 4711 offset 0+',
    ip(sctp.PROTOCOL, SCTP.slice(0, 36), { more: true }),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: udp, length 8, frag id 4711 offset 1480',
    ip(udp.PROTOCOL, new Uint8Array(8), { offset: 1480 }),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP destination-unreachable port-unreachable, length 38, about IP 10.0.0.2.5 > 10.0.0.1.9: udp',
    ip(icmp.PROTOCOL, icmpOf(3, 3, '00000000', QUOTED)),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP destination-unreachable fragmentation-needed mtu 1400, length 28, about IP 10.0.0.2 > 10.0.0.1: udp, frag id 4711 offset 8',
    ip(icmp.PROTOCOL, icmpOf(3, 4, '00000578', datagram(udp.PROTOCOL, hex(''), { offset: 8 }))),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP redirect host-redirect to 10.0.0.254, length 36, about IP 10.0.0.2.5 > 10.0.0.1.9: udp',
    ip(icmp.PROTOCOL, icmpOf(5, 1, '0a0000fe', QUOTED.slice(0, 28))),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP parameter-problem code 9 at byte 20, length 28, about IP [ipv4: bad-version] 20 bytes',
    ip(icmp.PROTOCOL, icmpOf(12, 9, '14000000', new Uint8Array(20))),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP timestamp-reply, id 1, seq 2, length 8',
    ip(icmp.PROTOCOL, icmpOf(14, 0, '00010002')),
  ],
  ['IP 10.0.0.2 > 10.0.0.1: ICMP type 200, code 3, length 8', ip(icmp.PROTOCOL, icmpOf(200, 3, '00000000'))],
  ['IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [none], win 512, length 0', ip(tcp.PROTOCOL, tcpOf(0))],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [FSRP.UEW], seq 4294967294:2, ack 7, win 512, urg 3, options [mss 1460,wscale 7,nop,sackOK,eol], length 4',
    ip(tcp.PROTOCOL, tcpOf(0xff, hex('00010203'), '020405b4 030307 01 0402 0000')),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [.], ack 7, win 512, options [sack 2 {1:2}{3:4294967295},nop,nop], length 0',
    ip(tcp.PROTOCOL, tcpOf(tcp.ACK, hex(''), '0512 00000001 00000002 00000003 ffffffff 0101')),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [S], seq 4294967294, win 512, options [TS val 4294967295 ecr 0,TFO,unknown-99 0xbeef,nop,nop,nop,nop], length 0',
    ip(tcp.PROTOCOL, tcpOf(tcp.SYN, hex(''), '080a ffffffff 00000000 2202 6304beef 01010101')),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [P.], seq 4294967294:22, ack 7, win 512, length 24: HTTP: GET /\\027[31m\\155 HTTP/1.1',
    ip(tcp.PROTOCOL, tcpOf(tcp.PSH | tcp.ACK, hex(ascii('GET /\x1b[31m\x9b HTTP/1.1\r\n\r\n')))),
  ],
  ['IP 10.0.0.2.5 > 10.0.0.1.53: 12345+ A? cirros.novalocal. (34)', ip(udp.PROTOCOL, udpOf(5, 53, QUESTION))],
  [
    'IP 10.0.0.2.53 > 10.0.0.1.5: 12345* 8/0/1 A 10.0.0.2, AAAA fe80::1, CNAME b.cirros., MX cirros. 10, SRV cirros.:80 1 2, TXT "a\\"\\007b", SOA cirros. cirros. 1, CH TYPE65534 beef (198)',
    ip(udp.PROTOCOL, udpOf(53, 5, ANSWER)),
  ],
  [
    'IP 10.0.0.2.67 > 10.0.0.1.68: BOOTP/DHCP, Reply, length 300: DHCPOFFER, xid 0x5a, broadcast, yiaddr 10.0.0.2, chaddr 08:00:27:00:56:65, options [hostname ci\\010\\\\rros; lease-time 2m; option-224 be:ef]',
    ip(udp.PROTOCOL, udpOf(67, 68, offer(300, [12, ascii('ci\n\\rros')], [51, '00000078'], [224, 'beef']))),
  ],
  [
    'IP 10.0.0.2.67 > 10.0.0.1.68: BOOTP/DHCP, Reply, length 252: DHCPOFFER, xid 0x5a, broadcast, yiaddr 10.0.0.2, chaddr 08:00:27:00:56:65, options [hostname cirros; domain-name novalocal]',
    ip(udp.PROTOCOL, udpOf(67, 68, offer(252, [12, ascii('cirros')], [15, ascii('novalocal')]))),
  ],
]

/** The frame with one byte set. */
function withByte(b: Uint8Array, at: number, value: number): Uint8Array {
  const changed = Uint8Array.from(b)
  changed[at] = value
  return changed
}

/** A frame each, with nothing wrong. */
export const UDP = ip(udp.PROTOCOL, udpOf(5, 9, hex('dead')))
export const TCP = ip(tcp.PROTOCOL, tcpOf(tcp.SYN, hex(''), '020405b4'))
export const OFFER = ip(udp.PROTOCOL, udpOf(67, 68, offer(300, [12, ascii('cirros')])))

/** Frames with something wrong, and what is said of it. */
export const MALFORMED: [line: string, frame: Uint8Array][] = [
  ['[ethernet: truncated] 0 bytes', hex('')],
  ['[ethernet: truncated] 1 byte', hex('ff')],
  ['[ethernet: truncated] 13 bytes', UDP.slice(0, 13)],
  ['vlan 5, p 0, [vlan: truncated] 3 bytes', frame('8100 0005 8100 00', hex('')).slice(0, 19)],
  ['08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, [llc: truncated] 2 bytes', frame('0002', hex('4242'))],
  [
    '08:00:27:00:56:65 > fa:16:3e:2c:e8:ec, STP, length 1 [ethernet: truncated]',
    frame('0026', hex('42420300')),
  ],
  ['ARP, [arp: truncated] 27 bytes', frame('0806', arpOf(1, '000000000000')).slice(0, 41)],
  ['ARP, [arp: bad-version] 28 bytes', withByte(frame('0806', arpOf(1, '000000000000')), 15, 24)],
  ['ARP, [arp: bad-length] 28 bytes', withByte(frame('0806', arpOf(1, '000000000000')), 18, 5)],
  ['IP [ipv4: truncated] 19 bytes', UDP.slice(0, 33)],
  ['IP [ipv4: bad-version] 30 bytes', withByte(UDP, 14, 0x65)],
  ['IP [ipv4: bad-header-length] 30 bytes', withByte(UDP, 14, 0x44)],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2 [ipv4: bad-checksum]', withByte(UDP, 22, 1)],
  ['IP 10.0.0.2 > 10.0.0.1: [ipv4: bad-length] 30 bytes [ipv4: bad-checksum]', withByte(UDP, 17, 19)],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2 [udp: truncated] [ipv4: truncated]', UDP.slice(0, 43)],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: [udp: truncated] 7 bytes [ipv4: truncated]', UDP.slice(0, 41)],
  ['IP 10.0.0.2 > 10.0.0.1: [udp: truncated] 3 bytes [ipv4: truncated]', UDP.slice(0, 37)],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2 [udp: bad-checksum]', withByte(UDP, 42, 0)],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: [udp: bad-length] 10 bytes', withByte(UDP, 39, 7)],
  ['IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 3 [udp: truncated]', withByte(UDP, 39, 11)],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: [sctp: truncated] 11 bytes',
    ip(sctp.PROTOCOL, withByte(SCTP, 0, 0).slice(0, 11)),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: SCTP [SACK,chunk-77], tag 0x0000abcd, length 25 [sctp: bad-checksum]',
    withByte(ip(sctp.PROTOCOL, SCTP), 42, 0),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: SCTP [SACK], tag 0x0000abcd, length 25 [sctp: bad-length]',
    ip(sctp.PROTOCOL, withByte(SCTP, 31, 3)),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: SCTP [SACK], tag 0x0000abcd, length 25 [sctp: truncated]',
    ip(sctp.PROTOCOL, withByte(SCTP, 31, 10)),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.9: SCTP [SACK], tag 0x0000abcd, length 19 [sctp: truncated]',
    ip(sctp.PROTOCOL, SCTP.slice(0, 31)),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: gre, length 0, IP options [NOP] [ipv4: bad-option]',
    ip(47, hex(''), { options: '01440100' }),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP time-exceeded ttl-zero-during-transit, length 8 [icmp: truncated]',
    ip(icmp.PROTOCOL, icmpOf(11, 0, '00000000')),
  ],
  [
    'IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id 1, seq 3, length 8 [icmp: bad-checksum]',
    withByte(ip(icmp.PROTOCOL, icmpOf(0, 0, '00010002')), 41, 3),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: [tcp: truncated] 19 bytes',
    ip(tcp.PROTOCOL, tcpOf(tcp.SYN).slice(0, 19)),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [S], seq 4294967294, win 512 [tcp: truncated]',
    ip(tcp.PROTOCOL, withByte(tcpOf(tcp.SYN), 12, 0x60)),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [S], seq 4294967294, win 512 [tcp: bad-header-length]',
    ip(tcp.PROTOCOL, withByte(tcpOf(tcp.SYN), 12, 0x40)),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [S], seq 4294967294, win 512, options [MSS 0x05,eol], length 0 [tcp: bad-option]',
    ip(tcp.PROTOCOL, tcpOf(tcp.SYN, hex(''), '02030500')),
  ],
  [
    'IP 10.0.0.2.1024 > 10.0.0.1.22: Flags [S], seq 4294967294, win 512, options [mss 1460], length 0 [tcp: bad-checksum]',
    withByte(TCP, 50, 1),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.53: DNS, [dns: truncated] 11 bytes',
    ip(udp.PROTOCOL, udpOf(5, 53, QUESTION.slice(0, 11))),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.53: 12345+ (33) [dns: truncated]',
    ip(udp.PROTOCOL, udpOf(5, 53, QUESTION.slice(0, 33))),
  ],
  [
    'IP 10.0.0.2.5 > 10.0.0.1.53: 12345+ [2q] A? cirros.novalocal. (34) [dns: bad-name]',
    ip(udp.PROTOCOL, udpOf(5, 53, withByte(QUESTION, 5, 2))),
  ],
  [
    'IP 10.0.0.2.53 > 10.0.0.1.5: 12345* 8/0/1 (197) [dns: truncated]',
    ip(udp.PROTOCOL, udpOf(53, 5, ANSWER.slice(0, 197))),
  ],
  [
    'IP 10.0.0.2.67 > 10.0.0.1.68: BOOTP/DHCP, [dhcp: truncated] 239 bytes',
    ip(udp.PROTOCOL, udpOf(67, 68, offer(300).slice(0, 239))),
  ],
  [
    'IP 10.0.0.2.67 > 10.0.0.1.68: BOOTP/DHCP, Reply, length 300: xid 0x5a, broadcast, yiaddr 10.0.0.2, chaddr 08:00:27:00:56:65 [dhcp: bad-magic]',
    ip(udp.PROTOCOL, udpOf(67, 68, withByte(offer(300), 236, 0))),
  ],
  [
    'IP 10.0.0.2.67 > 10.0.0.1.68: BOOTP/DHCP, op 7, length 300: DHCPOFFER, xid 0x5a, broadcast, yiaddr 10.0.0.2, chaddr 08:00:27:00:56:65 [dhcp: bad-value]',
    ip(udp.PROTOCOL, udpOf(67, 68, withByte(offer(300), 0, 7))),
  ],
  ['IP6 [ipv6: truncated] 39 bytes', frame('86dd', IPV6.slice(0, 39))],
  ['IP6 [ipv6: bad-version] 44 bytes', frame('86dd', withByte(IPV6, 0, 0x40))],
  ['IP6 fe80::1 > ff02::2: ipv6-icmp, length 4 [ipv6: truncated]', frame('86dd', IPV6.slice(0, 43))],
]
