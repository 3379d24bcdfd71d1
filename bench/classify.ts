/**
 * Which rule of a set is the first to match, on sets like ClassBench's, ours with exact counters for each rule,
 * against `dpdk-test-acl --alg=avx2`, which counts nothing, on the same rules and headers. And what a compiled
 * set takes. Before the rounds each header's rule is compared between the two, and on a sample with the linear
 * specification.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopwatch } from '../src/core/clock.js'
import { buildClassifier } from '../src/netfilter/classify/classifier.js'
import type { Classifier } from '../src/netfilter/classify/classifier.js'
import { classifyLinear } from '../src/netfilter/classify/linear.js'
import { BURST } from '../src/netfilter/classify/phases.js'
import type { FiveFieldRule, HeaderColumns } from '../src/netfilter/classify/rule.js'
import { generateRules, generateTrace, printRules, printTrace } from './classbench.js'
import type { Flavour } from './classbench.js'
import type { Contender, Question, Sample } from './harness.js'

const HEADERS = 131_072
const SAMPLED = 512
const LENGTH = 100
const AVX2 = 'dpdk-test-acl, avx2'
const FLAVOURS: Flavour[] = ['acl', 'fw', 'ipc']

/** A set, and passes over the trace in a round: some tenths of a second for each contender. */
interface Case {
  flavour: Flavour
  rules: number
  passes: number
}

const CASES = [
  { rules: 1000, passes: 100 },
  { rules: 10_000, passes: 40 },
  { rules: 100_000, passes: 8 },
].flatMap((size) => FLAVOURS.map((flavour): Case => ({ flavour, ...size })))

/** The nine questions of speed. */
export const classify: Question[] = CASES.map((one) => ({
  name: `classify-${nameOf(one)}`,
  title: `first matching rule, ${one.flavour} set of ${one.rules.toLocaleString('en-US')} rules, with counters`,
  unit: 'million headers/s',
  lessIsBetter: false,
  ours: 'br100',
  expected: HEADERS * one.passes,
  bars: [{ against: AVX2, bar: 1.5, reach: 5 }],
  rounds: 5,
  contenders: () => contendersFor(one),
}))

/** What the largest of the three compiled sets of a size takes. */
export const classifyMemory: Question[] = [
  { rules: 10_000, bar: 50, reach: 25 },
  { rules: 100_000, bar: 400, reach: 50 },
].map(({ rules, bar, reach }) => ({
  name: `classify-memory-${rules / 1000}k`,
  title: `memory of a compiled set of ${rules.toLocaleString('en-US')} rules, the largest of acl, fw and ipc`,
  unit: 'MB',
  lessIsBetter: true,
  ours: 'br100',
  expected: FLAVOURS.length,
  bars: [],
  limit: { bar, reach },
  rounds: 1,
  contenders: () => Promise.resolve({ contenders: [{ name: 'br100', run: () => memoryOf(rules) }] }),
}))

function nameOf({ flavour, rules }: Case): string {
  return `${flavour}-${rules / 1000}k`
}

function memoryOf(rules: number): Sample {
  const sizes = FLAVOURS.map((flavour) => buildClassifier(generateRules(flavour, rules, 7)).bytes)
  return { value: Math.max(...sizes) / 1e6, count: sizes.length }
}

async function contendersFor(one: Case): Promise<{ contenders: Contender[]; end: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
  const rules = generateRules(one.flavour, one.rules, 7)
  const trace = generateTrace(rules, HEADERS, 11)
  writeFileSync(join(folder, 'rules'), printRules(rules))
  writeFileSync(join(folder, 'trace'), printTrace(trace))
  const started = stopwatch()
  const classifier = buildClassifier(rules)
  const took = ((stopwatch() - started) / 1e6).toFixed(2)
  process.stderr.write(`${nameOf(one)}: built in ${took} s, ${(classifier.bytes / 1e6).toFixed(1)} MB\n`)
  const bursts = inBursts(trace)
  compare(rules, bursts, classifier, resultsOfAvx2(folder))
  const contenders = [
    { name: 'br100', run: () => ours(classifier, bursts, one.passes) },
    { name: AVX2, run: () => avx2(folder, one.passes) },
  ]
  return Promise.resolve({ contenders, end: () => rmSync(folder, { recursive: true }) })
}

function inBursts(trace: HeaderColumns): HeaderColumns[] {
  return Array.from({ length: HEADERS / BURST }, (_, b) => {
    const part = (column: Int32Array): Int32Array => column.subarray(b * BURST, (b + 1) * BURST)
    const { source, destination, ports, protocol } = trace
    return {
      source: part(source),
      destination: part(destination),
      ports: part(ports),
      protocol: part(protocol),
    }
  })
}

/** The count is what the rules' counters say, so a header that no rule was found for is missed. */
function ours({ classifyAndCount, counters }: Classifier, bursts: HeaderColumns[], passes: number): Sample {
  const results = new Int32Array(BURST)
  const lengths = new Int32Array(BURST).fill(LENGTH)
  counters.fill(0)
  const started = stopwatch()
  for (let pass = 0; pass < passes; pass++)
    for (const columns of bursts) classifyAndCount(columns, lengths, BURST, results)
  const took = stopwatch() - started
  let packets = 0
  for (let at = 2; at < counters.length; at += 2) {
    packets += counters[at]
    if (counters[at + 1] !== counters[at] * LENGTH)
      throw new Error(`rule ${at / 2 - 1}: ${counters[at + 1]} bytes`)
  }
  return { value: (HEADERS * passes) / took, count: packets }
}

/** One core, no hugepages, no devices; one category, which is its fastest build. */
function testAcl(folder: string, iterations: number, verbose: number): string {
  const environment = [
    '--no-pci',
    '--no-huge',
    '-m',
    '2048',
    '-l',
    '0',
    '--no-telemetry',
    '--log-level=1',
    '--',
  ]
  const options = [
    ...[`--rulesf=${join(folder, 'rules')}`, `--tracef=${join(folder, 'trace')}`, '--rulenum=131072'],
    ...[`--tracenum=${HEADERS}`, `--iter=${iterations}`, '--alg=avx2', '--bldcat=1', `--verbose=${verbose}`],
  ]
  return execFileSync('dpdk-test-acl', [...environment, ...options], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** Its own figure covers the look-ups only; it also prints how many it did. */
function avx2(folder: string, passes: number): Sample {
  const output = testAcl(folder, passes, 0)
  const [, count, rate] = /iterations, (\d+) pkts.* ([\d.]+) pkt\/sec/.exec(output) ?? []
  if (rate === undefined) throw new Error(`dpdk-test-acl: no result in:\n${output.slice(-2000)}`)
  return { value: Number(rate) / 1e6, count: Number(count) }
}

/** The rule that it finds for each header. */
function resultsOfAvx2(folder: string): number[] {
  return [...testAcl(folder, 1, 3).matchAll(/category: 0, result: (\d+)/g)].map(
    ([, rule]) => Number(rule) | 0,
  )
}

function compare(
  rules: FiveFieldRule[],
  bursts: HeaderColumns[],
  classifier: Classifier,
  theirs: number[],
): void {
  if (theirs.length !== HEADERS)
    throw new Error(`dpdk-test-acl: ${theirs.length} results for ${HEADERS} headers`)
  const results = new Int32Array(BURST)
  bursts.forEach((columns, b) => {
    classifier.classify(columns, BURST, results)
    results.forEach((rule, i) => {
      const header = b * BURST + i
      const isSampled = header % (HEADERS / SAMPLED) === 0
      const expected = isSampled ? classifyLinear(rules, columns, i) : theirs[header]
      if (rule !== expected || rule !== theirs[header])
        throw new Error(
          `header ${header}: rule ${rule}, dpdk-test-acl ${theirs[header]}, expected ${expected}`,
        )
    })
  })
}
