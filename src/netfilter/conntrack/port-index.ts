/**
 * Which ports are taken of a few tuples that many connections want, a bit each: where a port was looked for in vain
 * many times, the last free one is found as fast as the first. The kernel gives up after some hundred tries.
 */
import { DESTINATION, ORIGINAL, PORTS, PROTOCOL, REPLY, SOURCE, TUPLE_WORDS } from './entry.js'

/** Tuples at most, of 8 KiB each. */
const MOST = 16
const ALL = 65_536
/** Ports that are passed over at once where all of them are taken. */
const BLOCK = 256

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
  /** By block: how many of its ports are taken. */
  taken: Uint16Array
}

/** The tuples that are kept. */
export interface PortIndex {
  /** A connection has come into the table, or goes. */
  changed(entry: number, by: 1 | -1): void
  /** Whether the tuple is kept: then `firstFree` is faster than trying ports. */
  keeps(asked: PortQuestion): boolean
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
      if (port === -1) continue
      const was = one.counts[port]
      one.counts[port] += by
      if ((was === 0) !== (one.counts[port] === 0)) one.taken[Math.floor(port / BLOCK)] += by
    }
  }

  function changed(entry: number, by: 1 | -1): void {
    for (let i = 0; i < kept.length; i++) enter(kept[i], entry, by)
  }

  function keep(asked: PortQuestion): Kept {
    const one = { ...asked, counts: new Uint8Array(ALL), taken: new Uint16Array(ALL / BLOCK) }
    forEach((entry) => enter(one, entry, 1))
    if (kept.length < MOST) kept.push(one)
    else kept[next++ % MOST] = one
    return one
  }

  function firstFree(asked: PortQuestion, least: number, size: number, offset: number): number {
    const one = known(asked) ?? keep(asked)
    const from = least + (offset % size)
    const after = freeIn(one, from, least + size)
    return after === -1 ? freeIn(one, least, from) : after
  }

  function known(asked: PortQuestion): Kept | undefined {
    return kept.find(
      (one) =>
        one.source === asked.source &&
        one.destination === asked.destination &&
        one.protocol === asked.protocol &&
        one.isUpper === asked.isUpper &&
        (asked.isUpper ? (one.ports ^ asked.ports) & 0xffff : (one.ports ^ asked.ports) >>> 16) === 0,
    )
  }

  function freeIn({ counts, taken }: Kept, from: number, end: number): number {
    for (let port = from; port < end;)
      if (port % BLOCK === 0 && taken[port / BLOCK] === BLOCK) port += BLOCK
      else if (counts[port] === 0) return port
      else port++
    return -1
  }

  return { changed, keeps: (asked) => known(asked) !== undefined, firstFree }
}
