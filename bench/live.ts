/**
 * Live frames between two hosts in namespaces, through br100 and through others in turn: the traffic, the settings and
 * the checks of `br100 bench` (src/control/bench/). Every turn begins with new namespaces.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeTurn } from '../src/control/bench/bench.js'
import type { Measured } from '../src/control/bench/bench.js'
import { br100Contender } from '../src/control/bench/br100.js'
import type { Contender as Bridge } from '../src/control/bench/contender.js'
import { kernelContender } from '../src/control/bench/kernel.js'
import { readSetting } from '../src/control/bench/setting.js'
import type { Setting } from '../src/control/bench/setting.js'
import { createSpaces } from '../src/control/bench/spaces.js'
import type { Spaces } from '../src/control/bench/spaces.js'
import type { Bar, Contender, Question, Sample } from './harness.js'
import { installedSwitches, relayInC } from './relays.js'
import { flatRules } from './rule-sets.js'

const SECONDS = 3
const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const STATE_RULE = '-A FORWARD -m conntrack --ctstate INVALID -j DROP'
const br100 = br100Contender(MAIN, 'auto')

/** What all of them have in common; a turn in which nothing comes through is none. */
const COMMON = { ours: 'br100', expected: (_: string, count: number) => count > 0, rounds: 5 }

const small: Question = {
  ...COMMON,
  name: 'live-small',
  title: 'small UDP between two TAPs',
  unit: 'packets/s',
  lessIsBetter: false,
  bars: [
    { against: 'C relay', bar: 0.95, reach: 1.05 },
    { against: 'kernel', bar: 1.5, reach: 1.8 },
    { against: 'vde', bar: 1.5, reach: 2 },
    { against: 'ovs', bar: 1.5, reach: 2 },
  ],
  contenders: async () =>
    beside(['small'], [br100, relayInC(false), kernelContender, ...installedSwitches()]),
}

const tcp: Question = {
  ...COMMON,
  name: 'live-tcp',
  title: 'TCP between two TAPs, segments of 64 KiB where the contender takes them',
  unit: 'Gbit/s',
  lessIsBetter: false,
  bars: [
    { against: 'C relay', bar: 0.95, reach: 1.05 },
    { against: 'kernel', bar: 0.9, reach: 1.1 },
    { against: 'vde', bar: 8, reach: 10 },
    { against: 'ovs', bar: 8, reach: 10 },
  ],
  contenders: async () => beside(['tcp'], [br100, relayInC(true), kernelContender, ...installedSwitches()]),
}

function underRules(count: number, bar: Omit<Bar, 'against'>): Question {
  const rules = flatRules(count).replace('*filter\n', `*filter\n${STATE_RULE}\n`)
  return {
    ...COMMON,
    name: `live-rules-${count}`,
    title: `small UDP between two TAPs, connections tracked and ${count.toLocaleString('en')} rules that do not match`,
    unit: 'packets/s',
    lessIsBetter: false,
    bars: [{ against: 'kernel', ...bar }],
    contenders: async () => beside(['small'], [br100, kernelContender], rules),
  }
}

/**
 * The relay and br100 in turn, and then what lies between the two. As in `br100 bench` a flood goes before: what has only
 * been called a few times V8 has not compiled yet.
 */
const ping: Question = {
  ...COMMON,
  name: 'live-ping',
  title: 'round trip of a lone ping between two TAPs',
  unit: 'µs',
  lessIsBetter: true,
  ours: 'br100, added',
  expected: (contender, count) => contender === 'br100, added' || count > 0,
  bars: [],
  limit: { bar: 30, reach: 10 },
  async contenders() {
    const { contenders, end } = beside(['small', 'ping'], [relayInC(false), br100])
    const last = new Map<string, number>()
    const remembered = contenders.map(({ name, run }) => ({
      name,
      async run(): Promise<Sample> {
        const sample = await run()
        last.set(name, sample.value)
        return sample
      },
    }))
    const added = (): Sample => {
      const value = last.get('br100')! - last.get('C relay')!
      return { value, count: value }
    }
    return { contenders: [...remembered, { name: 'br100, added', run: added }], end }
  },
}

const start: Question = {
  ...COMMON,
  name: 'live-start',
  title: 'start to first frame forwarded, two TAPs',
  unit: 'ms',
  lessIsBetter: true,
  bars: [],
  limit: { bar: 500, reach: 200 },
  contenders: async () => beside([], [br100]),
}

/** All of them. */
export const live: Question[] = [
  small,
  tcp,
  underRules(1000, { bar: 2, reach: 3 }),
  underRules(10_000, { bar: 10, reach: 15 }),
  ping,
  start,
]

/** Of what is measured in turn the last is the value; of nothing, how each begins. */
function beside(
  measured: readonly Measured[],
  bridges: Bridge[],
  rules?: string,
): { contenders: Contender[]; end: () => void } {
  if (process.getuid?.() !== 0) throw new Error('root is needed, for network namespaces')
  // Whoever interrupts it: what runs at the exit removes the namespaces.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))
  const spaces = createSpaces(new AbortController().signal)
  const setting = rules === undefined ? readSetting(null) : settingOf(spaces, rules)
  const contenders = bridges.map((bridge) => ({
    name: bridge.name,
    async run(): Promise<Sample> {
      const turn = { setting, seconds: SECONDS, onStep: () => {} }
      const { figures, datagrams } = await takeTurn(turn, measured, bridge, spaces)
      const what = measured.at(-1) ?? 'start'
      const value = figures[what] ?? 0
      return { value, count: what === 'small' ? datagrams.received : value }
    },
  }))
  return { contenders, end: () => spaces.remove() }
}

/** Two TAPs under these rules. */
function settingOf({ folder }: Spaces, rules: string): Setting {
  writeFileSync(join(folder, 'live.rules'), rules)
  const config = join(folder, 'live.yaml')
  writeFileSync(config, 'ports: { tapA: { tap: tapA }, tapB: { tap: tapB } }\nrules: live.rules\n')
  return readSetting(config)
}
