/** `-m connbytes`: what a connection has carried. Read and printed only: no connections are kept here. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { RuleError } from '../rule-error.js'
import { GREATEST_64, parseNumber64 } from './number64.js'

const DIRECTIONS = ['original', 'reply', 'both']
const MODES = ['packets', 'bytes', 'avgpkt']

/** The connbytes match. */
export const connbytes: MatchExtension = {
  name: 'connbytes',
  tracks: true,
  options: {
    connbytes: { argument: 'NUMBER[:NUMBER]', negatable: true },
    'connbytes-dir': { argument: DIRECTIONS.join('|') },
    'connbytes-mode': { argument: MODES.join('|') },
  },
  read(given) {
    const option = given.oneOf('connbytes')
    const direction = oneWord(given, 'connbytes-dir', DIRECTIONS)
    const mode = oneWord(given, 'connbytes-mode', MODES)
    const range = `${option.negated ? '! ' : ''}--connbytes ${rangeText(option)}`
    return { name: 'connbytes', text: `${range} --connbytes-mode ${mode} --connbytes-dir ${direction}` }
  },
}

function oneWord(given: Given, option: string, words: readonly string[]): string {
  const { value } = given.oneOf(option)
  if (!words.includes(value)) throw new RuleError(`--${option} ${value}: expected ${words.join(', ')}`)
  return value
}

/** An end of 0 is not printed; of a range of one number iptables loses the `!`, which therefore is refused. */
function rangeText({ value, negated }: GivenOption): string {
  const [first, second, ...rest] = value.split(':')
  const from = first === '' && second !== undefined ? 0n : parseNumber64(first, '--connbytes')
  const to = second === undefined || second === '' ? GREATEST_64 : parseNumber64(second, '--connbytes')
  if (rest.length > 0 || from > to)
    throw new RuleError(`--connbytes ${value}: expected one number or LEAST:GREATEST`)
  if (negated && from === to) throw new RuleError(`! --connbytes ${value}: expected a longer range after !`)
  return to === 0n || to === GREATEST_64 ? String(from) : `${from}:${to}`
}
