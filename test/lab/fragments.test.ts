/**
 * Fragments through a bridge that tracks connections: what the kernel puts together and cuts again, and we. `--seed N`
 * begins where a failure was.
 */
import t from 'tap'
import { runs } from '../soak.js'
import { difference, minimised, trialText } from './differential.js'
import type { Trial } from './differential.js'
import { fragmentsFor } from './fragments.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { Random } from './random.js'

const RULES = [
  '*raw',
  '-A PREROUTING -p icmp',
  '-A PREROUTING -f',
  '-A PREROUTING -m length --length 1501:65535',
  'COMMIT',
  '*nat',
  '-A POSTROUTING -s 10.0.0.2 -j SNAT --to-source 10.0.0.77',
  'COMMIT',
  '*filter',
  '-A FORWARD -m conntrack --ctstate INVALID',
  '-A FORWARD -p udp -m udp --dport 1000 -m conntrack --ctstate NEW -j DROP',
  '-A FORWARD -m conntrack --ctstate ESTABLISHED',
  '-A FORWARD -p udp -m udp --dport 1001 -m physdev --physdev-out vnet1 -j DROP',
  'COMMIT',
]
const { numRuns, seed: usualSeed } = runs(8)
const at = process.argv.indexOf('--seed')
const first = at === -1 ? usualSeed : Number(process.argv[at + 1])

t.setTimeout(300_000)
t.test('fragments: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  for (let seed = first; seed < first + Math.min(numRuns, 100); seed++) {
    const entering = fragmentsFor(new Random(seed), 200)
    const trial: Trial = { options: { address: null }, rules: RULES, entering }
    const found = await difference(trial)
    if (found === null) {
      t.pass(`--seed ${seed}`)
      continue
    }
    const small = await minimised(trial)
    t.fail(`--seed ${seed}`, {
      trial: trialText(small),
      difference: (await difference(small)) ?? found,
    })
    return
  }
})
