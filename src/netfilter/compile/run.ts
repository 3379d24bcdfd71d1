/**
 * A run of rules as data: the field that tells them apart best leads to a short list of candidates, each of which
 * is then asked in full.
 *
 *   columns, by place in the run: source, mask, destination, mask, protocol, ports · rest: a function, or none ·
 *   action: a verdict, or what to call
 */
import type { Packet } from '../packet.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import type { RunRule } from './group.js'
import { buildIntervalIndex, planIntervals } from './interval-index.js'
import type { IntervalIndex, IntervalPlan, Range } from './interval-index.js'

/** What the rules of a run do, beside verdicts. */
export interface RunLinks {
  packets: Float64Array
  bytes: Float64Array
  world: { dropped: number }
  /** By place in the run: what is asked behind the five fields; null: nothing. */
  rest: Array<((packet: Packet) => boolean) | null>
  /** By place in the run: a chain to jump to or a target to call; null: the action is a verdict. */
  callee: Array<((packet: Packet) => number) | null>
}

/** The fields that a run can be told apart by. */
export type KeyField = 'source' | 'destination' | 'destination-port' | 'source-port'

/** Numbers that all lists of an index may have together, for each rule and at least. */
const LISTS_PER_RULE = 64
const LEAST_LISTS = 1 << 16

/** How the rules of a run are told apart. */
export interface RunKey {
  field: KeyField
  plan: IntervalPlan
}

/** The field that leads to the fewest candidates; null where none does any good: the rules are asked in turn. */
export function keyOf(rules: readonly RunRule[]): RunKey | null {
  const limit = Math.max(LEAST_LISTS, rules.length * LISTS_PER_RULE)
  const keys = (['source', 'destination', 'destination-port', 'source-port'] as const)
    .map((field) => ({
      field,
      plan: planIntervals(
        rules.map((rule) => rangeOf(rule, field)),
        widthOf(field),
      ),
    }))
    .filter(({ plan }) => plan.length <= limit)
    .sort((a, b) => a.plan.candidates - b.plan.candidates)
  return keys.length === 0 || keys[0].plan.candidates > rules.length / 2 ? null : keys[0]
}

function widthOf(field: KeyField): 16 | 32 {
  return field === 'source' || field === 'destination' ? 32 : 16
}

/** The values of a field that the rule may match. A mask with holes bounds nothing. */
function rangeOf({ fields }: RunRule, field: KeyField): Range {
  if (field === 'source-port') return fields.sourcePorts
  if (field === 'destination-port') return fields.destinationPorts
  const [address, mask] =
    field === 'source' ? [fields.source, fields.sourceMask] : [fields.destination, fields.destinationMask]
  const isPrefix = (~mask & (~mask + 1)) === 0
  return isPrefix ? [address, (address | ~mask) >>> 0] : [0, 0xffffffff]
}

/** The actions that are not a call. */
const VERDICTS: Record<string, number> = {
  accept: ACCEPT,
  drop: DROP,
  return: RETURN,
  continue: CONTINUE,
  goto: CONTINUE,
  jump: CONTINUE,
  call: CONTINUE,
}

/** The run as a function: a verdict, RETURN for leaving the chain, CONTINUE for the rule behind the run. */
export function createRun(
  rules: readonly RunRule[],
  runKey: RunKey | null,
  links: RunLinks,
): (packet: Packet) => number {
  const column = (of: (rule: RunRule) => number): Int32Array => Int32Array.from(rules, of)
  const source = column(({ fields }) => fields.source)
  const sourceMask = column(({ fields }) => fields.sourceMask)
  const destination = column(({ fields }) => fields.destination)
  const destinationMask = column(({ fields }) => fields.destinationMask)
  const protocol = column(({ fields }) => fields.protocol)
  const sourceLeast = column(({ fields }) => fields.sourcePorts[0])
  const sourceGreatest = column(({ fields }) => fields.sourcePorts[1])
  const destinationLeast = column(({ fields }) => fields.destinationPorts[0])
  const destinationGreatest = column(({ fields }) => fields.destinationPorts[1])
  const id = column(({ lowered }) => lowered.id)
  const verdicts = column(({ lowered }) => VERDICTS[lowered.action.kind])
  const isGoto = column(({ lowered }) => Number(lowered.action.kind === 'goto'))
  const isPlain = Int32Array.from(rules, (_, i) => Number(links.rest[i] === null && links.callee[i] === null))
  const key = runKey?.field ?? null
  const index = runKey === null ? everyRule(rules.length) : buildIntervalIndex(runKey.plan)
  const { find, lists } = index
  const { packets, bytes, world, rest, callee } = links
  const [goOn, drop, leave, accept] = [CONTINUE, DROP, RETURN, ACCEPT]

  function keyValue(packet: Packet): number {
    if (key === 'source') return packet.source
    if (key === 'destination') return packet.destination
    return portOf(packet, key === 'source-port' ? 0 : 2)
  }

  function ask(packet: Packet): number {
    let verdict = goOn
    for (let c = find(keyValue(packet)); verdict === goOn; c++) {
      const i = lists[c]
      if (i === -1) return goOn
      const from = packet.source | 0
      const to = packet.destination | 0
      if ((from & sourceMask[i]) !== source[i] || (to & destinationMask[i]) !== destination[i]) continue
      if (protocol[i] !== -1 && protocol[i] !== packet.protocol) continue
      const sport = portOf(packet, 0)
      const dport = portOf(packet, 2)
      if (sport < sourceLeast[i] || sport > sourceGreatest[i]) continue
      if (dport < destinationLeast[i] || dport > destinationGreatest[i]) continue
      verdict = isPlain[i] === 1 ? count(i, packet) : act(i, packet)
    }
    return verdict
  }

  function count(i: number, packet: Packet): number {
    packets[id[i]]++
    bytes[id[i]] += packet.end - packet.l3
    if (verdicts[i] === drop) world.dropped = id[i]
    return verdicts[i]
  }

  /** A rule that asks more, or does more than to say a verdict. */
  function act(i: number, packet: Packet): number {
    const asked = rest[i]
    if (asked !== null && !asked(packet)) {
      if (!packet.isMalformed) return goOn
      world.dropped = id[i]
      return drop
    }
    const verdict = count(i, packet)
    const called = callee[i]
    if (called === null) return verdict
    const said = called(packet)
    if (said === accept) return accept
    if (said === drop) return dropped(i)
    return isGoto[i] === 1 ? leave : said === leave && isTarget(i) ? leave : goOn
  }

  const isTarget = (i: number): boolean => rules[i].lowered.action.kind === 'call'

  /** A chain that dropped has said which rule it was. */
  function dropped(i: number): number {
    if (isTarget(i)) world.dropped = id[i]
    return drop
  }

  return ask
}

function portOf({ bytes, l4 }: Packet, offset: number): number {
  return (bytes[l4 + offset] << 8) | bytes[l4 + offset + 1]
}

/** All rules for every value. */
function everyRule(count: number): IntervalIndex {
  const lists = Int32Array.from({ length: count + 1 }, (_, i) => (i < count ? i : -1))
  return { find: () => 0, lists }
}
