/** Counters of 64 bits on a line: more than a number holds exactly. */
import { wholeNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'

/** The greatest of them. */
export const GREATEST_64: bigint = 2n ** 64n - 1n

/** Decimal, 0x hexadecimal or 0 octal. */
export function parseNumber64(text: string, what: string): bigint {
  const isNumber = wholeNumber(text) !== null
  const number = isNumber ? BigInt(text.replace(/^0(?=[0-7])/, '0o')) : -1n
  if (number < 0n || number > GREATEST_64)
    throw new RuleError(`${what} ${text}: expected a number from 0 to ${GREATEST_64}`)
  return number
}
