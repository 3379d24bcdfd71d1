/**
 * A bench: contenders in turn, round by round, so that the machine's drift meets all of them alike; medians. What they
 * have counted is held against what was sent and received.
 */
import { BenchError } from './command.js'
import { MissingError } from './contender.js'
import type { AtWork, Contender } from './contender.js'
import type { Setting } from './setting.js'
import { firstFrame, flood, giveAddresses, makeKnown, roundTrips, stream } from './traffic.js'
import type { Pair } from './traffic.js'
import type { Spaces } from './spaces.js'

/** What can be measured: datagrams a second, Gbit/s, microseconds there and back, milliseconds to the first frame. */
export const MEASURED = ['small', 'tcp', 'ping', 'start'] as const

/** One of them. */
export type Measured = (typeof MEASURED)[number]

/** What is to be done. */
export interface Bench {
  setting: Setting
  contenders: readonly Contender[]
  rounds: number
  /** Of each measurement. */
  seconds: number
  /** Told what is going on. */
  onStep(step: string): void
}

/** Of a flood of datagrams: what was sent, what the bridge has counted in and out where it counts, what has come. */
export interface Datagrams {
  sent: number
  entered: number | null
  left: number | null
  received: number
}

/** Figures by what was measured; null: nothing came through. */
export type Figures = Record<Measured, number | null>

/** A contender in one round. */
export interface Turn {
  means: string | null
  figures: Figures
  datagrams: Datagrams
  /** Frames that it has dropped and why. */
  drops: ReadonlyArray<[string, number]>
}

/** What a contender has come to. */
export interface Result {
  name: string
  medians: Figures
  turns: Turn[]
}

/** What a bench has come to. */
export interface BenchResult {
  results: Result[]
  /** Contenders that took no part, and why. */
  missing: ReadonlyArray<[string, string]>
}

/** Runs it. Throws a BenchError where something cannot be made, or counts contradict one another. */
export async function runBench(bench: Bench, spaces: Spaces): Promise<BenchResult> {
  const turns = new Map<Contender, Turn[]>(bench.contenders.map((contender) => [contender, []]))
  const missing = new Map<Contender, string>()
  for (let round = 1; round <= bench.rounds; round++)
    for (const [contender, taken] of turns) {
      const onStep = (step: string): void =>
        bench.onStep(`round ${round} of ${bench.rounds}: ${contender.name}, ${step}`)
      try {
        taken.push(await takeTurn({ ...bench, onStep }, MEASURED, contender, spaces))
      } catch (error) {
        if (!(error instanceof MissingError)) throw error
        missing.set(contender, error.message)
        turns.delete(contender)
      }
    }
  return {
    results: [...turns].map(([{ name }, taken]) => ({ name, medians: mediansOf(taken), turns: taken })),
    missing: [...missing].map(([{ name }, why]) => [name, why]),
  }
}

/** One contender in new namespaces, once. Throws a MissingError where it cannot be had. */
export async function takeTurn(
  { setting, seconds, onStep }: Pick<Bench, 'setting' | 'seconds' | 'onStep'>,
  wanted: readonly Measured[],
  contender: Contender,
  spaces: Spaces,
): Promise<Turn> {
  const [from, to] = setting.hosts
  const pair = { spaces, from, to }
  const figures: Figures = { small: null, tcp: null, ping: null, start: null }
  let datagrams: Datagrams = { sent: 0, entered: null, left: null, received: 0 }
  onStep('start')
  await spaces.make()
  const { began: atWork, took } = await firstFrame(pair, async () => contender.start(spaces, setting))
  figures.start = took === null ? null : took / MILLISECOND
  await giveAddresses(pair)
  await makeKnown(pair)
  for (const what of wanted) {
    onStep(what)
    if (what === 'small')
      [figures.small, datagrams] = await countedFlood(contender.name, atWork, pair, seconds)
    else if (what === 'tcp') figures.tcp = rateOf((await stream(pair, seconds)).rate / GIGABIT)
    else if (what === 'ping') figures.ping = median(await roundTrips(pair, seconds))
  }
  const drops = await atWork.drops()
  await atWork.stop()
  return { means: atWork.means, figures, datagrams, drops }
}

/** In microseconds, and in bytes. */
const [MILLISECOND, GIGABIT] = [1000, 1e9 / 8]

const rateOf = (rate: number): number | null => (rate > 0 ? rate : null)

/** Datagrams a second. More than were sent cannot have passed, nor more been received than have passed. */
async function countedFlood(
  name: string,
  atWork: AtWork,
  pair: Pair,
  seconds: number,
): Promise<[number | null, Datagrams]> {
  const before = await atWork.passed()
  const { sent, received, rate } = await flood(pair, seconds)
  const after = await atWork.passed()
  if (before === null || after === null) return [rateOf(rate), { sent, entered: null, left: null, received }]
  const [entered, left] = [after.entered - before.entered, after.left - before.left]
  if (received > left || left > entered || entered > sent)
    throw new BenchError(
      `${name}: ${sent} datagrams sent, ${entered} counted in, ${left} counted out, ${received} received`,
    )
  return [rateOf(rate), { sent, entered, left, received }]
}

function mediansOf(turns: readonly Turn[]): Figures {
  const of = (what: Measured): number | null => median(turns.flatMap(({ figures }) => figures[what] ?? []))
  return { small: of('small'), tcp: of('tcp'), ping: of('ping'), start: of('start') }
}

/** Null of none. */
function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
