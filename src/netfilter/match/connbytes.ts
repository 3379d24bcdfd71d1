/** `-m connbytes`: what a connection has carried. Where a rule asks, connections are counted from then on. */
import type { ConnectionCounters } from '../conntrack/counters.js'
import { ORIGINAL, REPLY } from '../conntrack/entry.js'
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { RuleError } from '../rule-error.js'
import { GREATEST_64, parseNumber64 } from './number64.js'

const DIRECTIONS: Readonly<Record<string, readonly number[]>> = {
  original: [ORIGINAL],
  reply: [REPLY],
  both: [ORIGINAL, REPLY],
}
/** What is compared, of a connection's packets and bytes. */
const MODES: Readonly<Record<string, (packets: number, bytes: number) => number>> = {
  packets: (packets) => packets,
  bytes: (_packets, bytes) => bytes,
  avgpkt: (packets, bytes) => (packets === 0 ? 0 : Math.floor(bytes / packets)),
}

/** The connbytes match. */
export const connbytes: MatchExtension = {
  name: 'connbytes',
  tracks: true,
  options: {
    connbytes: { argument: 'NUMBER[:NUMBER]', negatable: true },
    'connbytes-dir': { argument: Object.keys(DIRECTIONS).join('|') },
    'connbytes-mode': { argument: Object.keys(MODES).join('|') },
  },
  read(given) {
    const option = given.oneOf('connbytes')
    const direction = oneWord(given, 'connbytes-dir', Object.keys(DIRECTIONS))
    const mode = oneWord(given, 'connbytes-mode', Object.keys(MODES))
    const range = parseRange(option)
    return {
      name: 'connbytes',
      text: `${option.negated ? '! ' : ''}--connbytes ${rangeText(range)} --connbytes-mode ${mode} --connbytes-dir ${direction}`,
      start: ({ connections }) => {
        if (connections === null) return () => false
        const { counters } = connections
        counters.start()
        const asked = valueOf(counters, DIRECTIONS[direction], MODES[mode])
        // Beyond 2^53, where bounds are rounded, no count will come.
        const [from, to] = [Number(range.from), Number(range.to)]
        return ({ connection }) => {
          if (connection === 0 || !counters.has(connection)) return false
          const value = asked(connection)
          return (from <= value && value <= to) !== option.negated
        }
      },
    }
  },
}

function oneWord(given: Given, option: string, words: readonly string[]): string {
  const { value } = given.oneOf(option)
  if (!words.includes(value)) throw new RuleError(`--${option} ${value}: expected ${words.join(', ')}`)
  return value
}

/** What is compared, of a connection. */
function valueOf(
  counters: ConnectionCounters,
  directions: readonly number[],
  mode: (packets: number, bytes: number) => number,
): (entry: number) => number {
  return (entry) => {
    let packets = 0
    let bytes = 0
    for (const direction of directions) {
      packets += counters.packets(entry, direction)
      bytes += counters.bytes(entry, direction)
    }
    return mode(packets, bytes)
  }
}

interface Range {
  from: bigint
  to: bigint
}

/** Of a range of one number iptables loses the `!`, which therefore is refused. */
function parseRange({ value, negated }: GivenOption): Range {
  const [first, second, ...rest] = value.split(':')
  const from = first === '' && second !== undefined ? 0n : parseNumber64(first, '--connbytes')
  const to = second === undefined || second === '' ? GREATEST_64 : parseNumber64(second, '--connbytes')
  if (rest.length > 0 || from > to)
    throw new RuleError(`--connbytes ${value}: expected one number or LEAST:GREATEST`)
  if (negated && from === to) throw new RuleError(`! --connbytes ${value}: expected a longer range after !`)
  return { from, to }
}

/** An end of 0 is not printed. */
function rangeText({ from, to }: Range): string {
  return to === 0n || to === GREATEST_64 ? String(from) : `${from}:${to}`
}
