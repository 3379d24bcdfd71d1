/** The rules in groups, each with its prefixes and its matrix of candidate lists. */
import { buildMatrix } from './matrix.js'
import type { AddressedRules, Matrix } from './matrix.js'
import type { PortClasses } from './port-classes.js'
import { buildPrefixTree } from './prefix-tree.js'
import type { PrefixTree } from './prefix-tree.js'
import type { FiveFieldRule } from './rule.js'
import { partsByWidth } from './width.js'

/** Rules in the candidate lists of an undivided set, for each rule: above, wide and narrow prefixes multiply. */
const LIST_RULES_PER_RULE = 32
/** A matrix's cells, and its lists' rules, at most. */
const CELL_LIMIT = 1 << 24
const LIST_LIMIT = 1 << 23

/** Rules that are looked up together. */
export interface Group {
  rules: AddressedRules
  matrix: Matrix
}

/** One group where the lists stay short; else those with a wide source, with a wide destination only, and the others. The rest has no room. */
export function buildGroups(
  rules: readonly FiveFieldRule[],
  numbers: Int32Array,
  classes: PortClasses,
): { groups: Group[]; rest: Int32Array } {
  if (numbers.length === 0) return { groups: [], rest: numbers }
  const whole = buildGroup(rules, numbers, classes, Math.max(4096, numbers.length * LIST_RULES_PER_RULE))
  if (whole !== undefined) return { groups: [whole], rest: new Int32Array(0) }
  const parts = partsByWidth(rules, numbers)
  const built = parts.map((part) => ({ part, group: buildGroup(rules, part, classes, LIST_LIMIT) }))
  const rest = built.filter(({ group }) => group === undefined).flatMap(({ part }) => [...part])
  return { groups: built.flatMap(({ group }) => group ?? []), rest: Int32Array.from(rest).sort() }
}

function buildGroup(
  rules: readonly FiveFieldRule[],
  numbers: Int32Array,
  classes: PortClasses,
  listLimit: number,
): Group | undefined {
  const addressed = {
    numbers,
    source: sourceTree(rules, numbers),
    destination: destinationTree(rules, numbers),
  }
  const matrix = buildMatrix(addressed, classes, CELL_LIMIT, listLimit)
  return matrix && { rules: addressed, matrix }
}

/** The sources of these rules. */
export function sourceTree(rules: readonly FiveFieldRule[], numbers: Int32Array): PrefixTree {
  return buildPrefixTree(
    numbers.map((i) => rules[i].source),
    numbers.map((i) => rules[i].sourceMask),
  )
}

/** Their destinations. */
export function destinationTree(rules: readonly FiveFieldRule[], numbers: Int32Array): PrefixTree {
  return buildPrefixTree(
    numbers.map((i) => rules[i].destination),
    numbers.map((i) => rules[i].destinationMask),
  )
}
