/**
 * Rules on bridged frames, the kernel's against ours: the same verdicts, the same bytes, the same counters, the
 * same refusals. `--seed N`, or BR100_SEED=N, begins where a failure was; `npm run soak` does 200 random sets.
 */
import t from 'tap'
import type { Test } from 'tap'
import { existsSync } from 'node:fs'
import { runs } from '../soak.js'
import { CASES } from './cases.js'
import { difference, minimised, trialText } from './differential.js'
import type { Trial } from './differential.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { packetsFor } from './packets-for-rules.js'
import { Random } from './random.js'
import { randomRules } from './rule-grammar.js'
import { realRuleSets } from './rule-sets.js'
import { NEIGHBOURS } from './values.js'

const FRAMES = 500
/** Disagreements that are made small, which takes up to a minute each, and random ones after which the test ends. */
const ENOUGH = 3
const { numRuns, seed: usualSeed } = runs(20)
const SETS = Math.min(numRuns, 200)
const RULE_SETS = process.env['BR100_RULESETS'] ?? '../shared/data/rulesets'

const OPTIONS: ReadonlyArray<Trial['options']> = [
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS },
  { address: null },
]

/** What the command line or the environment says, or the usual one. */
function firstSeed(): number {
  const at = process.argv.indexOf('--seed')
  return Number(at === -1 ? (process.env['BR100_SEED'] ?? usualSeed) : process.argv[at + 1])
}

let disagreements = 0

/** Fails with the smallest trial that still differs; returns whether nothing differed. */
async function agree(t: Test, name: string, trial: Trial): Promise<boolean> {
  const found = await difference(trial)
  if (found === null) t.pass(name)
  else {
    const small = ++disagreements > ENOUGH ? trial : await minimised(trial)
    t.fail(name, { trial: trialText(small), difference: (await difference(small)) ?? found })
  }
  return found === null
}

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
    const first = firstSeed()
    t.comment(`seeds ${first} to ${first + SETS - 1}`)
    let different = 0
    for (let seed = first; seed < first + SETS && different < ENOUGH; seed++) {
      const random = new Random(seed)
      const rules = randomRules(random)
      const entering = packetsFor(random, rules, FRAMES)
      const options = random.pick(OPTIONS)
      if (!(await agree(t, `--seed ${seed}`, { options, rules, entering }))) different++
    }
  })
})
