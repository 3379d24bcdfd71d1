import { UsageError } from './errors.js'

/** What `--count` says; without it there is no end. Throws a UsageError. */
export function parseCount(text: string | undefined): number {
  if (text === undefined) return Infinity
  if (!/^\d+$/.test(text) || Number(text) === 0)
    throw new UsageError(`--count ${text}: expected a whole number above 0`)
  return Number(text)
}
