/** `512kb/s`: bytes a second, as hashlimit takes, holds and prints them. */
import { RuleError } from '../rule-error.js'
import { wholeNumber } from '../numbers.js'

/** Bytes are counted by 16. */
const CHUNK = 16
const GREATEST_COST = 0xffffffff
const FACTORS: Readonly<Record<string, number>> = { k: 1024, m: 1024 * 1024 }
const PRINTED: ReadonlyArray<readonly [unit: string, bytes: number]> = [
  ['m', 1024 * 1024],
  ['k', 1024],
  ['', 1],
]

/**
 * What 16 bytes cost at this rate, as a part of 2^32; null where the text is no rate in bytes. What iptables takes
 * besides is refused: Mb/s, which it reads as bytes, rates that overflow its 32 bits, and those below a chunk, which it
 * prints as 0.
 */
export function parseRateOfBytes(text: string, what: string): number | null {
  if (!text.includes('b/s')) return null
  const [, digits, unit] = /^(\d{1,15})([km]?)b\/s$/.exec(text) ?? []
  const bytes = Number(digits) * (FACTORS[unit] ?? 1)
  const chunks = Math.floor(bytes / CHUNK)
  if (!(chunks > 0 && chunks < GREATEST_COST))
    throw new RuleError(`${what} ${text}: expected NUMBERb/s, NUMBERkb/s or NUMBERmb/s, 16b/s at least`)
  return Math.floor(GREATEST_COST / (chunks + 1))
}

/** Bytes a second for that cost: not always those that were asked for. */
export function bytesOf(cost: number): number {
  return (Math.floor(GREATEST_COST / cost) - 1) * CHUNK
}

/** The rate in the greatest unit that says the same, in which iptables sees 32 bits of it. */
export function formatRateOfBytes(cost: number): string {
  const bytes = bytesOf(cost)
  const [unit, factor] = PRINTED.find(
    ([, one]) => one === 1 || (bytes >= one && costOf((bytes - (bytes % one)) % 2 ** 32) === cost),
  )!
  return `${Math.floor(bytes / factor)}${unit}b/s`
}

function costOf(bytes: number): number {
  return Math.floor(GREATEST_COST / (Math.floor(bytes / CHUNK) + 1))
}

/** A number of bytes in the greatest unit that it reaches, the rest cut off. */
export function formatBytes(bytes: number): string {
  const [unit, factor] = PRINTED.find(([, one]) => bytes >= one)!
  return `${Math.floor(bytes / factor)}${unit}b`
}

/** `NUMBER`, up to `greatestBare`; with k, m, b, kb or mb after it up to `greatest`. */
export function parseBytes(text: string, what: string, greatestBare: number, greatest: number): number {
  const [, digits = '', factor = '', unit = ''] = /^(\w+?)([km]?)(b?)$/.exec(text) ?? []
  const most = factor + unit === '' ? greatestBare : greatest
  const bytes = (wholeNumber(digits) ?? 0) * (FACTORS[factor] ?? 1)
  if (bytes < 1 || bytes > most) throw new RuleError(`${what} ${text}: expected a number from 1 to ${most}`)
  return bytes
}
