/** What a bench has come to, as tables and as JSON. */
import { MEASURED } from '../control/bench/bench.js'
import type { BenchResult, Datagrams, Figures, Measured, Result } from '../control/bench/bench.js'
import { number, table } from './report.js'

const TITLES: Readonly<Record<Measured, string>> = {
  small: 'small UDP, packets/s',
  tcp: 'TCP, Gbit/s',
  ping: 'lone ping, µs',
  start: 'start to first frame, ms',
}
/** What is worth telling behind the point. */
const DIGITS: Readonly<Record<Measured, number>> = { small: 0, tcp: 1, ping: 0, start: 0 }

/** Medians of each contender and the ratio of the first to the others; below, where its datagrams went. */
export function benchLines({ results }: BenchResult): string[] {
  const [ours, ...others] = results
  const rows = MEASURED.map((what) => [
    TITLES[what],
    ...results.map(({ medians }) => figure(medians[what], DIGITS[what])),
    ...others.map((other) => figure(ratioOf(what, ours, other), 2)),
  ])
  const titles = [
    ours.turns.length === 1 ? '1 round' : `medians of ${ours.turns.length} rounds`,
    ...results.map(titleOf),
    ...others.map(({ name }) => `to ${name}`),
  ]
  const counts = results.map((result) => [titleOf(result), ...Object.values(datagramsOf(result)).map(count)])
  return [
    ...table([titles, ...rows]),
    '',
    ...table([['small UDP in all', 'sent', 'bridge rx', 'bridge tx', 'received'], ...counts]),
  ]
}

function titleOf({ name, turns }: Result): string {
  const means = turns.at(-1)?.means ?? null
  return means === null ? name : `${name} (${means})`
}

/** Of all rounds together. */
function datagramsOf({ turns }: Result): Datagrams {
  const sum = (what: keyof Datagrams): number | null =>
    turns.reduce<number | null>((all, { datagrams }) => {
      const one = datagrams[what]
      return all === null || one === null ? null : all + one
    }, 0)
  return { sent: sum('sent')!, entered: sum('entered'), left: sum('left'), received: sum('received')! }
}

/** What came through one contender and not through another, or not at all: a sentence each. */
export function benchMistakes({ results }: BenchResult): string[] {
  const [ours, ...others] = results
  const differ = MEASURED.flatMap((what) =>
    others
      .filter((other) => comesThrough(what, other) !== comesThrough(what, ours))
      .map((other) => {
        const [by, not] = comesThrough(what, ours) ? [ours, other] : [other, ours]
        return `${TITLES[what]}: comes through by ${by.name} and not by ${not.name}`
      }),
  )
  const isAny = MEASURED.some((what) => comesThrough(what, ours))
  return isAny ? differ : [...differ, `nothing comes through ${ours.name}`]
}

/** Where something did not come through: why frames were dropped. */
export function benchDrops({ results }: BenchResult): string[] {
  return results.flatMap((result) => {
    const { name, turns } = result
    const without = MEASURED.filter((what) => !comesThrough(what, result)).map((what) => TITLES[what])
    if (without.length === 0) return []
    const drops = turns.at(-1)?.drops ?? []
    const why = drops.map(([reason, frames]) => `${name} dropped ${number(frames)}: ${reason}`)
    return [`${name}: nothing came through: ${without.join('; ')}`, ...why]
  })
}

function comesThrough(what: Measured, { medians }: Result): boolean {
  return medians[what] !== null
}

/** Everything, for `--json`. */
export function benchJson({ results, missing }: BenchResult): Record<string, unknown> {
  const [ours, ...others] = results
  const contenders = results.map(({ name, medians, turns }) => [
    name,
    { medians, rounds: turns.map(({ drops, ...turn }) => ({ ...turn, drops: Object.fromEntries(drops) })) },
  ])
  const ratios = others.map((other) => [other.name, ratiosOf(ours, other)])
  return {
    contenders: Object.fromEntries(contenders) as object,
    ratios: Object.fromEntries(ratios) as object,
    missing: Object.fromEntries(missing),
  }
}

function ratiosOf(ours: Result, other: Result): Figures {
  const of = (what: Measured): number | null => ratioOf(what, ours, other)
  return { small: of('small'), tcp: of('tcp'), ping: of('ping'), start: of('start') }
}

function ratioOf(what: Measured, ours: Result, other: Result): number | null {
  const [a, b] = [ours.medians[what], other.medians[what]]
  return a === null || b === null ? null : a / b
}

function figure(value: number | null, digits: number): string {
  if (value === null) return '-'
  return digits === 0 ? count(Math.round(value)) : value.toFixed(digits)
}

function count(value: number | null): string {
  return value === null ? '-' : number(value)
}
