/** br100 replay: the command line on one side, the replay and its report on the other. */
import type { SingleBar } from 'cli-progress'
import { stopwatch } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import { writeFileSync } from 'node:fs'
import type { RuleSet } from '../netfilter/rule.js'
import type { AttachedRules } from '../pipeline/attach-rules.js'
import { reportJson, reportText } from '../inspect/report.js'
import { replay } from '../pipeline/replay.js'
import { UsageError } from './errors.js'
import {
  conntrackOptions,
  describe,
  nodeOptions,
  parseInputs,
  readNodeFile,
  readRulesFile,
  readSetsFile,
} from './inputs.js'
import { writeOut } from './output.js'

/** Input shorter than this is replayed before a progress bar could be read. */
const LONG_INPUT = 64 * 1024 * 1024
/** How long it may take before anyone wonders. */
const NOTICEABLE: Microseconds = 500_000

/** Runs the command with commander's options; the exit status. */
export async function replayCommand(
  file: string | undefined,
  options: Record<string, unknown>,
): Promise<number> {
  const inputs = parseInputs(file, (options['port'] ?? []) as string[])
  const node = typeof options['node'] === 'string' ? await readNodeFile(options['node'], inputs) : null
  const bridge = (options['bridge'] as string | undefined) ?? node?.bridge ?? 'br100'
  const rules = typeof options['rules'] === 'string' ? await readRulesFile(options['rules']) : null
  const sets = typeof options['sets'] === 'string' ? await readSetsFile(options['sets']) : new Map()
  const saveTo = options['saveCounters'] as string | undefined
  if (saveTo !== undefined && rules === null)
    throw new UsageError('--save-counters: expected --rules FILE with it')
  const nflog = options['nflog'] as string | undefined
  if (nflog !== undefined && rules === null) throw new UsageError('--nflog: expected --rules FILE with it')
  if (nflog === '-') throw new UsageError("--nflog -: expected a file, standard output is the report's")
  const conntrack = options['conntrack'] as string | undefined
  if (conntrack !== undefined && rules === null)
    throw new UsageError('--conntrack: expected --rules FILE with it')
  if (conntrack === '-')
    throw new UsageError("--conntrack -: expected a file, standard output is the report's")
  const checksums = String(options['checksums'])
  if (checksums !== 'verify' && checksums !== 'trust')
    throw new UsageError(`--checksums ${checksums}: expected verify or trust`)
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort(name))
  const { reloadOnHangup } = rules === null ? {} : await import('./reload.js')
  const onAttached = (attached: AttachedRules): void => reloadOnHangup!(rules!.path, attached)
  const progress = new Progress()
  const report = await replay({
    inputs,
    ...(typeof options['out'] === 'string' ? { out: options['out'] } : {}),
    ...(node === null ? {} : nodeOptions(node)),
    ...(rules === null
      ? {}
      : {
          netfilter: {
            rules,
            sets,
            node: describe(bridge, node),
            conntrack: { ...conntrackOptions(node), verifiesChecksums: checksums === 'verify' },
            onLog,
            onAttached,
            ...(nflog === undefined ? {} : { nflog }),
          },
        }),
    speed: parseSpeed(String(options['speed'])),
    signal: interrupt.signal,
    onProgress: (bytesRead, size) => progress.show(bytesRead, size),
  }).finally(() => progress.end())
  writeOut(options['json'] ? `${JSON.stringify(reportJson(report))}\n` : reportText(report, bridge))
  if (report.rules !== null && saveTo !== undefined) await saveCounters(saveTo, report.rules)
  if (conntrack !== undefined)
    writeFileSync(conntrack, (report.connections ?? []).map((line) => `${line}\n`).join(''))
  for (const warning of report.warnings) process.stderr.write(`br100: ${warning}\n`)
  for (const flaw of report.flaws) process.stderr.write(`br100: ${flaw}\n`)
  if (interrupt.signal.aborted) return interrupt.signal.reason === 'SIGTERM' ? 143 : 130
  return report.flaws.length > 0 ? 1 : 0
}

function parseSpeed(text: string): number {
  const speed = text === 'max' ? Infinity : Number(text)
  if (text === '' || !(speed > 0)) throw new UsageError(`--speed ${text}: expected max, or a number above 0`)
  return speed
}

async function saveCounters(path: string, rules: RuleSet): Promise<void> {
  const { saveLines } = await import('../netfilter/rule-text.js')
  writeFileSync(path, [...saveLines(rules, { counters: true }), ''].join('\n'))
}

function onLog(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** A bar on a terminal while long input is read; nothing in a pipe, nothing for short input. */
class Progress {
  #bar: SingleBar | null = null
  #loading = false
  readonly #started = stopwatch()
  #ended = false

  show(bytesRead: number, size: number | null): void {
    if (this.#bar !== null) this.#bar.update(bytesRead)
    else if (!this.#loading && size !== null && size >= LONG_INPUT && this.#isTerminal())
      void this.#start(size)
  }

  end(): void {
    this.#ended = true
    this.#bar?.stop()
  }

  #isTerminal(): boolean {
    if (stopwatch() - this.#started < NOTICEABLE) return false
    return process.stderr.isTTY
  }

  async #start(size: number): Promise<void> {
    this.#loading = true
    const { SingleBar } = await import('cli-progress')
    if (this.#ended) return
    this.#bar = new SingleBar({
      format: '{bar} {percentage}% of {total} bytes, {eta_formatted} left',
      stream: process.stderr,
      clearOnComplete: true,
    })
    this.#bar.start(size, 0)
  }
}
