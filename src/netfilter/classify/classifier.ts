/** Which rule of a set a header matches first, a burst of headers at a time. See README.md for how. */
import { buildCutTree } from './cut-tree.js'
import { createImage } from './image.js'
import type { Engine, Image } from './image.js'
import { BURST, DESTINATION, LENGTHS, NONE, PORTS, PROTOCOL, RESULTS, SOURCE } from './phases.js'
import type { FiveFieldRule, HeaderColumns } from './rule.js'
import { partsByWidth } from './width.js'
import { buildXdfa } from './xdfa.js'

/** A compiled set. Columns, lengths and results have BURST entries, of which the first `count` are used. */
export interface Classifier {
  /** Sets `results[i]` to the number of the first rule that header `i` matches, or -1. */
  classify(columns: HeaderColumns, count: number, results: Int32Array): void
  /** The same, and counts: header `i` stands for a packet of `lengths[i]` bytes. */
  classifyAndCount(columns: HeaderColumns, lengths: Int32Array, count: number, results: Int32Array): void
  /** Packets and bytes, those of rule r at `2 * r + 2` and after it; at 0 and 1 those that no rule matched. */
  counters: Float64Array
  /** What the tables take, the counters among them. */
  bytes: number
  /** The engines in use, a line each. */
  description: string[]
}

/** Up to so many rules are asked in turn. */
const FEW = 16

/** Which engine a set is compiled for: the tests ask each of them, all others let the size decide. */
export type Choice = 'by size' | 'xdfa' | 'cut tree'

/** Compiles a set; the rules are not used afterwards. */
export function buildClassifier(rules: readonly FiveFieldRule[], choice: Choice = 'by size'): Classifier {
  if (rules.length >= NONE) throw new RangeError(`${rules.length} rules: a set has at most ${NONE - 1}`)
  const image = createImage()
  const engines = buildEngines(rules, choice, image)
  const stages = engines.flatMap((engine) => engine.stages)
  const counterAddress = image.reserve(16 * (rules.length + 1))
  const { memory, phases, bytes } = image.link()
  const columnAt = (address: number): Int32Array => new Int32Array(memory.buffer, address, BURST)
  const [source, destination, ports, protocol] = [SOURCE, DESTINATION, PORTS, PROTOCOL].map(columnAt)
  const [lengths, found] = [LENGTHS, RESULTS].map(columnAt)

  function find(columns: HeaderColumns, end: number): void {
    source.set(columns.source)
    destination.set(columns.destination)
    ports.set(columns.ports)
    protocol.set(columns.protocol)
    found.fill(NONE)
    for (let s = 0; s < stages.length; s++) stages[s](phases, end)
  }

  function classify(columns: HeaderColumns, count: number, results: Int32Array): void {
    if (count === 0) return
    find(columns, count * 4)
    phases.finish(count * 4)
    results.set(found)
  }

  function classifyAndCount(
    columns: HeaderColumns,
    sizes: Int32Array,
    count: number,
    results: Int32Array,
  ): void {
    if (count === 0) return
    find(columns, count * 4)
    lengths.set(sizes)
    phases.count(count * 4, counterAddress)
    results.set(found)
  }

  const counters = new Float64Array(memory.buffer, counterAddress, 2 * (rules.length + 1))
  return {
    classify,
    classifyAndCount,
    counters,
    bytes,
    description: engines.map(({ description }) => description),
  }
}

function buildEngines(rules: readonly FiveFieldRule[], choice: Choice, image: Image): Engine[] {
  const all = Int32Array.from(rules, (_, i) => i)
  if (choice === 'cut tree' || (choice === 'by size' && rules.length <= FEW))
    return [buildCutTree(rules, all, image)]
  const { engine, rest } = buildXdfa(rules, all, image)
  const trees = partsByWidth(rules, rest).map((part) => buildCutTree(rules, part, image))
  return engine ? [engine, ...trees] : trees
}
