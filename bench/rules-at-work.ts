/**
 * Rules while packets come, in bursts through the whole dataplane: how long packets wait while one of 10,000 rules
 * is replaced, and what a packet that passes the rules leaves for the garbage collector.
 */
import { stopwatch } from '../src/core/clock.js'
import { describePacket } from '../src/netfilter/describe-packet.js'
import { editRules, parseRules } from '../src/netfilter/rule-script.js'
import { NullPort } from '../src/io/pcap-port.js'
import { arenaBytes, createArena } from '../src/packet/arena.js'
import { Burst } from '../src/packet/burst.js'
import { Memory } from '../src/packet/memory.js'
import { attachRules } from '../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../src/pipeline/attach-rules.js'
import { createDataplane } from '../src/pipeline/dataplane.js'
import { grown } from './garbage.js'
import type { Question, Sample } from './harness.js'
import { flatRule, flatRules } from './rule-sets.js'

const RULES = 10_000
const BURST = 32
const BURSTS_BETWEEN = 200
const CHANGES = 200
const GARBAGE_BURSTS = 100_000

/** The longest that packets wait while a rule is edited, the set compiled and put in place. */
export const ruleChange: Question = {
  name: 'rule-change',
  title: `one rule changed in ${RULES.toLocaleString('en')}, the pause`,
  unit: 'ms',
  lessIsBetter: true,
  ours: 'br100',
  expected: (_, count) => count === CHANGES * BURSTS_BETWEEN * BURST,
  bars: [],
  limit: { bar: 10, reach: 1 },
  rounds: 5,
  contenders: () => {
    const lab = createLab()
    return Promise.resolve({
      contenders: [
        { name: 'br100', run: () => change(lab, median) },
        { name: 'br100, the longest of 200', run: () => change(lab, (pauses) => Math.max(...pauses)) },
      ],
    })
  },
}

/** What passing 10,000 rules at three hooks leaves behind. */
export const rulesGarbage: Question = {
  name: 'rules-garbage',
  title: `garbage of a packet that passes ${RULES.toLocaleString('en')} rules, by the heap counter`,
  unit: 'bytes a packet',
  lessIsBetter: true,
  ours: 'br100',
  expected: GARBAGE_BURSTS * BURST,
  bars: [],
  limit: { bar: 0.01, reach: 0.001 },
  rounds: 3,
  contenders: () => {
    const lab = createLab()
    return Promise.resolve({ contenders: [{ name: 'br100', run: () => garbageOf(lab) }] })
  },
}

interface Lab {
  attached: AttachedRules
  /** Carries so many bursts from one port to the other. */
  carry(bursts: number): void
  /** Frames that have left. */
  readonly left: number
}

function createLab(): Lab {
  const arena = createArena(new Memory(arenaBytes({ small: 1024, large: 1 })), { small: 1024, large: 1 })
  const plane = createDataplane(arena)
  const [from, to] = ['from', 'to'].map((name) => plane.addPort(name, new NullPort(arena)))
  plane.bridge.addStaticStation(Uint8Array.of(2, 0, 0, 0, 0, 2), to)
  const attached = attachRules(plane, { rules: parseRules('rules', Buffer.from(flatRules(RULES))) })
  const { bytes, end } = describePacket({ source: 0x0a630001, destination: 0x0a010001, destinationPort: 53 })
  const frame = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, ...bytes.subarray(0, end))
  const burst = new Burst()
  function carry(bursts: number): void {
    for (let i = 0; i < bursts; i++) {
      for (let k = 0; k < BURST; k++) {
        const slot = arena.take(frame.length)
        arena.memory.bytes.set(frame, arena.start[slot])
        arena.port[slot] = from
        burst.add(slot)
      }
      plane.received(from, BURST, BURST * frame.length)
      plane.process(burst)
    }
  }
  return {
    attached,
    carry,
    get left() {
      return plane.counters.txFrames[to]
    },
  }
}

function change(lab: Lab, summary: (pauses: number[]) => number): Sample {
  const { attached, carry } = lab
  const before = lab.left
  const pauses: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    carry(BURSTS_BETWEEN)
    const place = 1 + ((i * 7919) % RULES)
    const edit = Buffer.from(flatRule(RULES + i).replace('-A FORWARD', `-R FORWARD ${place}`))
    const started = stopwatch()
    attached.replace(editRules(attached.engine.rules, 'edit', edit))
    pauses.push((stopwatch() - started) / 1000)
  }
  return { value: summary(pauses), count: lab.left - before }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

async function garbageOf(lab: Lab): Promise<Sample> {
  lab.carry(5000)
  const before = lab.left
  const bytes = await grown(() => lab.carry(GARBAGE_BURSTS))
  const packets = lab.left - before
  return { value: bytes / packets, count: packets }
}
