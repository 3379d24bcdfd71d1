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
import { Drops } from '../src/core/drops.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { conntrackBytes, createConntrack } from '../src/netfilter/conntrack/conntrack.js'
import type { Conntrack } from '../src/netfilter/conntrack/conntrack.js'
import { ESTABLISHED, NEW } from '../src/netfilter/conntrack/entry.js'
import { Packet } from '../src/netfilter/packet.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import { arenaBytes, createArena } from '../src/packet/arena.js'
import type { Arena } from '../src/packet/arena.js'
import { locate } from '../src/packet/locate.js'
import { Memory } from '../src/packet/memory.js'
import { createHooks } from '../src/pipeline/hooks.js'
import type { Hooks } from '../src/pipeline/hooks.js'
import { createReassembly } from '../src/pipeline/reassembly.js'
import * as ipv4 from '../src/wire/ipv4.js'
import { OK } from '../src/wire/reason.js'
import * as tcp from '../src/wire/tcp.js'
import * as udp from '../src/wire/udp.js'
import { FRAME_AT, L3, STEP, firstPackets, flows } from './flows.js'
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

/** The hooks of a bridge at work, with frames and connections in one memory. */
export interface Lab {
  arena: Arena
  hooks: Hooks
  connections: Conntrack
}

/** Frames that there may be at once, one a slot; their bytes lie closer together than slots do. */
const SLOTS = 65_536
const PORTS = ['eth2', 'vnet0']
const [FROM, TO] = [0, 1]

/** These rules, and a bridge without address. */
export function createLab(rules: string): Lab {
  const memory = new Memory(conntrackBytes() + arenaBytes({ small: SLOTS, large: 1 }) + SLOTS * STEP)
  const arena = createArena(memory, { small: SLOTS, large: 1 })
  const node = anonymousNode('br100')
  const connections = createConntrack({ memory })
  const engine = compile(
    parseRules('rules', Buffer.from(rules)),
    createWorld(node, new Map(), SILENT, connections),
  )
  const tracking = { connections, reassembly: createReassembly(arena, () => {}), learnFrom: () => {} }
  const hooks = createHooks(arena, new Drops(), engine, node, PORTS, { slot: -1 }, tracking)
  return { arena, hooks, connections }
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

/** Puts frames into slots, their headers found; the slots. */
function place(arena: Arena, frames: Uint8Array): Int32Array {
  const { memory, start, length, port, l3 } = arena
  const at = memory.reserve(frames.length)
  memory.bytes.set(frames, at)
  return Int32Array.from({ length: frames.length / STEP }, (_, i) => {
    const slot = arena.take(STEP)
    start[slot] = at + i * STEP + FRAME_AT
    length[slot] = STEP - FRAME_AT
    port[slot] = FROM
    locate(arena, slot)
    length[slot] = l3[slot] + ipv4.totalLength(memory.bytes, start[slot] + l3[slot])
    return slot
  })
}

/** Carries packets through all hooks, one each `between` microseconds; says how many of this state have passed. */
function carrier(
  { arena, hooks, connections: { release } }: Lab,
  state: number,
): (slots: Int32Array, between: number) => number {
  const { prerouting, forward } = hooks
  const { time, connectionInfo, mark, traced } = arena
  let now = START
  return (slots, between) => {
    let passed = 0
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]
      mark[slot] = traced[slot] = connectionInfo[slot] = 0
      now += between
      time[slot] = now
      if (prerouting(slot) === OK && forward(slot, TO) === OK && connectionInfo[slot] >> 1 === state) passed++
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
  const round = place(lab.arena, packets.round)
  carry(place(lab.arena, packets.opening), 1)
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
  const block = place(lab.arena, firstPackets(NEW_CONNECTIONS, lab.instances))
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
    packet.read(block, FRAME_AT, L3)
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
