/**
 * How br100 is measured: contenders in turn, round by round, in one run, so that the machine's drift meets
 * all of them; medians; ratios of medians. Every contender says how much it did, and a run in which one did
 * something else than the others is no measurement.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'

export interface Sample {
  /** In the question's unit. */
  value: number
  /** What was done, in the question's `counted`: checked, not shown. */
  count: number
}

export interface Contender {
  name: string
  run(): Promise<Sample> | Sample
}

export interface Bar {
  /** The contender that br100 is held against. */
  against: string
  /** For a unit where less is better, the largest ratio that passes; else the smallest. */
  bar: number
  reach: number
}

export interface Question {
  /** Its name on the command line, and of its result file. */
  name: string
  /** One sentence. */
  title: string
  unit: string
  /** Whether less is better: nanoseconds, bytes. */
  lessIsBetter: boolean
  /** Which contender is br100. */
  ours: string
  /** What every contender's count must be; a function where the contenders count differently. */
  expected: number | ((contender: string, count: number) => boolean)
  /** Those against contenders that are not installed are left out. */
  bars: Bar[]
  /** What our own median must not exceed, or fall below, for a question without another contender. */
  limit?: { bar: number; reach: number }
  rounds: number
  /** Prepares what the contenders need; what it returns is called at the end. */
  contenders(): Promise<{ contenders: Contender[]; end?: () => void }>
}

export interface Outcome {
  name: string
  title: string
  unit: string
  /** Which contender is br100. */
  ours: string
  date: string
  machine: string
  rounds: number
  contenders: Array<{ name: string; median: number; values: number[] }>
  /** For a question with a limit, the one against br100 itself is its median. */
  ratios: Array<{ against: string; ratio: number; bar: number; reach: number; met: boolean }>
}

const RESULTS = new URL('../../bench/results/', import.meta.url)
const TABLE = new URL('../../bench/README.md', import.meta.url)

/** Runs one question: a warm-up round that is not counted, then the rounds. Throws where a count is wrong. */
export async function ask(question: Question, rounds: number): Promise<Outcome> {
  const { contenders, end } = await question.contenders()
  const values = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  try {
    for (let round = -1; round < rounds; round++) {
      for (const contender of contenders) {
        const sample = await contender.run()
        verify(question, contender.name, sample.count)
        if (round >= 0) values.get(contender.name)!.push(sample.value)
        const label = round < 0 ? 'warm-up' : `round ${round + 1}`
        process.stderr.write(
          `${question.name}, ${label}: ${contender.name} ${short(sample.value)} ${question.unit}\n`,
        )
      }
    }
  } finally {
    end?.()
  }
  return outcomeOf(question, rounds, values)
}

function verify({ name, expected }: Question, contender: string, count: number): void {
  const right = typeof expected === 'number' ? count === expected : expected(contender, count)
  if (!right) throw new Error(`${name}: ${contender} did ${count}, which is not what was asked of it`)
}

function outcomeOf(question: Question, rounds: number, values: Map<string, number[]>): Outcome {
  const contenders = [...values].map(([name, list]) => ({ name, median: median(list), values: list }))
  const medianOf = (name: string): number => contenders.find((contender) => contender.name === name)!.median
  const bars = question.bars.filter(({ against }) => values.has(against))
  const ratios = bars.map(({ against, bar, reach }) => {
    const ratio = medianOf(question.ours) / medianOf(against)
    return { against, ratio, bar, reach, met: question.lessIsBetter ? ratio <= bar : ratio >= bar }
  })
  if (question.limit !== undefined) {
    const { bar, reach } = question.limit
    const ours = medianOf(question.ours)
    const met = question.lessIsBetter ? ours <= bar : ours >= bar
    ratios.push({ against: question.ours, ratio: ours, bar, reach, met })
  }
  const { name, title, unit, ours } = question
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.versions.node}`
  return {
    name,
    title,
    unit,
    ours,
    date: new Date().toISOString().slice(0, 10),
    machine,
    rounds,
    contenders,
    ratios,
  }
}

/** Prints the outcome, keeps it as JSON, and brings the table in bench/README.md up to date. */
export function record(outcome: Outcome): void {
  for (const { name, median } of outcome.contenders)
    console.log(`${name.padEnd(28)} ${short(median)} ${outcome.unit}`)
  for (const { against, ratio, bar, reach, met } of outcome.ratios) {
    const what = against === outcome.ours ? 'limit' : `ratio to ${against}`
    console.log(`${what}: ${short(ratio)} (bar ${bar}, reach ${reach}): ${met ? 'met' : 'MISSED'}`)
  }
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(new URL(`${outcome.name}.json`, RESULTS), `${JSON.stringify(outcome, null, 2)}\n`)
  updateTable()
}

const BEGIN = '<!-- results: written by the harness -->'
const END = '<!-- end of results -->'

function updateTable(): void {
  if (!existsSync(TABLE)) return
  const outcomes = readdirSync(RESULTS)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, RESULTS), 'utf8')) as Outcome)
  const text = readFileSync(TABLE, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`bench/README.md: expected the lines ${BEGIN} and ${END}`)
  const lines = outcomes.flatMap(tableRows)
  const head = [
    '| question | contender | median | ratio | bar | reach | |',
    '|---|---|---:|---:|---:|---:|---|',
  ]
  writeFileSync(TABLE, `${before}${BEGIN}\n${[...head, ...lines].join('\n')}\n${END}${after}`)
}

function tableRows({ title, unit, date, contenders, ratios }: Outcome): string[] {
  return contenders.map(({ name, median }, i) => {
    const held = ratios.find(({ against }) => against === name)
    const right = held
      ? `${short(held.ratio)} | ${held.bar} | ${held.reach} | ${held.met ? 'met' : '**missed**'}`
      : ' | | | '
    return `| ${i === 0 ? `${title} (${date})` : ''} | ${name} | ${short(median)} ${unit} | ${right} |`
  })
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function short(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}
