/** `br100 bench`: how fast a bridge is here, beside the kernel's. */
import { fileURLToPath } from 'node:url'
import { runBench } from '../control/bench/bench.js'
import type { BenchResult } from '../control/bench/bench.js'
import { br100Contender } from '../control/bench/br100.js'
import { BenchError } from '../control/bench/command.js'
import { kernelContender } from '../control/bench/kernel.js'
import { readSetting } from '../control/bench/setting.js'
import type { Setting } from '../control/bench/setting.js'
import { createSpaces } from '../control/bench/spaces.js'
import { isInstalled, whereToFind } from '../control/bench/tools.js'
import { benchDrops, benchJson, benchLines, benchMistakes } from '../inspect/bench-table.js'
import { MEANS } from '../io/live.js'
import type { Means } from '../io/live.js'
import { loadNative } from '../io/native.js'
import { RulesError } from '../netfilter/rule-error.js'
import { undecidedIn } from '../netfilter/verify.js'
import { UsageError } from './errors.js'
import { readRulesFile, readSetsFile } from './inputs.js'
import { writeOut } from './output.js'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
/** What a shell takes for the end by a signal. */
const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof STATUS

interface Options {
  io: Means
  rounds: number
  seconds: number
  json: boolean
}

/** Measures the bridge of this file, or one of two TAPs. Returns the exit status. */
export async function benchCommand(
  path: string | undefined,
  given: Record<string, unknown>,
): Promise<number> {
  const options = optionsOf(given)
  const setting = readSetting(path ?? null)
  await checkRules(setting)
  checkMachine()
  if (setting.leftOut.length > 0) note(`${setting.leftOut.join(', ')}: not measured, as there are two hosts`)
  const interrupted = new AbortController()
  for (const name of Object.keys(STATUS) as Signal[]) process.on(name, () => interrupted.abort(name))
  const { signal } = interrupted
  const spaces = createSpaces(signal)
  try {
    const contenders = [br100Contender(MAIN, options.io), kernelContender]
    const { rounds, seconds } = options
    const result = await runBench({ setting, contenders, rounds, seconds, onStep: showStep }, spaces)
    showStep('')
    return report(result, options.json)
  } catch (error) {
    showStep('')
    if (!signal.aborted) throw error
    return STATUS[signal.reason as Signal]
  } finally {
    spaces.remove()
  }
}

function optionsOf({ io, rounds, seconds, json }: Record<string, unknown>): Options {
  const means = MEANS.find((one) => one === io)
  if (means === undefined) throw new UsageError(`--io ${String(io)}: expected one of ${MEANS.join(', ')}`)
  return {
    io: means,
    rounds: wholeNumber('--rounds', String(rounds)),
    seconds: wholeNumber('--seconds', String(seconds)),
    json: json === true,
  }
}

const MOST = 1000

function wholeNumber(option: string, text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= MOST) return value
  throw new UsageError(`${option} ${text}: expected a whole number from 1 to ${MOST}`)
}

/** Before anything is made: what is wrong with rules and sets is told with its line. */
async function checkRules({ config: { rules, sets } }: Setting): Promise<void> {
  if (sets !== undefined) await readSetsFile(sets)
  if (rules === undefined) return
  const undecided = undecidedIn(await readRulesFile(rules))
  if (undecided.length > 0) throw new RulesError(rules, undecided)
}

/** What there must be for any measurement. */
function checkMachine(): void {
  loadNative()
  if (process.getuid?.() !== 0) throw new BenchError('bench: root is needed, for network namespaces')
  const missing = ['ip', 'bridge'].filter((program) => !isInstalled(program))
  if (missing.length > 0) throw new BenchError(missing.map(whereToFind).join('\n'))
}

function note(text: string): void {
  process.stderr.write(`br100: ${text}\n`)
}

/** What is going on, on one line of a terminal, which the next one takes. */
function showStep(step: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step}`)
}

/** 1 where something came through one contender and not through the other, or nothing at all. */
function report(result: BenchResult, json: boolean): number {
  if (json) writeOut(`${JSON.stringify(benchJson(result), null, 2)}\n`)
  else writeOut([...benchLines(result), ''].join('\n'))
  for (const [name, why] of result.missing) note(`${name} took no part: ${why}`)
  const mistakes = benchMistakes(result)
  for (const line of [...mistakes, ...benchDrops(result)]) note(line)
  return mistakes.length > 0 ? 1 : 0
}
