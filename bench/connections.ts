/**
 * What connections cost in memory, without a wire: packets of established ones at every hook that a bridged packet
 * meets (PREROUTING, FORWARD, POSTROUTING), the tracking and the checksum included, under the rules of a node; new
 * connections a second, to their entry in the table and its end; and the memory that one takes. Each size in a
 * process of its own, as it would be.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stopwatch } from '../src/core/clock.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { conntrackBytes, createConntrack } from '../src/netfilter/conntrack/conntrack.js'
import type { Conntrack } from '../src/netfilter/conntrack/conntrack.js'
import type { Engine } from '../src/netfilter/engine.js'
import { ESTABLISHED, NEW } from '../src/netfilter/conntrack/entry.js'
import { FORWARD, POSTROUTING, PREROUTING } from '../src/netfilter/hook.js'
import { Packet } from '../src/netfilter/packet.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { ACCEPT } from '../src/netfilter/verdict.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import { Memory } from '../src/packet/memory.js'
import * as tcp from '../src/wire/tcp.js'
import * as udp from '../src/wire/udp.js'
import { STEP, firstPackets, flows } from './flows.js'
import type { Contender, Question, Sample } from './harness.js'
import { moreInstancesAt, withMoreInstances } from './rule-sets.js'

const SELF = fileURLToPath(import.meta.url)
const NODE_RULES = new URL('../../pcaps/golden/boot/c1.rules', import.meta.url)
/** The instances of that node. */
const INSTANCES = [0x0a000002, 0x0a000003]
const RULES_OF_INSTANCE = 7
const FLOWS = 64
const EACH = 64
const PASSES = 300
/** Packets of established connections in a measurement. */
export const PACKETS = FLOWS * EACH * PASSES
/** Simulated time. */
const START = 1.7e15
const SECOND = 1e6

const established = (protocol: string): Question => ({
  name: `established-${protocol}`,
  title: `a packet of an established ${protocol.toUpperCase()} connection at all hooks, rules of a node`,
  unit: 'ns a packet',
  lessIsBetter: true,
  ours: 'br100',
  expected: PACKETS,
  bars: [],
  limit: { bar: 60, reach: 30 },
  rounds: 7,
  contenders: () => Promise.resolve({ contenders: [inProcess('br100', 'established', protocol, 0)] }),
})

const establishedRules: Question = {
  name: 'established-rules',
  title: 'the same with 10,000 more rules, TCP',
  unit: 'ns a packet',
  lessIsBetter: true,
  ours: '10,000 more rules',
  expected: PACKETS,
  bars: [{ against: 'rules of a node', bar: 1.1, reach: 1 }],
  rounds: 9,
  contenders: () =>
    Promise.resolve({
      contenders: [
        inProcess('rules of a node', 'established', 'tcp', 0),
        inProcess('10,000 more rules', 'established', 'tcp', Math.ceil(10_000 / RULES_OF_INSTANCE)),
      ],
    }),
}

/** As many as there are distinct first packets. */
const NEW_CONNECTIONS = 65_536
const NEW_PASSES = 12
/** Entries of a SYN live 120 s: a packet each so many microseconds keeps half of the table in use. */
const BETWEEN_NEW = (120 * SECOND) / (NEW_CONNECTIONS / 2)

const newConnections: Question = {
  name: 'new-connections',
  title: 'new connections, one core, 1,000 rules',
  unit: 'thousand a second',
  lessIsBetter: false,
  ours: 'br100',
  expected: NEW_CONNECTIONS * NEW_PASSES,
  bars: [],
  limit: { bar: 500, reach: 2000 },
  rounds: 7,
  contenders: () => Promise.resolve({ contenders: [inProcess('br100', 'new', 'tcp', 140)] }),
}

const REMEMBERED = 1 << 20

const connectionMemory: Question = {
  name: 'connection-memory',
  title: 'memory of a connection, in a full table of 1,048,576',
  unit: 'bytes',
  lessIsBetter: true,
  ours: 'br100',
  expected: REMEMBERED,
  bars: [],
  limit: { bar: 256, reach: 160 },
  rounds: 3,
  contenders: () =>
    Promise.resolve({
      contenders: [
        inProcess('br100', 'memory', 'heap', 0),
        inProcess('br100, resident memory', 'memory', 'resident', 0),
      ],
    }),
}

/** All of them. */
export const connections: Question[] = [
  established('tcp'),
  established('udp'),
  establishedRules,
  newConnections,
  connectionMemory,
]

function inProcess(name: string, ...words: Array<string | number>): Contender {
  const run = (): Sample => {
    const { stdout } = spawnSync(process.execPath, ['--expose-gc', SELF, ...words.map(String)], {
      encoding: 'utf8',
    })
    return JSON.parse(stdout) as Sample
  }
  return { name, run }
}

/** Rules at work, with packets and connections in one memory, as in a dataplane. */
export interface Lab {
  memory: Memory
  engine: Engine
  connections: Conntrack
}

/** Bytes of packets that there may be. */
const PACKET_BYTES = 8_000_000

/** These rules. */
export function createLab(rules: string): Lab {
  const memory = new Memory(conntrackBytes() + PACKET_BYTES)
  const tracking = createConntrack({ memory })
  const world = createWorld(anonymousNode('br100'), new Map(), SILENT, tracking)
  const engine = compile(parseRules('rules', Buffer.from(rules)), world)
  return { memory, engine, connections: tracking }
}

/** The rules of a node at work, and the addresses of its instances. */
interface NodeLab extends Lab {
  instances: number[]
}

function createNodeLab(moreInstances: number): NodeLab {
  const rules = withMoreInstances(readFileSync(NODE_RULES, 'utf8'), moreInstances)
  const more = Array.from({ length: moreInstances }, (_, i) => moreInstancesAt(i))
  return { ...createLab(rules), instances: [...INSTANCES, ...more] }
}

/** Packets one behind another in a memory. */
interface Block {
  from: number
  to: number
}

function place(memory: Memory, packets: Uint8Array): Block {
  const from = memory.reserve(packets.length)
  memory.bytes.set(packets, from)
  return { from, to: from + packets.length }
}

/** Carries packets through all hooks, one each `between` microseconds; says how many of this state have passed. */
function carrier(
  { memory, engine, connections: { release } }: Lab,
  state: number,
): (block: Block, between: number) => number {
  const { bytes } = memory
  const packet = new Packet()
  packet.inInterface = packet.outInterface = 'br100'
  packet.now = START
  return ({ from, to }, between) => {
    let passed = 0
    for (let at = from; at < to; at += STEP) {
      packet.read(bytes, -1, at)
      packet.now += between
      if (
        engine.judge(PREROUTING, packet) === ACCEPT &&
        engine.judge(FORWARD, packet) === ACCEPT &&
        engine.judge(POSTROUTING, packet) === ACCEPT &&
        packet.connectionState === state
      )
        passed++
      release()
    }
    return passed
  }
}

function measureEstablished(protocol: number, moreInstances: number): Sample {
  const lab = createNodeLab(moreInstances)
  const { instances } = lab
  const { length } = instances
  const servers = Array.from({ length: FLOWS }, (_, i) => instances[Math.floor((i * length) / FLOWS)])
  return measureRounds(lab, protocol, servers)
}

/** Nanoseconds of a packet of established connections with these servers. */
export function measureRounds(lab: Lab, protocol: number, servers: readonly number[]): Sample {
  const carry = carrier(lab, ESTABLISHED)
  const packets = flows(protocol, servers, EACH)
  const round = place(lab.memory, packets.round)
  carry(place(lab.memory, packets.opening), 1)
  // Long enough for UDP to be a stream; what comes later does not have to look for V8 either.
  carry(round, SECOND / FLOWS)
  for (let pass = 0; pass < PASSES; pass++) carry(round, 1)
  let passed = 0
  const started = stopwatch()
  for (let pass = 0; pass < PASSES; pass++) passed += carry(round, 1)
  const value = ((stopwatch() - started) * 1000) / PACKETS
  return { value, count: lab.connections.table.count === FLOWS ? passed : -1 }
}

function measureNew(moreInstances: number): Sample {
  const lab = createNodeLab(moreInstances)
  const carry = carrier(lab, NEW)
  const block = place(lab.memory, firstPackets(NEW_CONNECTIONS, lab.instances))
  const { table } = lab.connections
  for (let pass = 0; pass < NEW_PASSES; pass++) carry(block, BETWEEN_NEW)
  let passed = 0
  const started = stopwatch()
  for (let pass = 0; pass < NEW_PASSES; pass++) passed += carry(block, BETWEEN_NEW)
  const value = (NEW_CONNECTIONS * NEW_PASSES) / ((stopwatch() - started) / 1000)
  const isHalf = Math.abs(table.count - NEW_CONNECTIONS / 2) < NEW_CONNECTIONS / 4
  return { value, count: isHalf && table.earlyDrops === 0 ? passed : -1 }
}

/** Each connection of other addresses and ports, as the tracking alone enters it. */
function measureMemory(what: string): Sample {
  const used = what === 'heap' ? heapInUse : () => (globalThis.gc!(), process.memoryUsage().rss)
  const packet = new Packet()
  const block = firstPackets(1, INSTANCES)
  const before = used()
  const tracking = createConntrack({ most: REMEMBERED, verifiesChecksums: false })
  for (let i = 0; i < REMEMBERED; i++) {
    packet.read(block, -1, 0)
    packet.source += i
    packet.now = START
    tracking.track(packet)
    tracking.confirm(packet)
    tracking.release()
  }
  const value = (used() - before) / REMEMBERED
  return { value, count: tracking.table.count }
}

/** Bytes in use once all garbage is gone. */
function heapInUse(): number {
  globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function measure(what: string, which: string, moreInstances: number): Sample {
  if (what === 'memory') return measureMemory(which)
  if (what === 'new') return measureNew(moreInstances)
  return measureEstablished(which === 'tcp' ? tcp.PROTOCOL : udp.PROTOCOL, moreInstances)
}

if (process.argv[1] === SELF) {
  const [what, which, more] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(measure(what, which, Number(more))))
}
