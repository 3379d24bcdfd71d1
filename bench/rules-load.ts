/**
 * Reading and compiling rules, against `iptables-legacy-restore` of the same file, which reads them and hands them to
 * the kernel. Ours in a process that has just started, the start of Node itself left out: nothing is warm.
 * Root is needed, for a network namespace that the kernel's rules go into.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stopwatch } from '../src/core/clock.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import type { Contender, Question, Sample } from './harness.js'
import { flatRules } from './rule-sets.js'

const SELF = fileURLToPath(import.meta.url)
const RESTORE = 'iptables-legacy-restore'

export const rulesLoad: Question[] = [10_000, 100_000].map((count) => ({
  name: `rules-load-${count / 1000}k`,
  title: `reading and compiling ${count.toLocaleString('en')} rules`,
  unit: 'ms',
  lessIsBetter: true,
  ours: 'br100',
  expected: count,
  bars: [{ against: RESTORE, bar: 1, reach: 0.5 }],
  rounds: 7,
  contenders() {
    const folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
    const file = join(folder, 'rules')
    writeFileSync(file, flatRules(count))
    const end = (): void => rmSync(folder, { recursive: true })
    return Promise.resolve({ contenders: [ours(file), restore(file)], end })
  },
}))

/** What a compiled set adds to the memory of a process, the rules as they were read included. */
export const rulesMemory: Question[] = [
  { count: 10_000, bar: 50, reach: 25 },
  { count: 100_000, bar: 400, reach: 50 },
].map(({ count, bar, reach }) => ({
  name: `rules-memory-${count / 1000}k`,
  title: `memory of ${count.toLocaleString('en')} rules, read and compiled`,
  unit: 'MB',
  lessIsBetter: true,
  ours: 'br100',
  expected: count,
  bars: [],
  limit: { bar, reach },
  rounds: 3,
  contenders() {
    const folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
    const file = join(folder, 'rules')
    writeFileSync(file, flatRules(count))
    const run = (): Sample => inProcess('memory', file)
    return Promise.resolve({
      contenders: [{ name: 'br100', run }],
      end: () => rmSync(folder, { recursive: true }),
    })
  },
}))

function ours(file: string): Contender {
  return { name: 'br100', run: () => inProcess('time', file) }
}

function inProcess(what: string, file: string): Sample {
  const options = ['--expose-gc', SELF, what, file]
  return JSON.parse(spawnSync(process.execPath, options, { encoding: 'utf8' }).stdout) as Sample
}

function restore(file: string): Contender {
  const script =
    `a=$(date +%s%N); ${RESTORE} < "$1"; b=$(date +%s%N); ` +
    'echo "{\\"value\\": $(((b - a) / 1000))e-3, \\"count\\": $(iptables-legacy-save | grep -c ^-A)}"'
  const run = (): Sample => {
    const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script, 'sh', file], {
      encoding: 'utf8',
    })
    if (stdout === '') throw new Error(`${RESTORE}: ${stderr.trim()}: root and iptables are needed`)
    return JSON.parse(stdout) as Sample
  }
  return { name: RESTORE, run }
}

const world = createWorld(anonymousNode('br100'), new Map(), SILENT)

function time(file: string): Sample {
  const bytes = readFileSync(file)
  const started = stopwatch()
  const { rules } = compile(parseRules(file, bytes), world)
  return {
    value: (stopwatch() - started) / 1000,
    count: rules.tables.get('filter')!.chains.get('FORWARD')!.rules.length,
  }
}

function memory(file: string): Sample {
  const before = used()
  const engine = compile(parseRules(file, readFileSync(file)), world)
  const value = (used() - before) / 1e6
  return { value, count: engine.rules.tables.get('filter')!.chains.get('FORWARD')!.rules.length }
}

/** Bytes in use once all garbage is gone. */
function used(): number {
  globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

if (process.argv[1] === SELF) {
  const [what, file] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(what === 'time' ? time(file) : memory(file)))
}
