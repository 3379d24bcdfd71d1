/** `-m set`: whether the packet's addresses and ports are in an ipset. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { AddressSet, Runtime } from '../runtime.js'
import { parseNumber64 } from './number64.js'

const LONGEST_NAME = 31
const MOST_DIMENSIONS = 6
const COUNTERS = ['packets-eq', 'packets-lt', 'packets-gt', 'bytes-eq', 'bytes-lt', 'bytes-gt'] as const
const FLAGS = ['return-nomatch', 'update-counters', 'update-subcounters'] as const

/** The set match. */
export const set: MatchExtension = {
  name: 'set',
  options: {
    'match-set': { argument: 'NAME src|dst[,…]', arguments: 2, negatable: true, aliases: ['set'] },
    'return-nomatch': { argument: null, repeatable: true },
    'update-counters': { argument: null, negatable: true, repeatable: true },
    'update-subcounters': { argument: null, negatable: true, repeatable: true },
    'packets-eq': { argument: 'NUMBER', negatable: true },
    'packets-lt': { argument: 'NUMBER' },
    'packets-gt': { argument: 'NUMBER' },
    'bytes-eq': { argument: 'NUMBER', negatable: true },
    'bytes-lt': { argument: 'NUMBER' },
    'bytes-gt': { argument: 'NUMBER' },
  },
  read(given) {
    const { value, negated } = given.oneOf('match-set')
    const end = value.lastIndexOf(' ')
    const [name, directions] = [parseName(value.slice(0, end)), value.slice(end + 1)]
    const sources = parseDirections(directions)
    const wantsNomatch = given.has('return-nomatch')
    const parts = [
      `${negated ? '! ' : ''}--match-set ${name} ${directions}`,
      ...FLAGS.flatMap((flag) => saveFlag(flag, given)),
      ...saveCounters(given, 'packets'),
      ...saveCounters(given, 'bytes'),
    ]
    return {
      name: 'set',
      text: parts.join(' '),
      start: (runtime) => decide(setOf(runtime, name), sources, wantsNomatch, negated),
    }
  },
}

function parseName(name: string): string {
  if (Buffer.byteLength(name) > LONGEST_NAME || !/^[^\s"'\\]+$/.test(name))
    throw new RuleError(
      `--match-set ${name}: expected a set's name of at most ${LONGEST_NAME} bytes without space`,
    )
  return name
}

/** `src,dst` → whether each is the source's. */
function parseDirections(text: string): boolean[] {
  const words = text.split(',')
  if (words.length > MOST_DIMENSIONS || !words.every((word) => word === 'src' || word === 'dst'))
    throw new RuleError(`--match-set ${text}: expected one to ${MOST_DIMENSIONS} of src and dst`)
  return words.map((word) => word === 'src')
}

/** Counters are updated unless it is negated, which alone is printed. */
function saveFlag(flag: (typeof FLAGS)[number], given: Given): string[] {
  if (flag === 'return-nomatch') return given.has(flag) ? [`--${flag}`] : []
  return given.options.some(({ name, negated }) => name === flag && negated) ? [`! --${flag}`] : []
}

function saveCounters(given: Given, what: 'packets' | 'bytes'): string[] {
  const names: string[] = COUNTERS.filter((name) => name.startsWith(what))
  const options = given.options.filter(({ name }) => names.includes(name))
  if (options.length > 1) throw new RuleError(`--${names.join(', --')}: expected only one of them`)
  return options.map(saveCounter)
}

function saveCounter({ name, value, negated }: GivenOption): string {
  return `${negated ? '! ' : ''}--${name} ${parseNumber64(value, `--${name}`)}`
}

function setOf({ sets }: Runtime, name: string): AddressSet {
  const found = sets.get(name)
  if (found === undefined)
    throw new RuleError(`--match-set ${name}: no such set, expected one that is loaded`)
  return found
}

/**
 * As set_match_v4. With fewer directions than the set's entries have parts nothing is in it. Entries have no
 * counters here, and a comparison of counters does not ask those that have none.
 */
function decide(
  asked: AddressSet,
  sources: readonly boolean[],
  wantsNomatch: boolean,
  negated: boolean,
): (packet: Packet) => boolean {
  if (sources.length < asked.dimensions) return () => negated
  return (packet) => asked.has(packet, sources, wantsNomatch) !== negated
}
