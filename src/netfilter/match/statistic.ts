/** `-m statistic`: holds for packets at random, or for every so-manieth. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import type { Match } from '../rule.js'

/** Probabilities are kept in steps of 1 / 2^31, as the kernel compares them with 31 random bits. */
const CERTAIN = 2 ** 31
const GREATEST = 0xffffffff

/** The statistic match. */
export const statistic: MatchExtension = {
  name: 'statistic',
  options: {
    mode: { argument: 'random|nth' },
    probability: { argument: 'PROBABILITY', negatable: true },
    every: { argument: 'PACKETS', negatable: true },
    packet: { argument: 'PACKET' },
  },
  read(given) {
    const mode = given.oneOf('mode').value
    if (mode === 'random') return readRandom(given)
    if (mode === 'nth') return readNth(given)
    throw new RuleError(`--mode ${mode}: expected random or nth`)
  },
}

function readRandom(given: Given): Match {
  if (given.has('every') || given.has('packet'))
    throw new RuleError('--mode random: expected no --every and --packet')
  const option = given.oneOf('probability')
  const { negated } = option
  const steps = Math.round(parseProbability(option) * CERTAIN)
  return {
    name: 'statistic',
    text: `--mode random${negated ? ' !' : ''} --probability ${(steps / CERTAIN).toFixed(11)}`,
    start: (runtime) => () => (runtime.random() & 0x7fffffff) < steps !== negated,
  }
}

function parseProbability({ value }: GivenOption): number {
  const probability = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : NaN
  if (!(probability <= 1)) throw new RuleError(`--probability ${value}: expected a number from 0 to 1`)
  return probability
}

function readNth(given: Given): Match {
  if (given.has('probability')) throw new RuleError('--mode nth: expected no --probability')
  const { value, negated } = given.oneOf('every')
  const every = parseNumber(value, '--every', 1, GREATEST)
  const packet = parseNumber(given.oneOf('packet').value, '--packet', 0, every - 1)
  return {
    name: 'statistic',
    text: `--mode nth${negated ? ' !' : ''} --every ${every} --packet ${packet}`,
    start: () => count(every, packet, negated),
  }
}

/** The packets before it count from 0, so that it is `packet` that holds first. */
function count(every: number, packet: number, negated: boolean): () => boolean {
  let left = packet
  return () => {
    const isTurn = left === 0
    left = isTurn ? every - 1 : left - 1
    return isTurn !== negated
  }
}
