/**
 * The kernel's bridge against `br100 run`, frames on real wires both times: what leaves, counters and connections are
 * the same. Rules, packets and conversations are those of the other differential tests. `--seed N`, or BR100_SEED=N,
 * begins where a failure was; `npm run soak` does more.
 */
import t from 'tap'
import { runs } from '../soak.js'
import { OPTIONS, agreeOnSeeds } from './agreement.js'
import { conversations } from './conversations.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { liveBy } from './live-bridge.js'
import { WITHOUT_CHOSEN_PORTS, WITNESSES, natRules, natTraffic } from './nat-traffic.js'
import { packetsFor } from './packets-for-rules.js'
import { Random } from './random.js'
import { randomRules } from './rule-grammar.js'
import { statefulRules } from './stateful-rules.js'
import { NEIGHBOURS } from './values.js'

const FRAMES = 200
const { numRuns, seed: usualSeed } = runs(5)
const SETS = Math.min(numRuns, 40)

t.setTimeout(600_000)
for (const io of ['uring', 'rw'] as const) {
  const ours = [liveBy(io)]

  t.test(`rules on bridged frames, by ${io}`, { timeout: 600_000 }, async (t) => {
    if (!needsKernelBridge(t)) return
    const make = (seed: number) => {
      const random = new Random(seed)
      const rules = randomRules(random)
      return { options: random.pick(OPTIONS), rules, entering: packetsFor(random, rules, FRAMES) }
    }
    await agreeOnSeeds(t, SETS, usualSeed, make, ours)
  })

  t.test(`connections, by ${io}`, { timeout: 600_000 }, async (t) => {
    if (!needsKernelBridge(t)) return
    const make = (seed: number) => {
      const random = new Random(seed)
      const rules = statefulRules(random)
      return { options: random.pick(OPTIONS), rules, entering: conversations(random, FRAMES) }
    }
    await agreeOnSeeds(t, SETS, usualSeed, make, ours)
  })

  t.test(`translated addresses, by ${io}`, { timeout: 600_000 }, async (t) => {
    if (!needsKernelBridge(t)) return
    const make = (seed: number) => {
      const random = new Random(seed)
      const rules = ['*nat', ...natRules(random), 'COMMIT', '*filter', ...WITNESSES, 'COMMIT']
      const options = { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true }
      return { options, rules, entering: natTraffic(random, FRAMES), comparable: WITHOUT_CHOSEN_PORTS }
    }
    await agreeOnSeeds(t, SETS, usualSeed, make, ours)
  })
}
