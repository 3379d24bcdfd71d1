/**
 * The way of packets whose connection is settled (conntrack.ts): what is frequent, and so written apart from the hooks
 * that are asked about everything else.
 */
import type { Conntrack } from '../netfilter/conntrack/conntrack.js'
import * as entries from '../netfilter/conntrack/entry.js'
import type { Established } from '../netfilter/conntrack/established.js'
import * as engines from '../netfilter/engine.js'
import type { Engine, Ways } from '../netfilter/engine.js'
import { PREROUTING } from '../netfilter/hook.js'
import type { Arena } from '../packet/arena.js'
import { isChecked } from '../packet/offload.js'
import { HEADER_LENGTH } from '../wire/ethernet.js'

// An imported constant is loaded and checked at each use.
const { ESTABLISHED } = entries
const { UNKNOWN } = engines
const ETHERNET = HEADER_LENGTH

/** Asked before the hooks are, about located IPv4 packets. */
export interface SettledPath {
  /** Whether the packet's connection has taken it in, and nothing else is to be done before it is bridged. */
  goesOn(slot: number): boolean
  /** What the connection's way says of the copy for port `to` (`Ways.take`); UNKNOWN for a packet without such a way. */
  passes(slot: number, to: number): number
}

const NOBODY: SettledPath = { goesOn: () => false, passes: () => UNKNOWN }

/** For what an engine decides; without connections nothing is settled. */
export function createSettledPath(arena: Arena, engine: Engine, connections: Conntrack | null): SettledPath {
  if (connections === null) return NOBODY
  const { ways } = engine
  const { established } = connections
  const translates = engine.rules.tables.has('nat')
  const goesOn =
    established === null || engine.asksTables(PREROUTING)
      ? NOBODY.goesOn
      : createGoesOn(arena, connections, established, translates)
  return {
    goesOn,
    passes: ways === null ? NOBODY.passes : createPasses(arena, connections, ways, translates),
  }
}

function createGoesOn(
  { memory, start, length, time, l3, l4, protocol, connection, connectionInfo }: Arena,
  { isListening, isSettled }: Conntrack,
  { clock, take }: Established,
  translates: boolean,
): SettledPath['goesOn'] {
  const { bytes } = memory
  return (slot) => {
    if (isListening()) return false
    const at = start[slot]
    clock[0] = time[slot]
    const isKnown = isChecked(bytes, at)
    const reference = take(at + l3[slot], at + l4[slot], at + length[slot], protocol[slot], isKnown)
    if (reference === 0) return false
    const entry = reference & ~1
    connection[slot] = entry
    connectionInfo[slot] = (ESTABLISHED << 1) | (reference & 1)
    return isSettled(entry, translates)
  }
}

function createPasses(
  { port, length, traced, connection, connectionInfo }: Arena,
  { isSettled }: Conntrack,
  { take }: Ways,
  translates: boolean,
): SettledPath['passes'] {
  return (slot, to) => {
    const info = connectionInfo[slot]
    const entry = connection[slot]
    if (info >> 1 !== ESTABLISHED || traced[slot] !== 0 || !isSettled(entry, translates)) return UNKNOWN
    return take(entry, info & 1, port[slot], to, length[slot] - ETHERNET)
  }
}
