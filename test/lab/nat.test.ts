/** Bridged packets whose addresses rules change, by the kernel and by us. `--seed N` begins where a failure was. */
import t from 'tap'
import { runs } from '../soak.js'
import { difference, minimised, trialText } from './differential.js'
import type { Trial } from './differential.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { WITHOUT_CHOSEN_PORTS, WITNESSES, inputRules, natRules, natTraffic } from './nat-traffic.js'
import { Random } from './random.js'
import { NEIGHBOURS } from './values.js'

const OPTIONS: ReadonlyArray<Trial['options']> = [
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true },
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS },
  { address: null },
]
const FRAMES = 150
const { numRuns, seed: usualSeed } = runs(20)
const at = process.argv.indexOf('--seed')
const first = at === -1 ? usualSeed : Number(process.argv[at + 1])

t.setTimeout(300_000)
t.test('translated addresses: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  for (let seed = first; seed < first + Math.min(numRuns, 200); seed++) {
    const random = new Random(seed)
    const rules = [
      '*nat',
      ...natRules(random),
      ...inputRules(random),
      'COMMIT',
      '*filter',
      ...WITNESSES,
      'COMMIT',
    ]
    const trial: Trial = {
      options: random.pick(OPTIONS),
      rules,
      entering: natTraffic(random, FRAMES),
      comparable: WITHOUT_CHOSEN_PORTS,
    }
    const found = await difference(trial)
    if (found === null) {
      t.pass(`--seed ${seed}`)
      continue
    }
    const small = await minimised(trial)
    t.fail(`--seed ${seed}`, { trial: trialText(small), difference: (await difference(small)) ?? found })
    return
  }
})
