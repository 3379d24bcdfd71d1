/**
 * Which ports are taken of a few tuples that many connections want, a bit each: where a port was looked for in vain
 * many times, the last free one is found as fast as the first. The kernel gives up after some hundred tries.
 */
import { DESTINATION, ORIGINAL, PORTS, PROTOCOL, REPLY, SOURCE, TUPLE_WORDS } from './entry.js'

/** Tuples at most, of 8 KiB each. */
const MOST = 16
const ALL = 65_536

/** All of a tuple but a port. */
export interface PortQuestion {
  source: number
  destination: number
  /** The port in its place; what stands in the place of the one that is looked for does not count. */
  ports: number
  /** The source's is looked for (or the identifier of ICMP), not the destination's. */
  isUpper: boolean
  protocol: number
}

interface Kept extends PortQuestion {
  /** Connections that have the port. */
  counts: Uint8Array
}

/** The tuples that are kept. */
export interface PortIndex {
  /** A connection has come into the table, or goes. */
  changed(entry: number, by: 1 | -1): void
  /** The first free port from `least + offset` on, of `size` ports in a circle; -1 where none is. */
  firstFree(asked: PortQuestion, least: number, size: number, offset: number): number
}

/** Nothing is kept yet. `forEach` gives all connections, when a tuple is asked about for the first time. */
export function createPortIndex(
  words: Int32Array,
  forEach: (each: (entry: number) => void) => void,
): PortIndex {
  const kept: Kept[] = []
  let next = 0

  function portIn(one: PortQuestion, t: number, protocol: number): number {
    const ports = words[t + PORTS]
    const isOf =
      protocol === one.protocol &&
      words[t + SOURCE] === (one.source | 0) &&
      words[t + DESTINATION] === (one.destination | 0) &&
      (one.isUpper ? (ports ^ one.ports) & 0xffff : (ports ^ one.ports) >>> 16) === 0
    if (!isOf) return -1
    return one.isUpper ? ports >>> 16 : ports & 0xffff
  }

  function enter(one: Kept, entry: number, by: number): void {
    for (const direction of [ORIGINAL, REPLY]) {
      const port = portIn(one, entry + direction * TUPLE_WORDS, words[entry + PROTOCOL])
      if (port !== -1) one.counts[port] += by
    }
  }

  function changed(entry: number, by: 1 | -1): void {
    for (const one of kept) enter(one, entry, by)
  }

  function keep(asked: PortQuestion): Kept {
    const one = { ...asked, counts: new Uint8Array(ALL) }
    forEach((entry) => enter(one, entry, 1))
    if (kept.length < MOST) kept.push(one)
    else kept[next++ % MOST] = one
    return one
  }

  function firstFree(asked: PortQuestion, least: number, size: number, offset: number): number {
    const known = kept.find(
      (one) =>
        one.source === asked.source &&
        one.destination === asked.destination &&
        one.protocol === asked.protocol &&
        one.isUpper === asked.isUpper &&
        (asked.isUpper ? (one.ports ^ asked.ports) & 0xffff : (one.ports ^ asked.ports) >>> 16) === 0,
    )
    const { counts } = known ?? keep(asked)
    const from = least + (offset % size)
    const after = counts.indexOf(0, from)
    if (after !== -1 && after < least + size) return after
    const before = counts.indexOf(0, least)
    return before !== -1 && before < from ? before : -1
  }

  return { changed, firstFree }
}
