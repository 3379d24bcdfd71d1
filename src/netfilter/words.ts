/** The words of a line, quoted as iptables-save quotes them. */
import { RuleError } from './rule-error.js'

/**
 * Splits at spaces and tabs. Between double quotes spaces belong to the word and a backslash takes the next
 * character as it is, as in iptables-restore; shell scripts also quote with single quotes.
 */
export function splitWords(line: string): string[] {
  if (!/["'\\\t]/.test(line)) return unquoted(line)
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (c === '\\' && quote !== "'" && i + 1 < line.length) word = (word ?? '') + line[++i]
    else if (quote !== '') {
      if (c === quote) quote = ''
      else word += c
    } else if (c === '"' || c === "'") [quote, word] = [c, word ?? '']
    else if (c === ' ' || c === '\t') {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + c
  }
  if (quote !== '') throw new RuleError(`a quotation that ${quote} begins has no end`)
  if (word !== null) words.push(word)
  return words
}

/** A line of words and spaces alone, as nearly all are. */
function unquoted(line: string): string[] {
  const words: string[] = []
  for (let at = 0; at < line.length;) {
    const space = line.indexOf(' ', at)
    const end = space === -1 ? line.length : space
    if (end > at) words.push(line.slice(at, end))
    at = end + 1
  }
  return words
}

/** Text as iptables-save writes it: quoted unless it is letters, digits, _ and - alone (xtables_save_string). */
export function quote(text: string): string {
  if (/^[0-9A-Za-z_-]+$/.test(text)) return text
  return `"${text.replaceAll(/["\\']/g, '\\$&')}"`
}
