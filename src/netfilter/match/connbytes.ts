/**
 * `-m connbytes`: how much a connection has carried. There is no connection tracking here: the match is read and
 * printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import type { Given } from '../given.js'
import { RuleError } from '../rule-error.js'

/** Counters have 64 bits, more than a number holds. */
const GREATEST = 0xffff_ffff_ffff_ffffn
const MODES = ['packets', 'bytes', 'avgpkt']
const DIRECTIONS = ['original', 'reply', 'both']

/** The connbytes match. */
export const connbytes: MatchExtension = {
  name: 'connbytes',
  options: {
    connbytes: { argument: 'LEAST[:GREATEST]', negatable: true },
    'connbytes-mode': { argument: MODES.join('|') },
    'connbytes-dir': { argument: DIRECTIONS.join('|') },
  },
  read(given) {
    const { value, negated } = given.oneOf('connbytes')
    const parts = [
      `${negated ? '! ' : ''}--connbytes ${saveRange(value)}`,
      `--connbytes-mode ${readName(given, 'connbytes-mode', MODES)}`,
      `--connbytes-dir ${readName(given, 'connbytes-dir', DIRECTIONS)}`,
    ]
    return { name: 'connbytes', text: parts.join(' ') }
  },
}

/** Without the greater number where it is the greatest there is; both where they are the same. */
function saveRange(text: string): string {
  const [first, second = '', ...rest] = text.split(':')
  const least = parseCount(first, 0n)
  const greatest = parseCount(second, GREATEST)
  if (least === null || greatest === null || least > greatest || rest.length > 0)
    throw new RuleError(`--connbytes ${text}: expected LEAST, LEAST:GREATEST or :GREATEST, below 2^64`)
  return greatest === GREATEST ? String(least) : `${least}:${greatest}`
}

function parseCount(text: string, otherwise: bigint): bigint | null {
  if (text === '') return otherwise
  if (!/^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.test(text)) return null
  const count = BigInt(text.replace(/^0(?=\d)/, '0o'))
  return count > GREATEST ? null : count
}

function readName(given: Given, option: string, names: readonly string[]): string {
  const { value } = given.oneOf(option)
  if (!names.includes(value)) throw new RuleError(`--${option} ${value}: expected ${names.join(', ')}`)
  return value
}
