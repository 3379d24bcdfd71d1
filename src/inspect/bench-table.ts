/** What a bench has come to, as a table and as JSON. */
import { MEASURED } from '../control/bench/bench.js'
import type { BenchResult, Measured, Result } from '../control/bench/bench.js'
import { number, table } from './report.js'

const TITLES: Readonly<Record<Measured, string>> = {
  small: 'small UDP, packets/s',
  tcp: 'TCP, Gbit/s',
  ping: 'lone ping, µs',
}
/** What is worth telling behind the point. */
const DIGITS: Readonly<Record<Measured, number>> = { small: 0, tcp: 1, ping: 0 }

/** Medians of each contender, and the ratio of the first to the others. */
export function benchLines({ results }: BenchResult, wanted: readonly Measured[], rounds: number): string[] {
  const [ours, ...others] = results
  const rows = wanted.map((what) => [
    TITLES[what],
    ...results.map(({ medians }) => figure(medians[what], DIGITS[what])),
    ...others.map((other) => figure(ratioOf(what, ours, other), 2)),
  ])
  const titles = [
    `median of ${rounds}`,
    ...results.map(({ name, means }) => (means === null ? name : `${name} (${means})`)),
    ...others.map(({ name }) => `to ${name}`),
  ]
  return table([titles, ...rows])
}

/** What came through one contender and not through another, or not through the first: a sentence each. */
export function benchMistakes({ results }: BenchResult, wanted: readonly Measured[]): string[] {
  const [ours, ...others] = results
  const through = (what: Measured, result: Result): boolean => result.medians[what] !== null
  const differ = wanted.flatMap((what) =>
    others
      .filter((other) => through(what, other) !== through(what, ours))
      .map((other) => {
        const [by, not] = through(what, ours) ? [ours, other] : [other, ours]
        return `${TITLES[what]}: comes through by ${by.name} and not by ${not.name}`
      }),
  )
  return wanted.some((what) => through(what, ours))
    ? differ
    : [...differ, `nothing comes through ${ours.name}`]
}

/** Where something did not come through: why frames were dropped. */
export function benchDrops({ results }: BenchResult, wanted: readonly Measured[]): string[] {
  return results.flatMap(({ name, medians, drops }) => {
    const without = wanted.filter((what) => medians[what] === null).map((what) => TITLES[what])
    if (without.length === 0) return []
    const why = drops.map(([reason, frames]) => `${name} dropped ${number(frames)}: ${reason}`)
    return [`${name}: nothing came through: ${without.join('; ')}`, ...why]
  })
}

/** Everything, for `--json`. */
export function benchJson(
  { results, missing }: BenchResult,
  wanted: readonly Measured[],
): Record<string, unknown> {
  const [ours, ...others] = results
  return {
    contenders: Object.fromEntries(
      results.map(({ name, means, medians, turns, drops }) => [
        name,
        { means, medians, rounds: turns, drops: Object.fromEntries(drops) },
      ]),
    ),
    ratios: Object.fromEntries(
      others.map((other) => [
        other.name,
        Object.fromEntries(wanted.map((what) => [what, ratioOf(what, ours, other)])),
      ]),
    ),
    missing: Object.fromEntries(missing),
    measured: MEASURED.filter((what) => wanted.includes(what)),
  }
}

function ratioOf(what: Measured, ours: Result, other: Result): number | null {
  const [a, b] = [ours.medians[what], other.medians[what]]
  return a === null || b === null ? null : a / b
}

function figure(value: number | null, digits: number): string {
  if (value === null) return '-'
  return digits === 0 ? number(Math.round(value)) : value.toFixed(digits)
}
