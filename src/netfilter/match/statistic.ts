/** `-m statistic`: some of the packets, by chance or by their number. */
import type { MatchExtension } from '../extension.js'
import type { Given } from '../given.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import type { Match } from '../rule.js'

/** A probability of 1; the kernel draws 31 bits. */
const CERTAIN = 0x80000000
const GREATEST = 0xffffffff
const DECIMALS = 11

/** The statistic match. */
export const statistic: MatchExtension = {
  name: 'statistic',
  options: {
    mode: { argument: 'random|nth' },
    probability: { argument: 'PROBABILITY', negatable: true },
    every: { argument: 'NUMBER', negatable: true },
    packet: { argument: 'NUMBER' },
  },
  read(given) {
    const mode = given.oneOf('mode').value
    if (mode !== 'random' && mode !== 'nth') throw new RuleError(`--mode ${mode}: expected random or nth`)
    if (given.has('probability') && (given.has('every') || given.has('packet')))
      throw new RuleError('--probability with --every or --packet: expected only one kind')
    return mode === 'random' ? random(given) : nth(given)
  },
}

function random(given: Given): Match {
  const option = given.option('probability')
  if (option === null) throw new RuleError('--mode random: expected --probability')
  const { value, negated } = option
  const probability = Number(value)
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) || probability > 1)
    throw new RuleError(`--probability ${value}: expected a number from 0 to 1`)
  const threshold = Math.round(probability * CERTAIN)
  return {
    name: 'statistic',
    text: `--mode random${not(negated)} --probability ${formatProbability(threshold)}`,
    start: (runtime) => () => (runtime.random() & 0x7fffffff) < threshold !== negated,
  }
}

/** Exactly, and where two numbers are equally near the even one, as C's printf does and `toFixed` does not. */
function formatProbability(threshold: number): string {
  const scaled = BigInt(threshold) * 10n ** BigInt(DECIMALS)
  const [whole, rest] = [scaled / BigInt(CERTAIN), scaled % BigInt(CERTAIN)]
  const half = BigInt(CERTAIN) / 2n
  const isUp = rest > half || (rest === half && whole % 2n === 1n)
  const digits = String(whole + (isUp ? 1n : 0n)).padStart(DECIMALS + 1, '0')
  return `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`
}

function nth(given: Given): Match {
  const [everyOption, packetOption] = [given.option('every'), given.option('packet')]
  if (everyOption === null || packetOption === null)
    throw new RuleError('--mode nth: expected --every and --packet')
  const { negated } = everyOption
  const every = parseNumber(everyOption.value, '--every', 1, GREATEST)
  const first = parseNumber(packetOption.value, '--packet', 0, every - 1)
  return {
    name: 'statistic',
    text: `--mode nth${not(negated)} --every ${every} --packet ${first}`,
    start() {
      const count = Uint32Array.of(every - 1 - first)
      return () => {
        count[0] = count[0] === every - 1 ? 0 : count[0] + 1
        return (count[0] === 0) !== negated
      }
    },
  }
}

function not(negated: boolean): string {
  return negated ? ' !' : ''
}
