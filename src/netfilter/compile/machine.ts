/**
 * Rules as data, and the one loop that asks them: long runs of a chain, and the chains of a table that has so
 * many of them that functions for all would never be compiled by V8.
 *
 *   segment   consecutive rules, asked in turn, or found by an index over one field
 *   chain     a segment that is a whole chain: rules may jump to it
 *   rule      64 bytes, so that asking and counting one touches one cache line:
 *
 *     words 0-3   source, mask, destination, mask
 *     words 4-5   source ports, destination ports: least | greatest << 16
 *     word 6      protocol, -1 for any
 *     word 7      verdict | kind of call << 4 | whether more is asked << 8
 *     word 8      segment of the chain to jump to, -1 for a function
 *     words 10-11, 12-13   packets and bytes, 64-bit floats
 */
import type { Packet } from '../packet.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import type { Action } from './lower.js'
import type { RunRule } from './group.js'
import { buildIntervalIndex } from './interval-index.js'
import type { KeyField, RunKey } from './key.js'

/** Consecutive rules. */
export interface DataSegment {
  rules: readonly RunRule[]
  /** How its rules are found; null: in turn. */
  key: RunKey | null
}

/** What rules of the machine refer to. */
export interface MachineLinks {
  world: { dropped: number }
  /** By rule: what is asked behind the five fields; null: nothing. */
  rest: Array<((packet: Packet) => boolean) | null>
  /** By rule: a chain's function to jump to, or a target; null where there is none. */
  callee: Array<((packet: Packet) => number) | null>
  /** By rule: the segment that is the chain to jump to; -1 where it is none. */
  chain: Int32Array
}

/** Rules at work. */
export interface Machine {
  /** Asks a segment: a verdict, RETURN for leaving the chain, CONTINUE for what is behind it. */
  ask(segment: number, packet: Packet): number
  /** Calls `add` for every rule that has counted since the last time, with its number among all tables' rules. */
  collect(add: (id: number, packets: number, bytes: number) => void): void
}

/** What a rule says when it holds, before anything is called. */
const VERDICTS: Record<Action['kind'], number> = {
  accept: ACCEPT,
  drop: DROP,
  return: RETURN,
  continue: CONTINUE,
  goto: CONTINUE,
  jump: CONTINUE,
  call: CONTINUE,
}

const [JUMP, GOTO, CALL] = [1, 2, 3]
const KINDS: Partial<Record<Action['kind'], number>> = { jump: JUMP, goto: GOTO, call: CALL }

const WORDS = 16
const [SOURCE, SOURCE_MASK, DESTINATION, DESTINATION_MASK] = [0, 1, 2, 3]
const [SOURCE_PORTS, DESTINATION_PORTS, PROTOCOL, ACTION, CHAIN] = [4, 5, 6, 7, 8]
/** In units of 64 bits. */
const [PACKETS, BYTES] = [5, 6]

/** A machine of these segments; rules are numbered through all of them. */
export function createMachine(segments: readonly DataSegment[], links: MachineLinks): Machine {
  const rules = segments.flatMap((segment) => segment.rules)
  const { world, rest, callee, chain } = links
  const buffer = new ArrayBuffer(rules.length * WORDS * 4)
  const words = new Int32Array(buffer)
  const counts = new Float64Array(buffer)
  rules.forEach((rule, i) => writeRule(words, i * WORDS, rule, rest[i] !== null, chain[i]))
  const ids = Int32Array.from(rules, ({ lowered }) => lowered.id)
  const indexes = segments.map(({ key }) => (key === null ? null : buildIntervalIndex(key.plan)))
  const keys = segments.map(({ key }) => key?.field ?? null)
  const begins = new Int32Array(segments.length + 1)
  segments.forEach((segment, i) => (begins[i + 1] = begins[i] + segment.rules.length))
  const [goOn, accept, drop, leave] = [CONTINUE, ACCEPT, DROP, RETURN]

  function ask(segment: number, packet: Packet): number {
    const index = indexes[segment]
    const begin = begins[segment]
    if (index === null) return askAll(begin, begins[segment + 1], packet)
    const { lists } = index
    let verdict = goOn
    for (let c = index.find(keyOf(keys[segment]!, packet)); verdict === goOn && lists[c] !== -1; c++)
      verdict = askOne(begin + lists[c], packet)
    return verdict
  }

  function askAll(begin: number, end: number, packet: Packet): number {
    let verdict = goOn
    for (let i = begin; i < end && verdict === goOn; i++) verdict = askOne(i, packet)
    return verdict
  }

  function askOne(i: number, packet: Packet): number {
    const w = i * WORDS
    if ((packet.source & words[w + SOURCE_MASK]) !== words[w + SOURCE]) return goOn
    if ((packet.destination & words[w + DESTINATION_MASK]) !== words[w + DESTINATION]) return goOn
    const protocol = words[w + PROTOCOL]
    if (protocol !== -1 && protocol !== packet.protocol) return goOn
    if (!isWithin(words[w + SOURCE_PORTS], port(packet, 0))) return goOn
    if (!isWithin(words[w + DESTINATION_PORTS], port(packet, 2))) return goOn
    const action = words[w + ACTION]
    if (action > 0xff && !rest[i]!(packet)) return packet.isMalformed ? blame(i) : goOn
    counts[(w >> 1) + PACKETS]++
    counts[(w >> 1) + BYTES] += packet.end - packet.l3
    if ((action & 0xf0) !== 0) return call(i, (action >> 4) & 0xf, packet)
    return (action & 0xf) === drop ? blame(i) : action & 0xf
  }

  function call(i: number, kind: number, packet: Packet): number {
    const to = words[i * WORDS + CHAIN]
    const said = to === -1 ? callee[i]!(packet) : ask(to, packet)
    if (said === accept) return accept
    // A chain that dropped has said which of its rules it was.
    if (said === drop) return kind === CALL ? blame(i) : drop
    if (kind === GOTO) return leave
    return kind === CALL ? said : goOn
  }

  function blame(i: number): number {
    world.dropped = ids[i]
    return drop
  }

  function collect(add: (id: number, packets: number, bytes: number) => void): void {
    for (let i = 0; i < ids.length; i++) {
      const at = (i * WORDS) >> 1
      if (counts[at + PACKETS] === 0) continue
      add(ids[i], counts[at + PACKETS], counts[at + BYTES])
      counts[at + PACKETS] = counts[at + BYTES] = 0
    }
  }

  return { ask, collect }
}

function writeRule(
  words: Int32Array,
  w: number,
  { fields, lowered }: RunRule,
  asksMore: boolean,
  chain: number,
): void {
  const { kind } = lowered.action
  words[w + SOURCE] = fields.source
  words[w + SOURCE_MASK] = fields.sourceMask
  words[w + DESTINATION] = fields.destination
  words[w + DESTINATION_MASK] = fields.destinationMask
  words[w + SOURCE_PORTS] = fields.sourcePorts[0] | (fields.sourcePorts[1] << 16)
  words[w + DESTINATION_PORTS] = fields.destinationPorts[0] | (fields.destinationPorts[1] << 16)
  words[w + PROTOCOL] = fields.protocol
  words[w + ACTION] = VERDICTS[kind] | ((KINDS[kind] ?? 0) << 4) | (Number(asksMore) << 8)
  words[w + CHAIN] = chain
}

function isWithin(bounds: number, value: number): boolean {
  return value >= (bounds & 0xffff) && value <= bounds >>> 16
}

function keyOf(field: KeyField, packet: Packet): number {
  if (field === 'source') return packet.source
  if (field === 'destination') return packet.destination
  return port(packet, field === 'source-port' ? 0 : 2)
}

function port({ bytes, l4 }: Packet, offset: number): number {
  return (bytes[l4 + offset] << 8) | bytes[l4 + offset + 1]
}
