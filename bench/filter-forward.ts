/**
 * What rules cost a packet at FORWARD: ours in memory, the packet's header taken in included, against what they
 * add to the kernel's time for a packet that it bridges: (1/rate with rules) − (1/rate without), in turn, between
 * two namespaces. None of the rules matches, so that all are asked.
 *
 * The kernel walks its rules one after another. Below 1,000 of them what they add is less than what one
 * measurement differs from the next, and it is taken as that part of what 1,000 add: a little too little, since
 * entering the table is left out.
 */
import { stopwatch } from '../src/core/clock.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { describePacket } from '../src/netfilter/describe-packet.js'
import { FORWARD } from '../src/netfilter/hook.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { ACCEPT } from '../src/netfilter/verdict.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import type { Contender, Question, Sample } from './harness.js'
import { KernelLab } from './kernel-lab.js'
import { flatRules } from './rule-sets.js'

const PACKETS = 4096
const PASSES = 500
/** The fewest rules whose cost is measured as it is. */
const MEASURED = 1000

export const filterForward: Question[] = [
  question(10, 1, 1),
  question(100, 1, 1),
  question(1000, 1, 1),
  question(10_000, 100, 500),
]

function question(count: number, bar: number, reach: number): Question {
  return {
    name: `filter-forward-${count}`,
    title: `${count.toLocaleString('en')} rules that do not match, cost of a packet`,
    unit: 'ns a packet',
    lessIsBetter: true,
    ours: 'br100',
    expected: (contender, done) => (contender === 'br100' ? done === PACKETS * PASSES : done > 0),
    bars: [{ against: 'kernel', bar: 1 / bar, reach: 1 / reach }],
    rounds: 5,
    async contenders() {
      const lab = new KernelLab()
      return { contenders: [ours(count), kernel(lab, count)], end: () => lab.remove() }
    },
  }
}

function ours(count: number): Contender {
  const world = createWorld(anonymousNode('br100'), new Map(), SILENT)
  const engine = compile(parseRules('rules', Buffer.from(flatRules(count))), world)
  const packets = Array.from({ length: PACKETS }, (_, i) =>
    describePacket({
      source: 0x0a630001 + (i % 64),
      destination: 0x0a630100 + (i >> 6),
      protocol: 17,
      sourcePort: 1024 + i,
      destinationPort: (i * 7) & 0xffff,
    }),
  )
  const run = (): Sample => {
    let accepted = 0
    const started = stopwatch()
    for (let pass = 0; pass < PASSES; pass++)
      for (let i = 0; i < PACKETS; i++) {
        const packet = packets[i]
        packet.read(packet.bytes, -1, 0)
        if (engine.judge(FORWARD, packet) === ACCEPT) accepted++
      }
    return { value: ((stopwatch() - started) * 1000) / (PACKETS * PASSES), count: accepted }
  }
  return { name: 'br100', run }
}

function kernel(lab: KernelLab, count: number): Contender {
  const rules = flatRules(Math.max(count, MEASURED))
  const run = (): Sample => {
    const without = lab.rate(null)
    const withRules = lab.rate(rules)
    const added = 1e9 / withRules - 1e9 / without
    return { value: (added * count) / Math.max(count, MEASURED), count: withRules }
  }
  return { name: 'kernel', run }
}
