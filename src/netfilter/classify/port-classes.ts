/**
 * Ports and protocol as classes. A rule's service is its two port ranges and its protocol; most rules of a
 * set share few services. Values that no service tells apart are one class of their field, and (source port
 * class, destination port class, protocol class) that the same services match are one class of headers.
 */
import type { FiveFieldRule } from './rule.js'

/** Most services, and most combinations of the three fields' classes, that a table is made for. */
const MAX_SERVICES = 1000
const MAX_COMBINATIONS = 65_536

/** One field's values as classes. */
export interface FieldClasses {
  count: number
  /** The class of each value. */
  table: Uint16Array
  /** For each class the services that match, as bits. */
  sets: Int32Array[]
}

/** The classes of a set. */
export interface PortClasses {
  /** For each rule its service. */
  services: Int32Array
  serviceCount: number
  /** 1 at `a * serviceCount + b`: service a matches all that b matches. */
  covers: Uint8Array
  sourcePort: FieldClasses
  destinationPort: FieldClasses
  protocol: FieldClasses
}

/** The classes of these rules; undefined where they have too many services. */
export function buildPortClasses(rules: readonly FiveFieldRule[]): PortClasses | undefined {
  const { services, examples } = findServices(rules)
  const n = examples.length
  if (n > MAX_SERVICES) return undefined
  return {
    services,
    serviceCount: n,
    covers: Uint8Array.from({ length: n * n }, (_, i) =>
      covers(examples[Math.floor(i / n)], examples[i % n]),
    ),
    sourcePort: classify(n, 65_536, (i) => [examples[i].sourcePortLow, examples[i].sourcePortHigh]),
    destinationPort: classify(n, 65_536, (i) => [
      examples[i].destinationPortLow,
      examples[i].destinationPortHigh,
    ]),
    protocol: classifyProtocols(examples),
  }
}

/** Headers by ports and protocol together. */
export interface CombinedClasses {
  count: number
  /** The class of a header, at (protocol class * destination port classes + destination port class) * source port classes + source port class. */
  table: Uint16Array
  /** For each service the classes that it matches, ascending. */
  classesOf: number[][]
}

/** The combined classes; undefined where there are too many combinations. */
export function combine({
  serviceCount,
  sourcePort,
  destinationPort,
  protocol,
}: PortClasses): CombinedClasses | undefined {
  const combinations = sourcePort.count * destinationPort.count * protocol.count
  if (combinations > MAX_COMBINATIONS) return undefined
  const collected = collectSets()
  const table = new Uint16Array(combinations)
  let at = 0
  for (const p of protocol.sets)
    for (const d of destinationPort.sets) {
      const both = p.map((word, i) => word & d[i])
      for (const s of sourcePort.sets) table[at++] = collected.numberOf(both.map((word, i) => word & s[i]))
    }
  return { count: collected.sets.length, table, classesOf: membership(collected.sets, serviceCount) }
}

/** For each service the classes whose sets have it. */
export function membership(sets: readonly Int32Array[], services: number): number[][] {
  const classesOf: number[][] = Array.from({ length: services }, () => [])
  sets.forEach((set, c) => {
    for (let i = 0; i < services; i++) if ((set[i >> 5] >>> (i & 31)) & 1) classesOf[i].push(c)
  })
  return classesOf
}

/** Each rule's service by number, and for each service a rule that has it. */
function findServices(rules: readonly FiveFieldRule[]): { services: Int32Array; examples: FiveFieldRule[] } {
  const services = new Int32Array(rules.length)
  const examples: FiveFieldRule[] = []
  const known = new Map<string, number>()
  rules.forEach((rule, i) => {
    const key = `${rule.sourcePortLow} ${rule.sourcePortHigh} ${rule.destinationPortLow} ${rule.destinationPortHigh} ${rule.protocol} ${rule.protocolMask}`
    let service = known.get(key)
    if (service === undefined) {
      service = examples.length
      known.set(key, service)
      examples.push(rule)
    }
    services[i] = service
  })
  return { services, examples }
}

function covers(a: FiveFieldRule, b: FiveFieldRule): number {
  const ports =
    a.sourcePortLow <= b.sourcePortLow &&
    a.sourcePortHigh >= b.sourcePortHigh &&
    a.destinationPortLow <= b.destinationPortLow &&
    a.destinationPortHigh >= b.destinationPortHigh
  const protocol =
    (a.protocolMask & ~b.protocolMask) === 0 && ((a.protocol ^ b.protocol) & a.protocolMask) === 0
  return ports && protocol ? 1 : 0
}

/** Values fall into runs between the ends of ranges; runs that the same services match are one class. */
function classify(services: number, values: number, rangeOf: (service: number) => number[]): FieldClasses {
  const starts = new Set([0])
  for (let i = 0; i < services; i++) {
    const [low, high] = rangeOf(i)
    starts.add(low)
    if (high + 1 < values) starts.add(high + 1)
  }
  const runs = [...starts].sort((a, b) => a - b)
  const collected = collectSets()
  const table = new Uint16Array(values)
  runs.forEach((start, r) => {
    const set = setOf(services, (i) => rangeOf(i)[0] <= start && start <= rangeOf(i)[1])
    table.fill(collected.numberOf(set), start, runs[r + 1] ?? values)
  })
  return { count: collected.sets.length, table, sets: collected.sets }
}

function classifyProtocols(examples: FiveFieldRule[]): FieldClasses {
  const collected = collectSets()
  const table = Uint16Array.from({ length: 256 }, (_, value) =>
    collected.numberOf(
      setOf(examples.length, (i) => ((value ^ examples[i].protocol) & examples[i].protocolMask) === 0),
    ),
  )
  return { count: collected.sets.length, table, sets: collected.sets }
}

/** Numbers the distinct sets that it is shown. */
function collectSets(): { sets: Int32Array[]; numberOf(set: Int32Array): number } {
  const sets: Int32Array[] = []
  const known = new Map<string, number>()
  const numberOf = (set: Int32Array): number => {
    const key = set.join()
    let number = known.get(key)
    if (number === undefined) {
      number = sets.length
      known.set(key, number)
      sets.push(set)
    }
    return number
  }
  return { sets, numberOf }
}

function setOf(size: number, has: (i: number) => boolean): Int32Array {
  const set = new Int32Array((size + 31) >> 5)
  for (let i = 0; i < size; i++) if (has(i)) set[i >> 5] |= 1 << (i & 31)
  return set
}
