/**
 * What tracking and rules cost a packet: ours at all hooks in memory (connections.ts), against what the same rules add
 * to the kernel's time for a packet that it bridges, (1/rate with them) − (1/rate without any), in turn. The first
 * rule asks for a state, so that connections are tracked; none of the others matches, so that all are asked.
 *
 * Below 1,000 rules, what they add beyond the tracking is taken as that part of what 1,000 add, as filter-forward
 * does. The kernel is spared the checksum: its sender leaves it to a device that there is not.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as udp from '../src/wire/udp.js'
import { PACKETS, createLab, measureRounds } from './connections.js'
import type { Contender, Question, Sample } from './harness.js'
import { KernelLab } from './kernel-lab.js'
import { flatRules } from './rule-sets.js'

const SELF = fileURLToPath(import.meta.url)
/** The fewest rules whose cost is measured as it is. */
const MEASURED = 1000
const TURNS = 5
const STATE_RULE = '-A FORWARD -m state --state INVALID -j DROP'

/** By number of rules. */
export const trackedForward: Question[] = [
  question(0, 10),
  question(100, 10),
  question(1000, 100),
  question(10_000, 500),
]

function question(count: number, reach: number): Question {
  return {
    name: `tracked-forward-${count}`,
    title: `connections tracked and ${count.toLocaleString('en')} rules that do not match, cost of a packet`,
    unit: 'ns a packet',
    lessIsBetter: true,
    ours: 'br100',
    expected: (contender, done) => (contender === 'br100' ? done === PACKETS : done === TURNS),
    bars: [{ against: 'kernel', bar: 1, reach: 1 / reach }],
    rounds: 5,
    contenders() {
      const lab = new KernelLab()
      return Promise.resolve({ contenders: [ours(count), kernel(lab, count)], end: () => lab.remove() })
    },
  }
}

function rulesOf(count: number): string {
  return flatRules(count).replace('*filter\n', `*filter\n${STATE_RULE}\n`)
}

function ours(count: number): Contender {
  const run = (): Sample => {
    const { stdout } = spawnSync(process.execPath, [SELF, String(count)], { encoding: 'utf8' })
    return JSON.parse(stdout) as Sample
  }
  return { name: 'br100', run }
}

function kernel(lab: KernelLab, count: number): Contender {
  const tracking = rulesOf(0)
  const rules = rulesOf(Math.max(count, MEASURED))
  const part = count / Math.max(count, MEASURED)
  const turn = (): number => {
    const without = 1e9 / lab.rate(null)
    const tracked = 1e9 / lab.rate(tracking)
    const all = count === 0 ? tracked : 1e9 / lab.rate(rules)
    return tracked - without + (all - tracked) * part
  }
  // What is measured is a small part of what it is taken from: the median of a few turns.
  const run = (): Sample => {
    const added = Array.from({ length: TURNS }, turn).sort((a, b) => a - b)
    return { value: added[TURNS >> 1], count: TURNS }
  }
  return { name: 'kernel', run }
}

function measure(count: number): Sample {
  const servers = Array.from({ length: 64 }, (_, i) => 0x0a630100 + i)
  return measureRounds(createLab(rulesOf(count)), udp.PROTOCOL, servers)
}

if (process.argv[1] === SELF) process.stdout.write(JSON.stringify(measure(Number(process.argv[2]))))
