/**
 * What WebAssembly takes in of established connections, against the trackers that it stands in for: the same packets
 * through a table in the frames' memory and through one that has its own, where every packet goes to the trackers.
 */
import { deepEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { conntrackBytes, createConntrack } from '../../src/netfilter/conntrack/conntrack.js'
import type { Conntrack } from '../../src/netfilter/conntrack/conntrack.js'
import {
  DYING,
  ENTRY_WORDS,
  ESTABLISHED,
  INVALID,
  NEW,
  NEXT,
  STATUS,
} from '../../src/netfilter/conntrack/entry.js'
import { createEstablished } from '../../src/netfilter/conntrack/established.js'
import type { Established } from '../../src/netfilter/conntrack/established.js'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import { DEFAULT_TIMEOUTS } from '../../src/netfilter/conntrack/timeouts.js'
import { PREROUTING } from '../../src/netfilter/hook.js'
import { Packet } from '../../src/netfilter/packet.js'
import { Memory } from '../../src/packet/memory.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { runs } from '../soak.js'
import { tcpFrame, udpFrame } from './frames.js'
import type { FrameFields } from './frames.js'

const [L3, L4] = [14, 14 + ipv4.HEADER_LENGTH]
const [FIN, SYN, RST, PSH, ACK, URG] = [1, 2, 4, 8, 16, 32]
const MOST = 64
const FRAME_BYTES = 70_000
const START = 1e9
const ENDS = [
  { source: '10.0.0.2', destination: '10.0.0.3', sport: 5000, dport: 80 },
  { source: '10.0.0.3', destination: '10.0.0.2', sport: 80, dport: 5000 },
] as const

/** The same packets to both kinds of tables. */
class Twins {
  readonly packet = new Packet()
  now = START
  /** In the frames' memory, and in its own. */
  readonly tables: readonly [Conntrack, Conntrack]
  readonly #memory = new Memory(conntrackBytes(MOST) + FRAME_BYTES + 256)
  readonly #at: number
  readonly #established: Established

  constructor(accounting = false) {
    const memory = this.#memory
    const options = { most: MOST, accounting, policies: { short: { udp_timeout: 7 } } }
    this.tables = [createConntrack({ ...options, memory }), createConntrack(options)]
    this.#established = createEstablished(this.tables[0].table, memory, DEFAULT_TIMEOUTS, true)
    this.#at = memory.reserve(FRAME_BYTES)
  }

  /** Sends a frame through both; its state, which must be the same. `shift` moves it in the memory. */
  pass(frame: Uint8Array, shift = 0, zone = 0): number {
    this.#memory.bytes.set(frame, this.#at + shift)
    return this.#take(this.#memory.bytes, this.#at + shift, zone)
  }

  #take(bytes: Uint8Array, at: number, zone: number): number {
    const [first, second] = this.tables.map((connections) => {
      const { packet } = this
      const { template } = packet
      packet.read(bytes, at, at + L3)
      packet.now = this.now
      packet.hook = PREROUTING
      packet.zone = zone
      packet.template = template
      const verdict = connections.track(packet)
      const { connection, direction, connectionState } = packet
      connections.confirm(packet)
      connections.release()
      return { verdict, connection, direction, connectionState }
    })
    deepEqual(first, second)
    this.compare()
    return first.connectionState
  }

  /** All that is remembered is the same, but for the order in chains. */
  compare(): void {
    const [first, second] = this.tables.map(({ table }) => {
      const words = table.words.slice()
      for (let entry = 0; entry < words.length; entry += ENTRY_WORDS)
        words.fill(0, entry + NEXT, entry + NEXT + 2)
      return words
    })
    deepEqual(first, second)
  }

  /** Sends a frame that is not in the tables' memory, where something else stands at its offset. */
  passElsewhere(frame: Uint8Array): number {
    const bytes = new Uint8Array(this.#at + frame.length)
    bytes.set(frame, this.#at)
    return this.#take(bytes, this.#at, 0)
  }

  /** Whether the trackers are not needed for a frame. */
  isTakenAtOnce(frame: Uint8Array, shift: number): boolean {
    const at = this.#at + shift
    this.#memory.bytes.set(frame, at)
    this.packet.read(this.#memory.bytes, at, at + L3)
    this.packet.now = ++this.now
    return this.#established.takePacket(this.packet) !== 0
  }

  get lines(): string[] {
    return connectionLines(this.tables[0], this.now)
  }
}

/** One segment of a conversation: what differs from what should come next, mostly nothing. */
const segment = fc.record({
  back: fc.boolean(),
  flags: often(ACK, fc.constantFrom(ACK | PSH, ACK | URG, FIN | ACK, RST, RST | ACK, SYN, SYN | ACK, FIN, 0)),
  length: fc.oneof(fc.nat(40), fc.constantFrom(0, 0, 1, 1448, 9000)),
  seq: often(0, anOffset()),
  ack: often(0, anOffset()),
  window: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(1000, 65_535) }, fc.nat(65_535), fc.constant(0)),
  options: often('', fc.constantFrom('timestamp', 'shifted', 'sack', 'nop', 'cut')),
  isWrong: often(false, fc.constant(true)),
  wait: often(1, fc.constantFrom(0, 1e6, 3e8, 4e8, 4.4e11)),
  shift: fc.nat(7),
  again: often(false, fc.constant(true)),
})

function often<T, U>(usual: T, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other })
}

function anOffset(): fc.Arbitrary<number> {
  const edges = [1, 999, 1000, 1001, 65_534, 65_535, 65_536, 66_000, 66_001, 131_070, 2 ** 31 - 1, 2 ** 31]
  return fc.oneof(
    fc.constantFrom(...edges, ...edges.map((edge) => -edge)),
    fc.integer({ min: -2000, max: 2000 }),
  )
}

const OPTIONS: Readonly<Record<string, readonly number[]>> = {
  '': [],
  timestamp: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
  shifted: [8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1],
  sack: [1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 1, 0],
  nop: [1, 1, 1, 1],
  /** The header goes on behind the segment's end. */
  cut: [1, 1, 8, 10],
}

interface Fields {
  flags: number
  seq: number
  ack: number
  window: number
  options?: readonly number[]
  length?: number
  isWrong?: boolean
}

function tcpSegment(
  ends: FrameFields,
  { flags, seq, ack, window, options = [], length = 0, isWrong }: Fields,
) {
  const frame = tcpFrame(flags, { ...ends, payload: options.length + length })
  tcp.setDataOffset(frame, L4, tcp.HEADER_LENGTH + (options === OPTIONS['cut'] ? 12 : options.length))
  frame.set(options, L4 + tcp.HEADER_LENGTH)
  for (let i = L4 + tcp.HEADER_LENGTH + options.length; i < frame.length; i++) frame[i] = i * 37
  tcp.setSequenceNumber(frame, L4, seq)
  tcp.setAcknowledgmentNumber(frame, L4, ack)
  tcp.setWindow(frame, L4, window)
  tcp.fillChecksum(frame, L4, frame.length, L3 + 12)
  if (isWrong === true) tcp.setChecksum(frame, L4, tcp.checksum(frame, L4) ^ 0x0100)
  return frame
}

t.test('TCP: the same of each segment, and the same is remembered', async (t) => {
  let established = 0
  const talks = fc.record({
    starts: fc.tuple(fc.integer(), fc.integer()),
    shifts: fc.option(fc.tuple(fc.nat(15), fc.nat(15))),
    takesSacks: fc.boolean(),
    zone: often(0, fc.constantFrom(7 << 16, (7 << 16) | 0x100)),
    accounting: fc.boolean(),
    segments: fc.array(segment, { size: 'max', maxLength: 200 }),
  })
  fc.assert(
    fc.property(talks, ({ starts, shifts, takesSacks, zone, accounting, segments }) => {
      const twins = new Twins(accounting)
      const next = [...starts]
      const send = (end: number, fields: Fields, shift = 0): number =>
        twins.pass(tcpSegment(ENDS[end], fields), shift, zone)
      const synOptions = (end: number): number[] => [
        ...(shifts === null ? [] : [3, 3, shifts[end], 1]),
        ...(takesSacks ? [4, 2, 1, 1] : []),
      ]
      send(0, { flags: SYN, seq: next[0]++, ack: 0, window: 1000, options: synOptions(0) })
      send(1, { flags: SYN | ACK, seq: next[1]++, ack: next[0], window: 1000, options: synOptions(1) })
      send(0, { flags: ACK, seq: next[0], ack: next[1], window: 1000 })
      for (const one of segments) {
        const [from, to] = one.back ? [1, 0] : [0, 1]
        const fields = {
          ...one,
          length: one.options === 'cut' ? 0 : one.length,
          seq: next[from] + one.seq,
          ack: next[to] + one.ack,
          options: OPTIONS[one.options],
        }
        twins.now += one.wait
        for (let times = one.again ? 5 : 1; times > 0; times--)
          if (send(from, fields, one.shift) === ESTABLISHED) established++
        if (one.seq === 0 && !one.isWrong) next[from] += one.length
      }
    }),
    runs(300),
  )
  t.ok(established > 10_000, `${established} segments of established connections`)
})

t.test('UDP: the same of each datagram', async (t) => {
  let established = 0
  const datagram = fc.record({
    back: fc.boolean(),
    payload: fc.oneof(fc.nat(64), fc.nat(2000)),
    isWrong: often(false, fc.constant(true)),
    isUnsummed: often(false, fc.constant(true)),
    length: often(null, fc.nat(40)),
    wait: fc.constantFrom(0, 1, 1e6, 1.9e6, 2.1e6, 29e6, 31e6, 121e6),
    shift: fc.nat(7),
    zone: often(0, fc.constant(7 << 16)),
  })
  fc.assert(
    fc.property(fc.array(datagram, { size: 'max', maxLength: 60 }), (datagrams) => {
      const twins = new Twins()
      for (const { back, payload, isWrong, isUnsummed, length, wait, shift, zone } of datagrams) {
        const frame = udpFrame({ ...ENDS[back ? 1 : 0], payload })
        frame.fill(payload, L4 + udp.HEADER_LENGTH)
        if (length !== null) udp.setLength(frame, L4, length)
        udp.fillChecksum(frame, L4, L3 + 12)
        if (isWrong) udp.setChecksum(frame, L4, udp.checksum(frame, L4) ^ 0x4000)
        if (isUnsummed) udp.setChecksum(frame, L4, 0)
        twins.now += wait
        if (twins.pass(frame, shift, zone) === ESTABLISHED) established++
      }
    }),
    runs(200),
  )
  t.ok(established > 1000, `${established} datagrams of established connections`)
})

t.test('what is over, and what is kept by a policy', async (t) => {
  const twins = new Twins()
  const frames = ENDS.map((ends) => udpFrame({ ...ends, payload: 3 }))
  for (const frame of frames) twins.pass(frame)
  t.equal(twins.pass(frames[0]), ESTABLISHED)
  const entry = twins.packet.connection
  twins.now += 30e6
  t.not(twins.pass(frames[0]), ESTABLISHED, 'its time is over')
  twins.pass(frames[1])
  for (const { table } of twins.tables) table.words[entry + STATUS] |= DYING
  t.not(twins.pass(frames[0]), ESTABLISHED, 'it is over whatever time it has')
  for (const { templates } of twins.tables)
    twins.packet.template = templates.add({ helper: '', timeout: 'short' })
  const there = udpFrame({ ...ENDS[0], sport: 9 })
  for (const frame of [there, udpFrame({ ...ENDS[1], dport: 9 }), there]) twins.pass(frame)
  t.match(twins.lines.join('\n'), /udp +17 7 src=10.0.0.2 dst=10.0.0.3 sport=9 /)
})

t.test('each finds its own among connections of equal ports, zones and protocols', async (t) => {
  const twins = new Twins()
  const zones = Array.from({ length: 30 }, (_, i) => i << 16)
  const own = zones.map((zone) => {
    for (const ends of ENDS) twins.pass(udpFrame(ends), 0, zone)
    return twins.packet.connection
  })
  t.equal(new Set(own).size, zones.length)
  zones.forEach((zone, i) => {
    t.equal(twins.pass(udpFrame(ENDS[0]), 0, zone), ESTABLISHED)
    t.equal(twins.packet.connection, own[i])
    t.equal(twins.pass(tcpSegment(ENDS[0], { flags: ACK, seq: 1, ack: 1, window: 1 }), 0, zone), NEW)
    for (const { table } of twins.tables) table.remove(twins.packet.connection)
  })
})

t.test('a packet that is elsewhere, and the rest of one', async (t) => {
  const twins = new Twins()
  const frames = ENDS.map((ends) => udpFrame(ends))
  for (const frame of frames) twins.pass(frame)
  const other = udpFrame({ ...ENDS[0], sport: 77 })
  t.equal(twins.passElsewhere(other), NEW, 'not the one that is at its place in the memory')
  ipv4.setFragmentOffset(frames[0], L3, 8)
  t.equal(twins.pass(frames[0]), INVALID)
})

t.test('what is usual is taken in, whatever its length and its place', async (t) => {
  const twins = new Twins()
  const options = OPTIONS['timestamp']
  // Another window each time: none is a repetition.
  let window = 1000
  const next = (): Fields => ({ flags: ACK | PSH, seq: 11, ack: 21, window: window++ })
  const talks = [
    (length: number) => udpFrame({ ...ENDS[0], payload: length }),
    (length: number) => tcpSegment(ENDS[0], { ...next(), length }),
    (length: number) => tcpSegment(ENDS[0], { ...next(), length, options }),
  ]
  twins.pass(udpFrame(ENDS[0]))
  twins.pass(udpFrame(ENDS[1]))
  twins.pass(tcpSegment(ENDS[0], { flags: SYN, seq: 10, ack: 0, window: 9000 }))
  twins.pass(tcpSegment(ENDS[1], { flags: SYN | ACK, seq: 20, ack: 11, window: 9000 }))
  twins.pass(tcpSegment(ENDS[0], { flags: ACK, seq: 11, ack: 21, window: 9000 }))
  const ports = Array.from({ length: 50 }, (_, i) => 100 + i)
  for (const port of ports) {
    twins.pass(udpFrame({ ...ENDS[0], sport: port }))
    twins.pass(udpFrame({ ...ENDS[1], dport: port }))
  }
  const missed: string[] = []
  talks.forEach((talk, i) => {
    for (let length = 1; length < 40; length++)
      for (let shift = 0; shift < 4; shift++)
        if (!twins.isTakenAtOnce(talk(length), shift)) missed.push(`${i}: ${length} bytes at ${shift}`)
  })
  t.strictSame(missed, [])
  t.not(twins.isTakenAtOnce(udpFrame({ ...ENDS[0], sport: 1 }), 0), 'another one is not')
  const taken = ports.filter((sport) => twins.isTakenAtOnce(udpFrame({ ...ENDS[0], sport }), 0))
  t.strictSame(taken, ports, 'wherever it is in its chain')
})
