/**
 * What leaves of FTP sessions and TFTP requests with NAT between the two who talk. It is what the kernel has made of
 * them: test/lab/helpers.test.ts gives it the same sessions.
 */
import t from 'tap'
import * as ipv4 from '../../src/wire/ipv4.js'
import { formatIpv4 } from '../../src/wire/address.js'
import * as icmp from '../../src/wire/icmp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as tcpOption from '../../src/wire/tcp-option.js'
import * as udp from '../../src/wire/udp.js'
import { HELPERS, SESSIONS } from '../lab/ftp-sessions.js'
import { ourBridge } from '../lab/our-bridge.js'
import { NEIGHBOURS } from '../lab/values.js'

const OPTIONS = { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true }
const [L3, L4] = [14, 34]

function described(b: Uint8Array): string {
  const [from, to] = [ipv4.source(b, L3), ipv4.destination(b, L3)].map(formatIpv4)
  const ports = [udp.sourcePort(b, L4), udp.destinationPort(b, L4)]
  if (!ipv4.checksumIsRight(b, L3) || ipv4.totalLength(b, L3) !== b.length - L3) return 'a bad header'
  if (ipv4.protocol(b, L3) === icmp.PROTOCOL)
    return `${from} > ${to} ICMP ${Buffer.from(b.subarray(L4)).toString('hex')}`
  const ends = `${from}:${ports[0]} > ${to}:${ports[1]}`
  return ipv4.protocol(b, L3) === tcp.PROTOCOL ? `${ends} ${segmentText(b)}` : ends
}

function segmentText(b: Uint8Array): string {
  if (!tcp.checksumIsRight(b, L4, b.length, L3 + 12)) return 'a wrong checksum'
  const text = Buffer.from(b.subarray(tcp.payload(b, L4)))
    .toString('latin1')
    .trimEnd()
  const flags = tcp.FLAG_NAMES.filter((_, bit) => (tcp.flags(b, L4) & (1 << bit)) !== 0).join(',')
  const sack = tcpOption.find(b, L4, tcpOption.SACK)
  return [
    flags,
    `${tcp.sequenceNumber(b, L4)}`,
    `${tcp.acknowledgmentNumber(b, L4)}`,
    sack === -1 ? '' : `[${tcpOption.leftEdge(b, sack, 0)}-${tcpOption.rightEdge(b, sack, 0)}]`,
    text,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** By the names of the sessions: what left, then `conntrack -L`. */
const LEFT: Record<string, string[]> = {
  'active: the client announces a longer address': [
    '10.0.0.140:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.140:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.3:21 > 10.0.0.2:3000 SYN,ACK 5000 4294967169',
    '10.0.0.140:3000 > 10.0.0.3:21 ACK 4294967169 5001',
    '10.0.0.3:21 > 10.0.0.2:3000 PSH,ACK 5001 4294967169 220 hello',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967169 5012 USER nobody',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967182 5012 PORT 10,0,0,140,78,32',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967182 5012 PORT 10,0,0,140,78,32',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967205 5012 NOOP',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967211 5012 STAT',
    '10.0.0.3:21 > 10.0.0.2:3000 ACK 5012 4294967203 [4294967209-4294967215]',
    '10.0.0.3:21 > 10.0.0.2:3000 PSH,ACK 5012 4294967215 200 fine',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967217 5022 EPRT |1|10.0.0.140|20001|',
    '10.0.0.3:21 > 10.0.0.2:3000 ACK 5022 4294967240',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967244 5022 LIST',
    '10.0.0.3:20 > 10.0.0.2:20001 SYN 5000 0',
    '10.0.0.140:20001 > 10.0.0.3:20 SYN,ACK 4294967168 5001',
    '10.0.0.3:20 > 10.0.0.2:20001 ACK 5001 4294967169',
    '10.0.0.3:20 > 10.0.0.2:20001 PSH,ACK 5001 4294967169 a file',
    '10.0.0.140:20001 > 10.0.0.3:20 ACK 4294967169 5009',
    '10.0.0.3:21 > 10.0.0.2:3000 PSH,ACK 5022 4294967246 226 done',
    'tcp      6 300 ESTABLISHED src=10.0.0.2 dst=10.0.0.3 sport=3000 dport=21 src=10.0.0.3 dst=10.0.0.140 sport=21 dport=3000 [ASSURED] mark=0 helper=ftp use=1',
    'tcp      6 431999 ESTABLISHED src=10.0.0.3 dst=10.0.0.140 sport=20 dport=20001 src=10.0.0.2 dst=10.0.0.3 sport=20001 dport=20 [ASSURED] mark=0 use=1',
  ],
  'passive: the server announces a shorter address': [
    '10.0.0.2:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.2:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '1.2.3.4:21 > 10.0.0.2:3000 SYN,ACK 5000 4294967169',
    '10.0.0.2:3000 > 10.0.0.3:21 ACK 4294967169 5001',
    '1.2.3.4:21 > 10.0.0.2:3000 PSH,ACK 5001 4294967169 220 hello',
    '10.0.0.2:3000 > 10.0.0.3:21 PSH,ACK 4294967169 5012 PASV',
    '1.2.3.4:21 > 10.0.0.2:3000 PSH,ACK 5012 4294967175 227 Entering Passive Mode (1,2,3,4,78,32).',
    '10.0.0.2:3000 > 10.0.0.3:21 PSH,ACK 4294967175 5057 EPSV',
    '1.2.3.4:21 > 10.0.0.2:3000 PSH,ACK 5056 4294967181 229 Entering Extended Passive Mode (|||20001|)',
    '10.0.0.2:3000 > 10.0.0.3:21 ACK 4294967181 5106',
    '10.0.0.2:30000 > 10.0.0.3:20001 SYN 4294967168 0',
    '1.2.3.4:20001 > 10.0.0.2:30000 SYN,ACK 5000 4294967169',
    '10.0.0.2:30000 > 10.0.0.3:20001 ACK 4294967169 5001',
    '1.2.3.4:21 > 10.0.0.2:3000 PSH,ACK 5104 4294967181 150 here it comes',
    '10.0.0.2:3000 > 10.0.0.3:21 ACK 4294967181 5125',
    'tcp      6 432000 ESTABLISHED src=10.0.0.2 dst=1.2.3.4 sport=3000 dport=21 src=10.0.0.3 dst=10.0.0.2 sport=21 dport=3000 [ASSURED] mark=0 helper=ftp use=1',
    'tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=1.2.3.4 sport=30000 dport=20001 src=10.0.0.3 dst=10.0.0.2 sport=20001 dport=30000 [ASSURED] mark=0 use=1',
  ],
  'a port that two announce, and none above it; and port 0': [
    '10.0.0.9:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.9:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.3:21 > 10.0.0.2:3000 SYN,ACK 5000 4294967169',
    '10.0.0.9:3000 > 10.0.0.3:21 ACK 4294967169 5001',
    '10.0.0.9:3000 > 10.0.0.3:21 PSH,ACK 4294967169 5001 USER nobody',
    '10.0.0.9:3000 > 10.0.0.3:21 PSH,ACK 4294967182 5001 PORT 10,0,0,9,255,255',
    '10.0.0.9:3001 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.3:21 > 10.0.0.2:3001 SYN,ACK 5000 4294967169',
    '10.0.0.9:3001 > 10.0.0.3:21 ACK 4294967169 5001',
    '10.0.0.9:3001 > 10.0.0.3:21 PSH,ACK 4294967169 5001 USER nobody',
    'tcp      6 299 ESTABLISHED src=10.0.0.2 dst=10.0.0.3 sport=3000 dport=21 src=10.0.0.3 dst=10.0.0.9 sport=21 dport=3000 [ASSURED] mark=0 helper=ftp use=1',
    'tcp      6 300 ESTABLISHED src=10.0.0.2 dst=10.0.0.3 sport=3001 dport=21 src=10.0.0.3 dst=10.0.0.9 sport=21 dport=3001 [ASSURED] mark=0 helper=ftp use=1',
  ],
  'an error about an adjusted segment': [
    '10.0.0.140:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.140:3000 > 10.0.0.3:21 SYN 4294967168 0',
    '10.0.0.3:21 > 10.0.0.2:3000 SYN,ACK 5000 4294967169',
    '10.0.0.140:3000 > 10.0.0.3:21 ACK 4294967169 5001',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967169 5001 USER nobody',
    '10.0.0.140:3000 > 10.0.0.3:21 PSH,ACK 4294967182 5001 PORT 10,0,0,140,78,32',
    '10.0.0.3:21 > 10.0.0.2:3000 PSH,ACK 5001 4294967203 200 fine',
    '10.0.0.3 > 10.0.0.2 ICMP 0303f189000000004500002800100000400666bc0a0000020a0000030bb80015ffffffa5',
    '10.0.0.140 > 10.0.0.3 ICMP 0303dd9c000000024500002800100000400466320a0000030a00008c00150bb800001393',
    'tcp      6 299 ESTABLISHED src=10.0.0.2 dst=10.0.0.3 sport=3000 dport=21 src=10.0.0.3 dst=10.0.0.140 sport=21 dport=3000 [ASSURED] mark=0 helper=ftp use=1',
  ],
  TFTP: [
    '10.0.0.140:3000 > 10.0.0.3:69',
    '10.0.0.140:3000 > 10.0.0.3:69',
    '10.0.0.3:40000 > 10.0.0.2:3000',
    '10.0.0.140:3000 > 10.0.0.3:40000',
    'udp      17 29 src=10.0.0.2 dst=10.0.0.3 sport=3000 dport=69 [UNREPLIED] src=10.0.0.3 dst=10.0.0.140 sport=69 dport=3000 mark=0 helper=tftp use=1',
    'udp      17 30 src=10.0.0.3 dst=10.0.0.140 sport=40000 dport=3000 src=10.0.0.2 dst=10.0.0.3 sport=3000 dport=40000 mark=0 use=1',
  ],
}

for (const { name, rules, entering } of SESSIONS)
  t.test(name, async (t) => {
    for (const engine of ['compiled', 'interpreted'] as const) {
      const bridge = ourBridge(OPTIONS, engine)
      t.equal(bridge.load([...HELPERS, '*nat', ...rules, 'COMMIT', ''].join('\n')), null)
      const { left, connections } = await bridge.run(entering)
      const lines = left.sort((a, b) => a.cause - b.cause).map(({ frame }) => described(frame))
      t.strictSame([...lines, ...connections], LEFT[name], engine)
    }
  })
