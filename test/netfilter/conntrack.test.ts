/**
 * Connections and translated addresses by what a packet gets: states, times, ports. That they are the kernel's,
 * test/lab shows; here is what takes too long or too many packets to ask there, and bounds.
 */
import t from 'tap'
import { createConntrack } from '../../src/netfilter/conntrack/conntrack.js'
import type { Conntrack, ConntrackOptions } from '../../src/netfilter/conntrack/conntrack.js'
import { ESTABLISHED, INVALID, NEW, RELATED } from '../../src/netfilter/conntrack/entry.js'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import { POSTROUTING, PREROUTING } from '../../src/netfilter/hook.js'
import { Packet } from '../../src/netfilter/packet.js'
import type { NatRange } from '../../src/netfilter/conntrack/nat-tuple.js'
import { ACCEPT, DROP } from '../../src/netfilter/verdict.js'
import { formatIpv4, parseIpv4 } from '../../src/wire/address.js'
import * as checksums from '../../src/wire/checksum.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import type { FrameFields } from './frames.js'

const SECOND = 1_000_000
const L3 = 14
const L4 = L3 + ipv4.HEADER_LENGTH
const [SYN, ACK, RST, FIN] = [2, 16, 4, 1]
const ANYWHERE: NatRange = { addresses: null, ports: null, base: null, isRandom: false, isPersistent: false }
const toSource = (address: string): NatRange => ({
  ...ANYWHERE,
  addresses: [parseIpv4(address)!, parseIpv4(address)!],
})

/** A node on which nothing but tracking and NAT happens. `now` are seconds. */
class Node {
  readonly connections: Conntrack
  now = 100
  readonly packet = new Packet()

  constructor(options: ConntrackOptions = {}) {
    this.connections = createConntrack({ random: () => 0, ...options })
  }

  /** Sends a frame through; `source` is what SNAT gives to what begins a connection. Returns the frame's state. */
  pass(frame: Uint8Array, source: NatRange | null = null, isDropped = false): number {
    const { packet, connections } = this
    packet.read(frame, 0, L3)
    packet.now = this.now * SECOND
    packet.hook = PREROUTING
    if (connections.track(packet) !== ACCEPT) return -1
    connections.translate(packet)
    if (!isDropped) {
      packet.hook = POSTROUTING
      if (source !== null && connections.asksNat(packet, POSTROUTING)) connections.bind(packet, source)
      connections.translate(packet)
      if (connections.confirm(packet) === DROP) packet.connectionState = -1
    }
    connections.release()
    return packet.connectionState
  }

  get lines(): string[] {
    return connectionLines(this.connections, this.now * SECOND)
  }
}

/** The other way round, as the answer to what left. */
function answer(frame: Uint8Array): FrameFields {
  return {
    source: formatIpv4(ipv4.destination(frame, L3)),
    destination: formatIpv4(ipv4.source(frame, L3)),
    sport: udp.destinationPort(frame, L4),
    dport: udp.sourcePort(frame, L4),
  }
}

t.test('TCP: a handshake, its end, and its times', async (t) => {
  const node = new Node()
  const there = { source: '10.0.0.2', destination: '10.0.0.3', sport: 5000, dport: 80 }
  const back = { source: '10.0.0.3', destination: '10.0.0.2', sport: 80, dport: 5000 }
  const send = (flags: number, fields: FrameFields, seq: number, ack: number): number => {
    const frame = tcpFrame(flags, fields)
    tcp.setSequenceNumber(frame, L4, seq)
    tcp.setAcknowledgmentNumber(frame, L4, ack)
    tcp.setWindow(frame, L4, 1000)
    tcp.fillChecksum(frame, L4, frame.length, L3 + 12)
    return node.pass(frame)
  }
  const state = (): string => /tcp +6 (\d+ \w+)/.exec(node.lines[0] ?? '')?.[1] ?? 'none'
  t.equal(send(SYN, there, 100, 0), NEW)
  t.equal(state(), '120 SYN_SENT')
  t.match(node.lines, [/src=10.0.0.2 dst=10.0.0.3 sport=5000 dport=80 \[UNREPLIED\] src=10.0.0.3 .* mark=0/])
  t.equal(send(SYN | ACK, back, 700, 101), ESTABLISHED)
  t.equal(state(), '60 SYN_RECV')
  t.equal(send(ACK, there, 101, 701), ESTABLISHED)
  t.equal(state(), '432000 ESTABLISHED')
  t.match(node.lines, [/\[ASSURED\]/])
  t.equal(send(ACK, there, 90_000_000, 701), INVALID, 'out of the window')
  t.equal(send(RST, back, 650, 0), INVALID, 'before the window')
  t.equal(state(), '432000 ESTABLISHED')
  t.equal(send(FIN | ACK, there, 101, 701), ESTABLISHED)
  t.equal(state(), '120 FIN_WAIT')
  t.equal(send(ACK, back, 701, 102), ESTABLISHED)
  t.equal(state(), '60 CLOSE_WAIT')
  t.equal(send(FIN | ACK, back, 701, 102), ESTABLISHED)
  t.equal(state(), '30 LAST_ACK')
  t.equal(send(ACK, there, 102, 702), ESTABLISHED)
  t.equal(state(), '120 TIME_WAIT')
  node.now += 119
  t.equal(state(), '1 TIME_WAIT')
  node.now += 1
  t.equal(state(), 'none')
})

t.test('UDP is a stream when it goes on after two seconds', async (t) => {
  const node = new Node()
  const there = udpFrame({ sport: 4000, dport: 53 })
  const left = (): number => Number(/udp +17 (\d+)/.exec(node.lines[0])![1])
  t.equal(node.pass(there.slice()), NEW)
  t.equal(node.pass(udpFrame(answer(there))), ESTABLISHED)
  node.now += 1
  node.pass(there.slice())
  t.equal(left(), 30)
  t.notMatch(node.lines[0], /ASSURED/)
  node.now += 2
  node.pass(there.slice())
  t.equal(left(), 120)
  t.match(node.lines[0], /ASSURED/)
})

t.test('what is dropped has begun nothing; another in its place drops the later one', async (t) => {
  const node = new Node()
  node.pass(udpFrame(), null, true)
  t.equal(node.connections.table.count, 0)
  const fixed = { ...toSource('10.0.0.99'), ports: [99, 99] as const }
  t.equal(node.pass(udpFrame({ source: '10.0.0.2', destination: '10.0.0.5' }), fixed), NEW)
  t.equal(
    node.pass(udpFrame({ source: '10.0.0.3', destination: '10.0.0.5' }), fixed),
    -1,
    'the same port: a clash',
  )
  t.equal(node.connections.table.count, 1)
})

t.test('SNAT: every connection gets a port of its own, of its class, and answers come back', async (t) => {
  const node = new Node()
  const seen = new Set<number>()
  for (const sport of [300, 700, 5000])
    for (let host = 2; host < 40; host++) {
      const frame = udpFrame({ source: `10.0.0.${host}`, destination: '8.8.8.8', sport, payload: 9 })
      node.pass(frame, toSource('192.0.2.1'))
      const port = udp.sourcePort(frame, L4)
      t.equal(formatIpv4(ipv4.source(frame, L3)), '192.0.2.1')
      t.notOk(seen.has(port), `port ${port} once`)
      t.equal(port < 512 ? 300 : port < 1024 ? 700 : 5000, sport, 'of the same class')
      t.ok(ipv4.checksumIsRight(frame, L3) && udp.checksumIsRight(frame, L4, L3 + 12), 'checksums')
      seen.add(port)
      const reply = udpFrame(answer(frame))
      t.equal(node.pass(reply), ESTABLISHED)
      t.equal(formatIpv4(ipv4.destination(reply, L3)), `10.0.0.${host}`)
      t.equal(udp.destinationPort(reply, L4), sport)
      t.ok(udp.checksumIsRight(reply, L4, L3 + 12))
    }
})

t.test('a UDP checksum of 0 stays 0', async (t) => {
  const frame = udpFrame({ source: '10.0.0.2', destination: '8.8.8.8' })
  udp.setChecksum(frame, L4, 0)
  new Node().pass(frame, toSource('192.0.2.1'))
  t.equal(udp.checksum(frame, L4), 0)
})

t.test(
  'an ICMP error of a translated connection: itself and what it quotes are translated back',
  async (t) => {
    const node = new Node()
    const sent = tcpFrame(SYN, { source: '10.0.0.2', destination: '8.8.8.8', sport: 5000 })
    const original = sent.slice(L3)
    node.pass(sent, toSource('192.0.2.1'))
    const error = icmpFrame(3, 1, { source: '7.7.7.7', destination: '192.0.2.1', payload: sent.length - L3 })
    error.set(sent.subarray(L3), L4 + icmp.HEADER_LENGTH)
    icmp.fillChecksum(error, L4, error.length)
    t.equal(node.pass(error), RELATED)
    t.equal(formatIpv4(ipv4.destination(error, L3)), '10.0.0.2')
    t.strictSame(error.slice(L4 + icmp.HEADER_LENGTH), original, 'the quotation is what the sender sent')
    t.equal(checksums.compute(error, L4, error.length - L4), 0)
  },
)

t.test('the last free port of 64,000 is found', async (t) => {
  let bits = 1
  const random = (): number => (bits = Math.imul(bits, 48_271) >>> 0)
  const node = new Node({ most: 70_000, random })
  const ports = new Set<number>()
  const all = 65_535 - 1024 + 1
  for (let i = 0; i < all; i++) {
    const source = `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
    const frame = udpFrame({ source, destination: '8.8.8.8', sport: 1024 })
    node.pass(frame, toSource('192.0.2.1'))
    ports.add(udp.sourcePort(frame, L4))
  }
  t.equal(ports.size, all, 'every port once')
  t.equal(
    node.pass(udpFrame({ source: '11.0.0.1', destination: '8.8.8.8', sport: 1024 }), toSource('192.0.2.1')),
    -1,
  )
  const other = udpFrame({ source: '11.0.0.1', destination: '8.8.4.4', sport: 1024 })
  t.equal(node.pass(other, toSource('192.0.2.1')), NEW, 'to another destination the port is free')
  t.equal(udp.sourcePort(other, L4), 1024)
  node.now += 40
  t.equal(
    node.pass(udpFrame({ source: '11.0.0.2', destination: '8.8.8.8', sport: 1024 }), toSource('192.0.2.1')),
    NEW,
  )
})

t.test('a table that is full gives up who was never answered, and refuses if nobody can go', async (t) => {
  const node = new Node({ most: 8 })
  const frame = (i: number): Uint8Array => udpFrame({ sport: 1000 + i })
  for (let i = 0; i < 20; i++) t.equal(node.pass(frame(i)), NEW)
  t.equal(node.connections.table.count, 8)
  t.equal(node.connections.table.earlyDrops, 12)
  const assured = new Node({ most: 4 })
  for (let i = 0; i < 4; i++) {
    for (const one of [frame(i), udpFrame(answer(frame(i)))]) assured.pass(one)
    assured.now += 3
    assured.pass(frame(i))
  }
  t.equal(assured.pass(frame(9)), -1)
  t.equal(assured.connections.table.earlyDrops, 0)
})
