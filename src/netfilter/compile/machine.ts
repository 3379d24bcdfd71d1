/**
 * The one loop that asks rules which are data (layout.ts): long runs of a chain, and the chains of a table that
 * has so many of them that functions for all would never be compiled by V8.
 */
import type { Packet } from '../packet.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import { buildIndex } from './key.js'
import * as layout from './layout.js'
import type { DataSegment } from './layout.js'

/** What rules of the machine refer to. */
export interface MachineLinks {
  /** `dropped`: where in `counts` the rule counts that dropped. */
  world: { dropped: number }
  /** By link: what is asked behind the five fields; null: nothing. */
  asks: Array<((packet: Packet) => boolean) | null>
  /** By link: the body of a chain, or a target; null where there is none. */
  calls: Array<((packet: Packet, counters: number) => number) | null>
}

/** Rules at work: what is asked returns a verdict, RETURN for leaving the chain, CONTINUE for what is behind. */
export interface Machine {
  /** By segment that is a run: asks it. */
  runs: ReadonlyArray<(packet: Packet) => number>
  /** Asks a segment that is a body, for the chain that counts there. */
  body(segment: number, counters: number, packet: Packet): number
}

/** A machine of these segments, laid out. What is linked may be filled in later, before the first packet. */
export function createMachine(
  segments: readonly DataSegment[],
  { words, counts, bodies, runs: places }: layout.Layout,
  { world, asks, calls }: MachineLinks,
): Machine {
  // An imported constant is loaded and checked at every use; a captured one is compiled in.
  const [goOn, accept, drop, leave] = [CONTINUE, ACCEPT, DROP, RETURN]
  const { SOURCE, SOURCE_MASK, DESTINATION, DESTINATION_MASK, SOURCE_PORTS, DESTINATION_PORTS } = layout
  const { PROTOCOL, ACTION, LINK, BODY, BODY_END, CHAIN_COUNTERS, RULE_WORDS, COUNTERS } = layout
  const { GOTO, CALL } = layout

  function runOf({ key }: DataSegment, list: Int32Array): (packet: Packet) => number {
    if (key === null) return (packet) => askList(list, 0, list.length, packet)
    const { find, lists } = buildIndex(key, list)
    const ask = (found: number, packet: Packet): number =>
      found < 0 ? askOne(~found, packet) : askList(lists, found, lists.length, packet)
    switch (key.field) {
      case 'source':
        return (packet) => ask(find(packet.source), packet)
      case 'destination':
        return (packet) => ask(find(packet.destination), packet)
      case 'source-port':
        return (packet) => ask(find(portsOf(packet) >>> 16), packet)
      default:
        return (packet) => ask(find(portsOf(packet) & 0xffff), packet)
    }
  }

  function body(segment: number, counters: number, packet: Packet): number {
    return askBody(bodies[segment].begin, bodies[segment].end, counters, packet)
  }

  function askList(list: Int32Array, from: number, end: number, packet: Packet): number {
    let verdict = goOn
    for (let i = from; verdict === goOn && i < end && list[i] !== -1; i++) verdict = askOne(list[i], packet)
    return verdict
  }

  function askOne(w: number, packet: Packet): number {
    const holdsHere = holds(w, packet.source | 0, packet.destination | 0, packet.protocol, portsOf(packet))
    return holdsHere ? act(w, (w + RULE_WORDS) >> 1, packet) : goOn
  }

  function askBody(begin: number, end: number, counters: number, packet: Packet): number {
    const source = packet.source | 0
    const destination = packet.destination | 0
    const { protocol } = packet
    const ports = portsOf(packet)
    let c = counters
    for (let w = begin; w < end; w += RULE_WORDS, c += COUNTERS) {
      if (!holds(w, source, destination, protocol, ports)) continue
      const verdict = act(w, c, packet)
      if (verdict !== goOn) return verdict
    }
    return goOn
  }

  function holds(w: number, source: number, destination: number, protocol: number, ports: number): boolean {
    if ((source & words[w + SOURCE_MASK]) !== words[w + SOURCE]) return false
    if ((destination & words[w + DESTINATION_MASK]) !== words[w + DESTINATION]) return false
    const wanted = words[w + PROTOCOL]
    if (wanted !== -1 && wanted !== protocol) return false
    return (
      isWithin(words[w + SOURCE_PORTS], ports >>> 16) &&
      isWithin(words[w + DESTINATION_PORTS], ports & 0xffff)
    )
  }

  /** @param c where the rule counts */
  function act(w: number, c: number, packet: Packet): number {
    const action = words[w + ACTION]
    if (action > 0xff && !asks[words[w + LINK]]!(packet)) return packet.isMalformed ? blame(c) : goOn
    counts[c]++
    counts[c + 1] += packet.end - packet.l3
    if ((action & 0xf0) !== 0) return call(w, c, (action >> 4) & 0xf, packet)
    return (action & 0xf) === drop ? blame(c) : action & 0xf
  }

  function call(w: number, c: number, kind: number, packet: Packet): number {
    const begin = words[w + BODY]
    const said =
      begin === -1
        ? calls[words[w + LINK]]!(packet, words[w + CHAIN_COUNTERS])
        : askBody(begin, words[w + BODY_END], words[w + CHAIN_COUNTERS], packet)
    if (said === accept) return accept
    // A chain that dropped has said which of its rules it was.
    if (said === drop) return kind === CALL ? blame(c) : drop
    if (kind === GOTO) return leave
    return kind === CALL ? said : goOn
  }

  function blame(c: number): number {
    world.dropped = c
    return drop
  }

  const runs = segments.map((segment, i) => runOf(segment, places[i]))
  return { runs, body }
}

function isWithin(bounds: number, value: number): boolean {
  return value >= (bounds & 0xffff) && value <= bounds >>> 16
}

/** Source port and destination port, as they stand in the header. */
function portsOf({ bytes, l4 }: Packet): number {
  return (bytes[l4] << 24) | (bytes[l4 + 1] << 16) | (bytes[l4 + 2] << 8) | bytes[l4 + 3]
}
