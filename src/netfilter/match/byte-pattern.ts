/** The bytes that `-m string` looks for, as they are written. */
import { RuleError } from '../rule-error.js'

/**
 * In turn: a character after a backslash; bytes between bars, and the character after them, which is itself even if
 * it is a bar; a bar at the end, which is nothing; any other character.
 */
const TOKEN = /\\([^])|\| *((?:[0-9a-f]{2} ?)+)\|([^]?)|\| *$|([^\\|])/giy

/** `GET|20 0d0a|`: bytes in hexadecimal between bars. They are `longest` at most. */
export function parseHexPattern(text: string, longest: number): Uint8Array {
  const source = Buffer.from(text).toString('latin1')
  let pattern = ''
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const token = TOKEN.exec(source)
    if (token === null) throw new RuleError(`--hex-string ${text}: expected pairs of digits, |41 42|`)
    const [, escaped = '', digits = '', after = '', plain = ''] = token as Array<string | undefined>
    const block = Buffer.from(digits.replaceAll(' ', ''), 'hex').toString('latin1')
    // The bar that ends a block is refused behind the last byte that there is room for.
    const isFull = pattern.length + block.length >= longest
    if (isFull) throw new RuleError(`--hex-string ${text}: expected at most ${longest} bytes`)
    pattern += escaped + block + after + plain
  }
  if (pattern === '') throw new RuleError(`--hex-string ${text}: expected at least a byte`)
  return Buffer.from(pattern, 'latin1')
}

/** With its option: in hexadecimal where there is a byte that cannot be printed, or a backslash at the end. */
export function formatPattern(pattern: Uint8Array): string {
  const text = Buffer.from(pattern).toString('latin1')
  if (/[^ -~]|\\$/.test(text)) return `--hex-string "|${Buffer.from(pattern).toString('hex')}|"`
  return `--string "${text.replaceAll(/["\\]/g, '\\$&')}"`
}
