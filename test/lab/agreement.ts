/** What tests do with trials of the kernel's bridge and ours: they agree, or fail with as little as shows why. */
import type { Test } from 'tap'
import type { BridgeOptions } from './bridge-under-test.js'
import { difference, minimised, trialText } from './differential.js'
import type { Ours, Trial } from './differential.js'
import { NEIGHBOURS } from './values.js'

/** Bridges that trials are made with: with an address of the node, and without. */
export const OPTIONS: readonly BridgeOptions[] = [
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS },
  { address: null },
]

/** Disagreements that are made small, which takes up to a minute each, and random ones after which a test ends. */
const ENOUGH = 3

let disagreements = 0

/** Fails with the smallest trial that still differs; returns whether nothing differed. */
export async function agree(t: Test, name: string, trial: Trial, ours?: readonly Ours[]): Promise<boolean> {
  const found = await difference(trial, ours)
  if (found === null) t.pass(name)
  else {
    const small = ++disagreements > ENOUGH ? trial : await minimised(trial, ours)
    t.fail(name, { trial: trialText(small), difference: (await difference(small, ours)) ?? found })
  }
  return found === null
}

/**
 * One trial after another, each from its seed, until enough differ. `--seed N` on the command line, or BR100_SEED,
 * begins there in place of `usual`.
 */
export async function agreeOnSeeds(
  t: Test,
  sets: number,
  usual: number,
  make: (seed: number) => Trial,
  ours?: readonly Ours[],
): Promise<void> {
  const at = process.argv.indexOf('--seed')
  const first = Number(at === -1 ? (process.env['BR100_SEED'] ?? usual) : process.argv[at + 1])
  t.comment(`seeds ${first} to ${first + sets - 1}`)
  let different = 0
  for (let seed = first; seed < first + sets && different < ENOUGH; seed++)
    if (!(await agree(t, `--seed ${seed}`, make(seed), ours))) different++
}
