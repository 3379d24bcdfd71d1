/** br100 stats: what a running bridge does a second, again and again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { askAt } from '../control/control-socket.js'
import { MICROSECONDS_PER_SECOND, stopwatch } from '../core/clock.js'
import { rateLines, ratesBetween, ruleTexts } from '../inspect/rates.js'
import type { Rates, Sample } from '../inspect/rates.js'
import { STDOUT, writeFully } from '../io/write-fully.js'
import type { LiveCounters } from '../pipeline/live-counters.js'
import type { Shown } from '../pipeline/live-messages.js'
import { UsageError } from './errors.js'
import { parseCount } from './parse-count.js'
import { socketOf } from './socket.js'

const MILLISECONDS = 1000
const [LEAST_INTERVAL, MOST_INTERVAL] = [0.1, 86_400]
/** To the top left corner, and away with all that is below. */
const REDRAW = '\x1b[H\x1b[J'

/** Prints blocks until there are as many as are wanted, or nobody reads them. Returns the exit status. */
export async function statsCommand(options: Record<string, unknown>): Promise<number> {
  const interval = parseInterval(options['interval'] as string)
  const count = parseCount(options['count'] as string | undefined)
  const path = socketOf(options)
  const textOf = options['json'] === true ? jsonText : process.stdout.isTTY ? terminalText : pipeText
  let before = await sampleAt(path, null)
  for (let printed = 0, due = before.time; printed < count; printed++) {
    due += interval * MICROSECONDS_PER_SECOND
    await sleep(Math.max(0, due - stopwatch()) / (MICROSECONDS_PER_SECOND / MILLISECONDS))
    const after = await sampleAt(path, before)
    if (!print(textOf(ratesBetween(before, after), printed))) return 0
    before = after
  }
  return 0
}

function parseInterval(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (seconds >= LEAST_INTERVAL && seconds <= MOST_INTERVAL) return seconds
  throw new UsageError(`--interval ${text}: expected seconds from ${LEAST_INTERVAL} to ${MOST_INTERVAL}`)
}

/** The rules' texts are asked for only when there are other rules than before. */
async function sampleAt(path: string, before: Sample | null): Promise<Sample> {
  const counters = (await askAt(path, { counters: true }))['counted'] as LiveCounters
  const time = stopwatch()
  if (before !== null && before.counters.rulesNumber === counters.rulesNumber)
    return { time, counters, rules: before.rules }
  const { lines } = (await askAt(path, { show: 'rules' }))['shown'] as Shown
  return { time, counters, rules: ruleTexts(lines) }
}

function jsonText(rates: Rates): string {
  return `${JSON.stringify(rates)}\n`
}

function pipeText(rates: Rates, printed: number): string {
  return [...(printed > 0 ? [''] : []), ...rateLines(rates), ''].join('\n')
}

/** As much as there is room for; a terminal that does not know its size has room for all. */
function terminalText(rates: Rates): string {
  const { rows, columns } = process.stdout
  const lines = rateLines(rates).slice(0, rows > 1 ? rows - 1 : Infinity)
  return REDRAW + [...lines.map((line) => line.slice(0, columns || Infinity)), ''].join('\n')
}

/** False where nobody reads any more. */
function print(text: string): boolean {
  const bytes = Buffer.from(text)
  try {
    writeFully(STDOUT, 'standard output', bytes, 0, bytes.length)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false
    throw error
  }
}
