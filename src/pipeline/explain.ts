/**
 * Why a packet went where it went: every table, chain and rule that was asked on its way, which part of each rule
 * did not hold, and who decided.
 */
import { partText } from '../netfilter/interpret.js'
import type { Interpreter } from '../netfilter/interpret.js'
import { FORWARD, HOOK_NAMES, INPUT, OUTPUT, POSTROUTING, PREROUTING } from '../netfilter/hook.js'
import type { Hook, TableName } from '../netfilter/hook.js'
import { culpritText } from '../netfilter/engine.js'
import type { Watcher } from '../netfilter/engine.js'
import type { Conntrack } from '../netfilter/conntrack/conntrack.js'
import { ORIGINAL, REPLY } from '../netfilter/conntrack/entry.js'
import { tupleText } from '../netfilter/conntrack/list.js'
import { hasRealPorts } from '../netfilter/conntrack/tuple.js'
import { STATES, stateBits } from '../netfilter/match/state.js'
import type { Packet } from '../netfilter/packet.js'
import { ruleBody } from '../netfilter/rule-text.js'
import type { Chain, Rule } from '../netfilter/rule.js'
import { ACCEPT } from '../netfilter/verdict.js'
import type { Drops } from '../core/drops.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { formatIpv4 } from '../wire/address.js'
import { IPV4 } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { OK } from '../wire/reason.js'
import * as udp from '../wire/udp.js'
import type { Hooks } from './hooks.js'
import { isForNode } from './node-view.js'
import type { NodeDescription } from './node-view.js'

/** A rule that was asked, or the policy at a chain's end. */
export interface Step {
  hook: string
  table: TableName
  chain: string
  /** Jumps between the built-in chain and this one. */
  depth: number
  /** Its place in the chain, from 1; null for the policy. */
  number: number | null
  /** As iptables-save prints it, without `-A CHAIN`; the policy's name for a policy. */
  rule: string
  /** The part that did not hold; null: the rule acted. */
  failed: string | null
}

/** What became of the packet, or of one of its copies, at a stage of its way. */
export interface Stage {
  /** Such as `PREROUTING`, or `FORWARD to vnet0`. */
  name: string
  steps: Step[]
  /** Its connection, as it was at the end of the stage; null: it has none, or none are tracked. */
  connection: StageConnection | null
  /** Other addresses that it got at this stage: `10.0.0.2:1024 > 10.0.0.130:80 became …`; null: none. */
  translated: string | null
  /** Who dropped it, as drops are named; null: it went on. */
  droppedBy: string | null
}

/** What a packet's connection is, in the words of `conntrack -L`. */
export interface StageConnection {
  state: string
  original: string
  reply: string
}

/** The way of a packet. */
export interface Explanation {
  stages: Stage[]
  /** Every reason for which it, or a copy of it, was dropped, by rules or by the bridge. */
  dropped: string[]
}

/** Writes down what the interpreter tells. */
class Recorder implements Watcher {
  steps: Step[] = []
  #table: TableName = 'filter'
  #hook: Hook = PREROUTING

  table(table: TableName, hook: Hook): void {
    this.#table = table
    this.#hook = hook
  }

  rule(chain: Chain, rule: Rule, failed: number, depth: number): void {
    const failedPart = failed === -1 ? null : partText(rule, failed)
    this.#add(chain, depth, chain.rules.indexOf(rule) + 1, ruleBody(rule), failedPart)
  }

  policy(chain: Chain): void {
    this.#add(chain, 0, null, chain.policy!, null)
  }

  /** What was written down since the last call. */
  take(): Step[] {
    const { steps } = this
    this.steps = []
    return steps
  }

  #add(chain: Chain, depth: number, number: number | null, rule: string, failed: string | null): void {
    const hook = HOOK_NAMES[this.#hook]
    this.steps.push({ hook, table: this.#table, chain: chain.name, depth, number, rule, failed })
  }
}

function connectionOf(connections: Conntrack | null, entry: number, state: number): StageConnection | null {
  if (connections === null || entry === 0) return null
  const { words } = connections.table
  return {
    state: STATES.find((name) => (stateBits([name]) & state) !== 0) ?? 'INVALID',
    original: tupleText(words, entry, ORIGINAL),
    reply: tupleText(words, entry, REPLY),
  }
}

/** From whom to whom an IPv4 packet is, with its ports. */
function endsText(b: Uint8Array, l3: number, end: number): string {
  const protocol = ipv4.protocol(b, l3)
  const l4 = ipv4.payload(b, l3)
  const isShort = ipv4.fragmentOffset(b, l3) !== 0 || l4 + 4 > end || !hasRealPorts(protocol)
  const [sport, dport] = isShort ? ['', ''] : [`:${udp.sourcePort(b, l4)}`, `:${udp.destinationPort(b, l4)}`]
  return `${formatIpv4(ipv4.source(b, l3))}${sport} > ${formatIpv4(ipv4.destination(b, l3))}${dport}`
}

function changeText(before: string, after: string): string | null {
  return before === after ? null : `${before} became ${after}`
}

/** A packet that is only described: where it comes from and goes to, its headers in `packet`. */
export interface Described {
  packet: Packet
  /** Port of the bridge that it comes in by; null: the node itself sends it. */
  input: string | null
  /** Where it leaves: a port of the bridge, or, if the node sends it, an interface. '' where that is not known. */
  output: string
  /** What the engine tracks connections in; null: it tracks none. */
  connections: Conntrack | null
}

/** The way of a described packet through the rules. */
export function explainPacket(engine: Interpreter, node: NodeDescription, described: Described): Explanation {
  const { packet, input, output } = described
  const recorder = (engine.watcher = new Recorder())
  const { bridge } = node
  const { bytes, l3, end } = packet
  const stages: Stage[] = []
  const pass = (hook: Hook, inInterface: string, outInterface: string): boolean => {
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    const before = endsText(bytes, l3, end)
    const isAccepted = engine.judge(hook, packet) === ACCEPT
    stages.push({
      name: HOOK_NAMES[hook],
      steps: recorder.take(),
      connection: connectionOf(described.connections, packet.connection, packet.connectionState),
      translated: changeText(before, endsText(bytes, l3, end)),
      droppedBy: isAccepted ? null : culpritText(engine.culprit),
    })
    return isAccepted
  }
  if (input === null) void (pass(OUTPUT, '', output) && pass(POSTROUTING, '', output))
  else {
    packet.physicalIn = input
    const isIn = pass(PREROUTING, bridge, '')
    if (isIn && isForNode(node, packet.source, packet.destination)) pass(INPUT, bridge, '')
    else if (isIn) {
      packet.physicalOut = output
      packet.isBridged = true
      void (pass(FORWARD, bridge, bridge) && pass(POSTROUTING, '', bridge))
    }
  }
  return { stages, dropped: stages.flatMap(({ droppedBy }) => droppedBy ?? []) }
}

/** Hooks that write down the way of one packet: the `number`th, from 1, that comes in by a port. */
export interface ExplainingHooks extends Hooks {
  /** The packet has come: its way, so far as it has gone. */
  readonly explanation: Explanation | null
}

/** The same hooks, watched. `engine` is the one that they ask. */
export function explainHooks(
  hooks: Hooks,
  engine: Interpreter,
  arena: Arena,
  drops: Drops,
  portNames: readonly string[],
  connections: Conntrack | null,
  wanted: { port: string; number: number },
): ExplainingHooks {
  const recorder = new Recorder()
  let left = wanted.number
  let explanation: Explanation | null = null
  let before = new Map<string, number>()

  const { start, length, connection, connectionInfo, etherType, l3 } = arena
  const { bytes } = arena.memory
  const ends = (slot: number): string =>
    etherType[slot] === IPV4 && length[slot] >= l3[slot] + ipv4.HEADER_LENGTH
      ? endsText(bytes, start[slot] + l3[slot], start[slot] + length[slot])
      : ''

  /** A stage that asks rules, and changes the packet in this slot perhaps. */
  const watched = (name: string, slot: number, ask: () => number): number => {
    if (engine.watcher === null) return ask()
    const before = ends(slot)
    const refusal = ask()
    note(name, refusal, {
      connection: connectionOf(connections, connection[slot], connectionInfo[slot] >> 1),
      translated: changeText(before, ends(slot)),
    })
    return refusal
  }

  const note = (
    name: string,
    refusal: number,
    more: Pick<Stage, 'connection' | 'translated'> = { connection: null, translated: null },
  ): void => {
    if (engine.watcher === null) return
    const droppedBy = refusal === OK ? null : drops.nameOf(refusal)
    explanation!.stages.push({ name, steps: recorder.take(), ...more, droppedBy })
  }

  return {
    get explanation() {
      return explanation
    },
    begin(slot) {
      if (portNames[arena.port[slot]] !== wanted.port || --left !== 0) return
      engine.watcher = recorder
      explanation = { stages: [], dropped: [] }
      before = new Map(drops.entries())
    },
    end() {
      hooks.end?.()
      if (engine.watcher === null) return
      engine.watcher = null
      for (const [reason, count] of drops.entries())
        if (count > (before.get(reason) ?? 0)) explanation!.dropped.push(reason)
    },
    pieces: hooks.pieces,
    admit(slot) {
      const refusal = hooks.admit(slot)
      if (refusal !== OK) note('PREROUTING', refusal)
      return refusal
    },
    gather(slot) {
      const whole = hooks.gather(slot)
      if (whole === NONE) note('a fragment, which waits for the rest of its datagram', OK)
      return whole
    },
    isPulled: (slot) => hooks.isPulled(slot),
    prerouting: (slot) => watched('PREROUTING', slot, () => hooks.prerouting(slot)),
    forward: (slot, to) => watched(`FORWARD to ${portNames[to]}`, slot, () => hooks.forward(slot, to)),
    input: (slot) => watched('INPUT', slot, () => hooks.input(slot)),
    ownOfPort: (slot) => {
      hooks.ownOfPort(slot)
      note('the port itself', OK)
    },
  }
}
