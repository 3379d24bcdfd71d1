/**
 * Rules on bridged frames, the kernel's against ours: the same verdicts, the same bytes, the same counters, the
 * same refusals. `--seed N`, or BR100_SEED=N, begins where a failure was; `npm run soak` does 200 random sets.
 */
import t from 'tap'
import { existsSync } from 'node:fs'
import { runs } from '../soak.js'
import { OPTIONS, agree, agreeOnSeeds } from './agreement.js'
import { CASES } from './cases.js'
import { difference } from './differential.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { packetsFor } from './packets-for-rules.js'
import { Random } from './random.js'
import { randomRules } from './rule-grammar.js'
import { realRuleSets } from './rule-sets.js'

const FRAMES = 500
const { numRuns, seed: usualSeed } = runs(20)
const SETS = Math.min(numRuns, 200)
const RULE_SETS = process.env['BR100_RULESETS'] ?? '../shared/data/rulesets'

t.setTimeout(300_000)
t.test('rules on bridged frames: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return

  await t.test('what once differed', async (t) => {
    for (const [name, trial] of Object.entries(CASES)) t.equal(await difference(trial), null, name)
  })

  const isHere = existsSync(RULE_SETS)
  await t.test('real rule sets', { skip: isHere ? false : `${RULE_SETS} is not here` }, async (t) => {
    for (const [name, rules] of realRuleSets(RULE_SETS))
      for (const options of OPTIONS) {
        const entering = packetsFor(new Random(usualSeed), rules, FRAMES)
        await agree(t, `${name}, address ${options.address}`, { options, rules, entering })
      }
  })

  await t.test('random rule sets', async (t) => {
    await agreeOnSeeds(t, SETS, usualSeed, (seed) => {
      const random = new Random(seed)
      const rules = randomRules(random)
      const entering = packetsFor(random, rules, FRAMES)
      return { options: random.pick(OPTIONS), rules, entering }
    })
  })
})
