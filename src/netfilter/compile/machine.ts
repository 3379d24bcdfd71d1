/**
 * Rules as data, and the one loop that asks them: long runs of a chain, and the chains of a table that has so
 * many of them that functions for all would never be compiled by V8.
 *
 *   rule      a row of columns: source, mask, destination, mask, protocol, ports · rest · verdict · callee
 *   segment   consecutive rules, asked in turn, or found by an index over one field
 *   chain     a segment that is a whole chain: rules may jump to it
 */
import type { Packet } from '../packet.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import type { Action } from './lower.js'
import type { RunRule } from './group.js'
import { buildIntervalIndex } from './interval-index.js'
import type { RunKey } from './key.js'

/** Consecutive rules. */
export interface DataSegment {
  rules: readonly RunRule[]
  /** How its rules are found; null: in turn. */
  key: RunKey | null
}

/** What rules of the machine refer to. */
export interface MachineLinks {
  packets: Float64Array
  bytes: Float64Array
  world: { dropped: number }
  /** By rule: what is asked behind the five fields; null: nothing. */
  rest: Array<((packet: Packet) => boolean) | null>
  /** By rule: a chain's function to jump to, or a target; null where there is none. */
  callee: Array<((packet: Packet) => number) | null>
  /** By rule: the segment that is the chain to jump to; -1 where it is none. */
  chain: Int32Array
}

/** Asks the segment of this number: a verdict, RETURN for leaving the chain, CONTINUE for what is behind it. */
export type Machine = (segment: number, packet: Packet) => number

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

/** A machine of these segments; rules are numbered through all of them. */
export function createMachine(segments: readonly DataSegment[], links: MachineLinks): Machine {
  const rules = segments.flatMap((segment) => segment.rules)
  const column = (of: (rule: RunRule) => number): Int32Array => Int32Array.from(rules, of)
  const source = column(({ fields }) => fields.source)
  const sourceMask = column(({ fields }) => fields.sourceMask)
  const destination = column(({ fields }) => fields.destination)
  const destinationMask = column(({ fields }) => fields.destinationMask)
  const protocols = column(({ fields }) => fields.protocol)
  const sourceLeast = column(({ fields }) => fields.sourcePorts[0])
  const sourceGreatest = column(({ fields }) => fields.sourcePorts[1])
  const destinationLeast = column(({ fields }) => fields.destinationPorts[0])
  const destinationGreatest = column(({ fields }) => fields.destinationPorts[1])
  const id = column(({ lowered }) => lowered.id)
  const verdicts = column(({ lowered }) => VERDICTS[lowered.action.kind])
  const kinds = column(({ lowered }) => KINDS[lowered.action.kind] ?? 0)
  const { packets, bytes, world, rest, callee, chain } = links
  const asksMore = Int32Array.from(rules, (_, i) => Number(rest[i] !== null))
  const [goOn, accept, drop, leave] = [CONTINUE, ACCEPT, DROP, RETURN]
  const indexes = segments.map(({ key }) => (key === null ? null : buildIntervalIndex(key.plan)))
  const keys = segments.map(({ key }) => key?.field ?? null)
  const begins = new Int32Array(segments.length + 1)
  segments.forEach((segment, i) => (begins[i + 1] = begins[i] + segment.rules.length))

  function ask(segment: number, packet: Packet): number {
    const index = indexes[segment]
    const begin = begins[segment]
    if (index === null) return askAll(begin, begins[segment + 1], packet)
    const { lists } = index
    const key = keys[segment]
    const value =
      key === 'source'
        ? packet.source
        : key === 'destination'
          ? packet.destination
          : port(packet, key === 'source-port' ? 0 : 2)
    let verdict = goOn
    for (let c = index.find(value); verdict === goOn && lists[c] !== -1; c++)
      verdict = askOne(begin + lists[c], packet)
    return verdict
  }

  function askAll(begin: number, end: number, packet: Packet): number {
    let verdict = goOn
    for (let i = begin; i < end && verdict === goOn; i++) verdict = askOne(i, packet)
    return verdict
  }

  function askOne(i: number, packet: Packet): number {
    if ((packet.source & sourceMask[i]) !== source[i]) return goOn
    if ((packet.destination & destinationMask[i]) !== destination[i]) return goOn
    if (protocols[i] !== -1 && protocols[i] !== packet.protocol) return goOn
    const sport = port(packet, 0)
    const dport = port(packet, 2)
    if (sport < sourceLeast[i] || sport > sourceGreatest[i]) return goOn
    if (dport < destinationLeast[i] || dport > destinationGreatest[i]) return goOn
    if (asksMore[i] === 1 && !rest[i]!(packet)) return packet.isMalformed ? blame(i) : goOn
    packets[id[i]]++
    bytes[id[i]] += packet.end - packet.l3
    if (kinds[i] !== 0) return call(i, packet)
    return verdicts[i] === drop ? blame(i) : verdicts[i]
  }

  function call(i: number, packet: Packet): number {
    const to = chain[i]
    const said = to === -1 ? callee[i]!(packet) : ask(to, packet)
    if (said === accept) return accept
    // A chain that dropped has said which of its rules it was.
    if (said === drop) return kinds[i] === CALL ? blame(i) : drop
    if (kinds[i] === GOTO) return leave
    return kinds[i] === CALL ? said : goOn
  }

  function blame(i: number): number {
    world.dropped = id[i]
    return drop
  }

  return ask
}

function port({ bytes, l4 }: Packet, offset: number): number {
  return (bytes[l4 + offset] << 8) | bytes[l4 + offset + 1]
}
