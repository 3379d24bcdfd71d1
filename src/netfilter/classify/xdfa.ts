/**
 * The main engine: addresses to prefixes by two tries, prefixes to candidate lists by a matrix, a list and
 * the class of ports and protocol to the rule. Rules in groups by how wide their prefixes are; see README.md.
 */
import { placeGroup } from './group-tables.js'
import type { PlacedGroup } from './group-tables.js'
import { buildGroups, destinationTree, sourceTree } from './groups.js'
import type { Group } from './groups.js'
import type { Engine, Image, Stage } from './image.js'
import { COLUMN, DESTINATION, ROW, SOURCE } from './phases.js'
import { buildPortClasses, combine } from './port-classes.js'
import type { CombinedClasses, PortClasses } from './port-classes.js'
import type { PrefixTree } from './prefix-tree.js'
import type { FiveFieldRule } from './rule.js'
import { buildTrie } from './trie.js'
import { isPrefix } from './width.js'

/** An engine, and the numbers of the rules that it does not decide: their tables would be too large. */
export interface Xdfa {
  engine: Engine | undefined
  rest: Int32Array
}

/** The engine for the rules of these numbers, ascending. */
export function buildXdfa(rules: readonly FiveFieldRule[], numbers: Int32Array, image: Image): Xdfa {
  const isContiguous = (i: number): boolean =>
    isPrefix(rules[i].sourceMask) && isPrefix(rules[i].destinationMask)
  const contiguous = numbers.filter(isContiguous)
  const others = numbers.filter((i) => !isContiguous(i))
  const classes = buildPortClasses(rules)
  const combined = classes && combine(classes)
  if (classes === undefined || combined === undefined) return { engine: undefined, rest: numbers }
  const { groups, rest } = buildGroups(rules, contiguous, classes)
  if (groups.length === 0) return { engine: undefined, rest: numbers }
  return {
    engine: createEngine(rules, groups, classes, combined, image),
    rest: Int32Array.from([...rest, ...others]).sort(),
  }
}

function createEngine(
  rules: readonly FiveFieldRule[],
  groups: Group[],
  classes: PortClasses,
  combined: CombinedClasses,
  image: Image,
): Engine {
  const matches = placeMatches(classes, combined, image)
  const one = groups.length === 1 ? groups[0] : undefined
  const all = Int32Array.from(groups.flatMap((group) => [...group.rules.numbers])).sort()
  const source = one?.rules.source ?? sourceTree(rules, all)
  const destination = one?.rules.destination ?? destinationTree(rules, all)
  const placed = groups.map((group) => placeGroup(group, classes, combined, image))
  const rowTable = image.place(buildTrie(source, one ? placed[0].rowAddresses : identity(source)))
  const columnTable = image.place(buildTrie(destination, identity(destination)))
  const stages = placed.flatMap((group) =>
    createStages(group, one ? undefined : { source, destination }, matches, image),
  )
  return {
    stages: [
      (phases, end) => phases.walk(end, SOURCE, ROW, rowTable),
      (phases, end) => phases.walk(end, DESTINATION, COLUMN, columnTable),
      placeClasses(classes, combined, image),
      ...stages,
    ],
    description: placed.map(({ description }) => description).join('; '),
  }
}

function identity({ count }: PrefixTree): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i)
}

function placeClasses(
  { sourcePort, destinationPort, protocol }: PortClasses,
  combined: CombinedClasses,
  image: Image,
): Stage {
  const [source, destination, over] = [sourcePort, destinationPort, protocol].map(({ table }) =>
    image.place(table),
  )
  const table = image.place(combined.table)
  const [sources, destinations] = [sourcePort.count, destinationPort.count]
  return (phases, end) => phases.classes(end, source, destination, over, table, sources, destinations)
}

/** For each class a row of bits, one for each service, and one behind them that is always set. */
interface Matches {
  address: number
  rowBytes: number
}

function placeMatches(
  { serviceCount }: PortClasses,
  { count, classesOf }: CombinedClasses,
  image: Image,
): Matches {
  const rowBytes = (serviceCount >> 3) + 1
  const bits = new Uint8Array(count * rowBytes)
  const setBit = (c: number, service: number): void =>
    void (bits[c * rowBytes + (service >> 3)] |= 1 << (service & 7))
  classesOf.forEach((list, service) => list.forEach((c) => setBit(c, service)))
  for (let c = 0; c < count; c++) setBit(c, serviceCount)
  return { address: image.place(bits), rowBytes }
}

function createStages(
  { rules, rowAddresses, kind }: PlacedGroup,
  trees: { source: PrefixTree; destination: PrefixTree } | undefined,
  { address, rowBytes }: Matches,
  image: Image,
): Stage[] {
  const scan: Stage = (phases, end) => phases.scan(end, address, rowBytes)
  if (trees === undefined) {
    if (kind === 'scanned') return [(phases, end) => phases.fetch(end), scan]
    return [
      kind === 'direct'
        ? (phases, end) => phases.plainDirect(end)
        : (phases, end) => phases.plainNarrowDirect(end),
    ]
  }
  const rows = image.place(mapNumbers(trees.source, rules.source).map((row) => rowAddresses[row]))
  const columns = image.place(mapNumbers(trees.destination, rules.destination))
  if (kind === 'scanned') return [(phases, end) => phases.mappedFetch(end, rows, columns), scan]
  return [
    kind === 'direct'
      ? (phases, end) => phases.mappedDirect(end, rows, columns)
      : (phases, end) => phases.mappedNarrowDirect(end, rows, columns),
  ]
}

/** For each prefix of the shared tree the longest one of the group that is it or around it. */
function mapNumbers(shared: PrefixTree, own: PrefixTree): Int32Array {
  const map = new Int32Array(shared.count)
  let next = 1 // both are in the same order, and the group's prefixes are all in the shared tree
  for (let i = 1; i < shared.count; i++) {
    const isOwn =
      next < own.count && own.value[next] === shared.value[i] && own.length[next] === shared.length[i]
    map[i] = isOwn ? next++ : map[shared.parent[i]]
  }
  return map
}
