/** `-m string`: bytes that are somewhere in the packet, its headers included. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { RuleError } from '../rule-error.js'
import { searchFor } from './search.js'

/** The kernel's searches; which one is used makes no difference to what is found. */
const ALGORITHMS = ['bm', 'kmp']
const LONGEST = 128
/** As far as the search goes where `--to` is not given. */
const END = 65_535
const [BAR, BACKSLASH, SPACE, QUOTE] = [0x7c, 0x5c, 0x20, 0x22]

/** The string match. */
export const string: MatchExtension = {
  name: 'string',
  options: {
    string: { argument: 'TEXT', negatable: true },
    'hex-string': { argument: 'TEXT|HEX|TEXT', negatable: true },
    algo: { argument: ALGORITHMS.join('|') },
    from: { argument: 'OFFSET' },
    to: { argument: 'OFFSET' },
    icase: { argument: null },
  },
  read(given) {
    const algorithm = readAlgorithm(given)
    const option = given.oneOf('string', 'hex-string')
    const pattern = readPattern(option)
    const [from, to] = readBounds(given)
    const ignoreCase = given.has('icase')
    const parts = [
      `${option.negated ? '! ' : ''}${savePattern(pattern)} --algo ${algorithm}`,
      ...(from === 0 ? [] : [`--from ${from}`]),
      ...(to === END ? [] : [`--to ${to}`]),
      ...(ignoreCase ? ['--icase'] : []),
    ]
    return {
      name: 'string',
      text: parts.join(' '),
      start: () => {
        const [find, { negated }] = [searchFor(pattern, ignoreCase), option]
        // Offsets count from the IPv4 header; all of the pattern lies before --to (skb_find_text, Linux 6.7).
        return ({ bytes, l3, end }) => find(bytes, l3 + from, Math.min(end, l3 + to)) !== negated
      },
    }
  },
}

function readAlgorithm(given: Given): string {
  const { value } = given.oneOf('algo')
  if (!ALGORITHMS.includes(value)) throw new RuleError(`--algo ${value}: expected ${ALGORITHMS.join(' or ')}`)
  return value
}

function readBounds(given: Given): [from: number, to: number] {
  const [from, to] = [given.number('from', 0, END, 0), given.number('to', 0, END, END)]
  if (from > to) throw new RuleError(`--from ${from} --to ${to}: expected the smaller number first`)
  return [from, to]
}

function readPattern({ name, value }: GivenOption): Uint8Array {
  const text = Buffer.from(value)
  const pattern = name === 'string' ? text : parseHex(text, `--${name} ${value}`)
  if (pattern.length === 0 || pattern.length > LONGEST)
    throw new RuleError(`--${name} ${value}: ${pattern.length} bytes, expected 1-${LONGEST}`)
  return Uint8Array.from(pattern)
}

/**
 * Text with hexadecimal digits between bars, `GET|20 2f|`; a backslash takes the next character as it is. The
 * last bar may be left out only where no digits stand before it. What stands right behind a closing bar is text
 * even if it is a bar or a backslash: so iptables reads it.
 */
function parseHex(text: Uint8Array, what: string): number[] {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    if (text[i] === BACKSLASH) {
      if (++i === text.length) throw new RuleError(`${what}: a backslash at the end, expected a character`)
      bytes.push(text[i])
    } else if (text[i] !== BAR) bytes.push(text[i])
    else {
      i = parseDigits(text, i + 1, bytes, what)
      if (i < text.length) bytes.push(text[i])
    }
  }
  return bytes
}

/** From behind the opening bar; returns where the text behind the closing one begins. */
function parseDigits(text: Uint8Array, at: number, bytes: number[], what: string): number {
  while (text[at] === SPACE) at++
  if (at === text.length) return at
  do {
    const digits = String.fromCharCode(...text.slice(at, at + 2))
    if (!/^[0-9a-f]{2}$/i.test(digits))
      throw new RuleError(`${what}: expected pairs of hexadecimal digits between bars`)
    bytes.push(parseInt(digits, 16))
    at += text[at + 2] === SPACE ? 3 : 2
  } while (text[at] !== BAR)
  return at + 1
}

/** In hexadecimal where a byte is not printable ASCII, or the last is a backslash. */
function savePattern(pattern: Uint8Array): string {
  const isText = pattern.every((byte) => byte >= SPACE && byte < 0x7f) && pattern.at(-1) !== BACKSLASH
  if (!isText) return `--hex-string "|${Buffer.from(pattern).toString('hex')}|"`
  const quoted = [...pattern].map((byte) => `${needsBackslash(byte) ? '\\' : ''}${String.fromCharCode(byte)}`)
  return `--string "${quoted.join('')}"`
}

function needsBackslash(byte: number): boolean {
  return byte === QUOTE || byte === BACKSLASH
}
