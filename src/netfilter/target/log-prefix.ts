/** The text that LOG and NFLOG put before what they tell. */
import type { Given } from '../given.js'
import { RuleError } from '../rule-error.js'

/** The option's value, '' where it is not given; iptables cuts off what is longer without a word. */
export function parsePrefix(given: Given, option: string, longest: number): string {
  if (!given.has(option)) return ''
  const text = given.value(option, '')
  if (text === '') throw new RuleError(`--${option}: expected a text that is not empty`)
  if (text.includes('\n')) throw new RuleError(`--${option}: a line end, expected none`)
  const bytes = Buffer.from(text).subarray(0, longest)
  // A stream's decoder leaves out a character that is cut, where iptables keeps its first bytes.
  return new TextDecoder().decode(bytes, { stream: true })
}
