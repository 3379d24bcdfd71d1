/** `-m string`: bytes somewhere in the datagram. */
import type { MatchExtension } from '../extension.js'
import type { Given } from '../given.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { FOLDED, UNFOLDED, createSearch } from './byte-search.js'
import { formatPattern, parseHexPattern } from './byte-pattern.js'

const GREATEST_OFFSET = 65_535
const LONGEST_PATTERN = 128

/** The string match. */
export const stringMatch: MatchExtension = {
  name: 'string',
  options: {
    from: { argument: 'OFFSET' },
    to: { argument: 'OFFSET' },
    algo: { argument: 'bm|kmp' },
    string: { argument: 'TEXT', negatable: true },
    'hex-string': { argument: 'TEXT', negatable: true },
    icase: { argument: null },
  },
  read(given) {
    const { negated } = given.oneOf('string', 'hex-string')
    const pattern = readPattern(given)
    const algorithm = readAlgorithm(given)
    const from = given.number('from', 0, GREATEST_OFFSET, 0)
    const to = given.number('to', 0, GREATEST_OFFSET, GREATEST_OFFSET)
    if (from > to) throw new RuleError(`--from ${from} --to ${to}: expected the smaller offset first`)
    const isFolded = given.has('icase')
    const parts = [
      `${negated ? '! ' : ''}${formatPattern(pattern)} --algo ${algorithm}`,
      ...(from === 0 ? [] : [`--from ${from}`]),
      ...(to === GREATEST_OFFSET ? [] : [`--to ${to}`]),
      ...(isFolded ? ['--icase'] : []),
    ]
    return {
      name: 'string',
      text: parts.join(' '),
      start: () => decide(pattern, isFolded, from, to, negated),
    }
  },
}

function readPattern(given: Given): Uint8Array {
  const { name, value } = given.oneOf('string', 'hex-string')
  if (name === 'hex-string') return parseHexPattern(value, LONGEST_PATTERN)
  const pattern = Buffer.from(value)
  if (pattern.length === 0 || pattern.length > LONGEST_PATTERN)
    throw new RuleError(`--string: ${pattern.length} bytes, expected 1 to ${LONGEST_PATTERN}`)
  return pattern
}

function readAlgorithm(given: Given): string {
  const { value } = given.oneOf('algo')
  if (value !== 'bm' && value !== 'kmp') throw new RuleError(`--algo ${value}: expected bm or kmp`)
  return value
}

/**
 * As string_mt with skb_find_text: offsets count from the IPv4 header, and all of the pattern lies between them.
 * Both algorithms find the same, so that one is enough. (But for one thing: with --icase the kernel's bm passes over
 * some places of patterns that have the bytes 0xbf, 0xdf or 0xff; here they are found.)
 */
function decide(
  pattern: Uint8Array,
  isFolded: boolean,
  from: number,
  to: number,
  negated: boolean,
): (packet: Packet) => boolean {
  const isIn = createSearch(pattern, isFolded ? FOLDED : UNFOLDED)
  return (packet) => {
    const end = Math.min(packet.l3 + to, packet.end)
    return isIn(packet.bytes, packet.l3 + from, end) !== negated
  }
}
