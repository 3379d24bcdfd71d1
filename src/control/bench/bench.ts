/**
 * A bench: contenders in turn, round by round, so that the machine's drift meets all of them alike; medians, and their
 * ratio to the last contender's. What they have counted is held against what was sent and received.
 */
import { BenchError } from './command.js'
import { MissingError } from './contender.js'
import type { AtWork, Contender } from './contender.js'
import type { Setting } from './setting.js'
import { bulk, flood, giveAddresses, makeKnown, roundTrips } from './traffic.js'
import type { Pair } from './traffic.js'
import type { Spaces } from './spaces.js'

/** What can be measured: datagrams a second, Gbit/s, microseconds. */
export const MEASURED = ['small', 'tcp', 'ping'] as const

/** One of them. */
export type Measured = (typeof MEASURED)[number]

/** What is to be done. */
export interface Bench {
  setting: Setting
  contenders: readonly Contender[]
  wanted: readonly Measured[]
  rounds: number
  /** Of each measurement. */
  seconds: number
  /** Told what is going on. */
  onStep(step: string): void
}

/** A contender in one round; null: nothing came through. */
export type Turn = Record<Measured, number | null>

/** What a contender has come to. */
export interface Result {
  name: string
  means: string | null
  /** Medians. */
  medians: Turn
  turns: Turn[]
  /** Frames that it has dropped and why, in the last round. */
  drops: ReadonlyArray<[string, number]>
}

/** What a bench has come to. */
export interface BenchResult {
  results: Result[]
  /** Contenders that took no part, and why. */
  missing: ReadonlyArray<[string, string]>
}

/** Runs it. Throws a BenchError where something cannot be made, or counts contradict one another. */
export async function runBench(bench: Bench, spaces: Spaces): Promise<BenchResult> {
  const results = new Map<Contender, Result>()
  const missing = new Map<Contender, string>()
  for (let round = 1; round <= bench.rounds; round++)
    for (const contender of bench.contenders) {
      if (missing.has(contender)) continue
      const onStep = (step: string): void =>
        bench.onStep(`round ${round} of ${bench.rounds}: ${contender.name}, ${step}`)
      try {
        addTurn(results, contender, await takeTurn({ ...bench, onStep }, contender, spaces))
      } catch (error) {
        if (!(error instanceof MissingError)) throw error
        missing.set(contender, error.message)
      }
    }
  for (const result of results.values()) result.medians = mediansOf(result.turns)
  return {
    results: [...results.values()],
    missing: [...missing].map(([{ name }, why]) => [name, why]),
  }
}

interface Taken {
  means: string | null
  turn: Turn
  drops: ReadonlyArray<[string, number]>
}

function addTurn(results: Map<Contender, Result>, contender: Contender, { means, turn, drops }: Taken): void {
  const before = results.get(contender)?.turns ?? []
  const { name } = contender
  results.set(contender, { name, means, medians: turn, turns: [...before, turn], drops })
}

async function takeTurn(bench: Bench, contender: Contender, spaces: Spaces): Promise<Taken> {
  const { setting } = bench
  bench.onStep('starting')
  await spaces.make()
  const atWork = await contender.start(spaces, setting)
  await giveAddresses(spaces, setting.hosts)
  const [from, to] = setting.hosts
  await makeKnown({ spaces, from, to })
  const turn = await measure(bench, contender.name, atWork, { spaces, from, to })
  const drops = await atWork.drops()
  await atWork.stop()
  return { means: atWork.means, turn, drops }
}

async function measure(bench: Bench, name: string, atWork: AtWork, pair: Pair): Promise<Turn> {
  const turn: Turn = { small: null, tcp: null, ping: null }
  for (const what of bench.wanted) {
    bench.onStep(what)
    if (what === 'small') turn.small = await countedFlood(name, atWork, pair, bench.seconds)
    else if (what === 'tcp') turn.tcp = await bulk(pair, bench.seconds)
    else turn.ping = median(await roundTrips(pair, bench.seconds))
  }
  return turn
}

/** Datagrams a second. More than were sent cannot have passed, nor more been received than have passed. */
async function countedFlood(
  name: string,
  atWork: AtWork,
  pair: Pair,
  seconds: number,
): Promise<number | null> {
  const before = await atWork.passed()
  const { sent, received, rate } = await flood(pair, seconds)
  const after = await atWork.passed()
  if (before !== null && after !== null) {
    const [entered, left] = [after.entered - before.entered, after.left - before.left]
    if (received > left || left > entered || entered > sent)
      throw new BenchError(
        `${name}: ${sent} datagrams sent, ${entered} counted in, ${left} counted out, ${received} received`,
      )
  }
  return received > 0 ? rate : null
}

function mediansOf(turns: readonly Turn[]): Turn {
  const of = (what: Measured): number | null =>
    median(turns.flatMap((turn) => (turn[what] === null ? [] : [turn[what]])))
  return { small: of('small'), tcp: of('tcp'), ping: of('ping') }
}

/** Null of none. */
function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
