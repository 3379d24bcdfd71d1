/**
 * Connections remembered, as nf_conntrack does it. A packet is tracked once, between the tables raw and mangle; what
 * it is to its connection stands in the packet then. A connection that a packet begins is entered only when that
 * packet has passed all rules (`confirm`); if it has not, `release` forgets it.
 */
import type { Microseconds } from '../../core/clock.js'
import * as icmp from '../../wire/icmp.js'
import type { Memory } from '../../packet/memory.js'
import * as hooks from '../hook.js'
import { UNCHECKED } from '../packet.js'
import type { Packet } from '../packet.js'
import * as verdicts from '../verdict.js'
import { createBegin } from './begin.js'
import { hasWrongChecksum } from './checksums.js'
import { createCounters } from './counters.js'
import type { ConnectionCounters } from './counters.js'
import * as entries from './entry.js'
import { createEvents } from './events.js'
import type { ConnectionEvents } from './events.js'
import { createExpectations } from './expectations.js'
import { createHelpers } from './helpers.js'
import { createNat } from './nat.js'
import type { Nat } from './nat.js'
import { createEstablished } from './established.js'
import type { Established } from './established.js'
import { createPending } from './pending.js'
import { createPolicies } from './policies.js'
import type { TimeoutPolicies } from './policies.js'
import { createProtocols } from './protocols.js'
import { createRelate } from './related-error.js'
import { createTable, tableBytes } from './table.js'
import type { ConnectionTable } from './table.js'
import { CLOSE } from './tcp-states.js'
import { createTemplates } from './templates.js'
import type { Templates } from './templates.js'
import { DEFAULT_TIMEOUTS } from './timeouts.js'
import type { ConntrackTimeouts } from './timeouts.js'
import * as outcomes from './tracker.js'
import { hasAnswers, portsOf } from './tuple.js'

// An imported constant is loaded and checked at each use.
const {
  BOTH_DECIDED,
  BOTH_TRANSLATED,
  CONFIRMED,
  ESTABLISHED,
  EXPECTED,
  EXPIRES,
  HAS_POLICY,
  INVALID,
  NEW,
  ORIGINAL,
  RELATED,
  REPLY,
  SEEN_REPLY,
  STATUS,
  TCP_STATE,
  UNTRACKED,
} = entries
const SECOND = 1_000_000
/** Entered, and the table nat was asked for both addresses. */
const SETTLED = CONFIRMED | BOTH_DECIDED
const { PREROUTING } = hooks
const { ACCEPT, DROP } = verdicts
const { AGAIN, TRACKED, UNTRACKABLE } = outcomes
const { PROTOCOL: ICMP } = icmp

/** How connections are tracked. */
export interface ConntrackOptions {
  /** Connections at most. Default 65,536. */
  most?: number
  /**
   * The memory of the frames. Where it has room (`conntrackBytes`) the connections are there too, and what goes on in
   * one is tracked in a third of the time.
   */
  memory?: Memory
  timeouts?: Partial<ConntrackTimeouts>
  /** Other timeouts, under the names that `-j CT --timeout` gives. */
  policies?: TimeoutPolicies
  /** Packets of a wrong TCP, UDP, SCTP or ICMP checksum belong to no connection (nf_conntrack_checksum). Default true. */
  verifiesChecksums?: boolean
  /** Packets and bytes are counted from the beginning (nf_conntrack_acct). Default: from when rules ask for them on. */
  accounting?: boolean
  /** Called with what happens to connections, a line as `conntrack -E` prints it each time. */
  onEvent?: (line: string) => void
  /** 32 random bits, for ports that may be any. Default Math.random. */
  random?: () => number
}

/** Connections at work. */
export interface Conntrack extends Nat {
  readonly table: ConnectionTable
  readonly counters: ConnectionCounters
  /** What `-j CT` gives to connections. */
  readonly templates: Templates
  /** Packets that came in by each port and were of no connection because of a wrong checksum. */
  readonly wrongChecksums: ReadonlyMap<string, number>
  /** Finds the packet's connection, or begins one. DROP where the table is full, else ACCEPT. */
  track(packet: Packet): number
  /**
   * The packet has passed all rules: the connection that it begins is entered. DROP where another one is in its place,
   * or its helper does not understand it.
   */
  confirm(packet: Packet): number
  /**
   * Takes in packets that no rule sees before they are tracked; `isListening` must not be the case. Null where
   * connections have a memory of their own.
   */
  readonly established: Established | null
  /** The first of so many numbers that stand for ways in entries (../ways.ts), for good; -1 when there are none left. */
  reserveWays(count: number): number
  /** As the option says. */
  readonly verifiesChecksums: boolean
  /** Whether the connection has other addresses or ports on its other side. */
  isTranslated(entry: number): boolean
  /** Whether packets are counted, events told, or helpers asked. */
  isListening(): boolean
  /**
   * Whether there is nothing to do for packets of an established connection beyond finding it: nobody listens, and
   * they keep their addresses, if there is a table nat at all (`translates`).
   */
  isSettled(entry: number, translates: boolean): boolean
  /** Whether it was the helper that `confirm` has refused for. */
  isRefusedByHelper(): boolean
  /** The same, of a packet of this connection. */
  confirmEntry(entry: number, direction: number, now: Microseconds): number
  /** Forgets connections that packets have begun which did not pass: once all copies of a packet are through. */
  release(): void
  /** The packet is no connection's, and is not to be tracked. */
  ignore(packet: Packet): void
  /** A packet that the node sends because of another one belongs to its connection (nf_ct_attach). */
  attach(answer: Packet, to: Packet): void
  /** The packet's TCP connection is answered with a RST, and over for us too (nf_conntrack_tcp_set_closing). */
  close(packet: Packet): void
}

/** Bytes of memory that so many connections take; 65,536 unless told. */
export function conntrackBytes(most = MOST): number {
  return tableBytes(most) + CLOCK_BYTES
}

const MOST = 65_536
const MOST_WAYS = 0x7fffffff
const CLOCK_BYTES = 64

const anyBits = (): number => Math.floor(Math.random() * 0x100000000)

/** A memory of connections without any. */
export function createConntrack(options: ConntrackOptions = {}): Conntrack {
  const { most = MOST, verifiesChecksums = true, random = anyBits, policies = {}, onEvent } = options
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
  const expectations = createExpectations()
  let events: ConnectionEvents | null = null
  const memory =
    options.memory !== undefined && options.memory.available >= conntrackBytes(most) ? options.memory : null
  const table = createTable(
    most,
    memory,
    (entry) => events?.removed(entry),
    (entry) => helpers.forget(entry),
  )
  const counters = createCounters(most)
  if (options.accounting === true) counters.start()
  const templates = createTemplates(most, Object.keys(policies))
  if (onEvent !== undefined) events = createEvents({ table, counters, templates }, most, onEvent)
  const { words, doubles, findPacket } = table
  const helpers = createHelpers(table, expectations, random)
  let isToBeChecked = false
  let nextWay = 1 // an entry begins with 0
  let isRefused = false
  const verifies = (): boolean => verifiesChecksums && isToBeChecked
  const { trackerOf, isSound, outcomeOf } = createProtocols(table, timeouts, verifies)
  const byPolicy = createPolicies(table, timeouts, policies, verifies)
  const nat = createNat(table, () => verifiesChecksums, random)
  const established = memory && createEstablished(table, memory, timeouts, verifiesChecksums)
  const wrongChecksums = new Map<string, number>()
  const pending = createPending(table, (entry) => events?.passed(entry))
  const begin = createBegin({ table, counters, templates, expectations, nat, pending })
  const relate = createRelate(table)

  function track(packet: Packet): number {
    if (packet.connection !== 0 || packet.connectionState === UNTRACKED) return ACCEPT
    packet.connectionState = INVALID
    if (established !== null && packet.hook === PREROUTING) {
      const reference = established.takePacket(packet)
      if (reference !== 0) return goOn(packet, reference)
    }
    const { protocol } = packet
    if (packet.fragmentOffset !== 0) return ACCEPT
    // The node's own checksums are taken to be right.
    isToBeChecked = packet.hook === PREROUTING && packet.checksum === UNCHECKED
    if (!isSound(protocol, packet)) {
      if (isToBeChecked && hasWrongChecksum(packet)) countWrong(packet.physicalIn)
      return ACCEPT
    }
    if (protocol === ICMP && icmp.isError(icmp.type(packet.bytes, packet.l4))) relate(packet)
    else return find(packet)
    return ACCEPT
  }

  /** A packet of an established connection, which that has taken in. */
  function goOn(packet: Packet, reference: number): number {
    const entry = reference & ~1
    const direction = reference & 1
    if (counters.isOn) counters.add(entry, direction, packet)
    if (events !== null) {
      events.now = packet.now
      events.tracked(entry)
    }
    take(packet, entry, direction)
    return ACCEPT
  }

  function countWrong(port: string): void {
    wrongChecksums.set(port, (wrongChecksums.get(port) ?? 0) + 1)
  }

  function find(packet: Packet): number {
    const { protocol } = packet
    const ports = portsOf(protocol, packet.bytes, packet.l4, packet.end)
    if (events !== null) events.now = packet.now
    for (;;) {
      let reference = findPacket(packet, ports)
      const isNew = reference === 0
      if (isNew) {
        if (!hasAnswers(protocol, ports)) return ACCEPT
        reference = begin(packet, ports, trackerOf(protocol))
        if (reference === 0) return DROP
        if (reference === -1) return ACCEPT
      }
      const entry = reference & ~1
      const direction = reference & 1
      const policy = (words[entry + STATUS] & HAS_POLICY) === 0 ? 0 : templates.policyOf(entry)
      const outcome =
        policy === 0
          ? outcomeOf(protocol, entry, direction, packet)
          : byPolicy(policy, protocol).packet(entry, direction, packet)
      if (outcome === AGAIN) {
        table.remove(entry)
        continue
      }
      // Until it is entered an entry says for how long it will be kept, not until when.
      if (isNew) doubles[(entry + EXPIRES) >> 1] -= packet.now
      if (counters.isOn && outcome === TRACKED) counters.add(entry, direction, packet)
      if (events !== null) events.tracked(entry)
      if (outcome !== UNTRACKABLE) take(packet, entry, direction)
      return ACCEPT
    }
  }

  /** The packet belongs to the connection. */
  function take(packet: Packet, entry: number, direction: number): void {
    packet.connection = entry
    packet.direction = direction
    const status = words[entry + STATUS]
    if (direction === REPLY) words[entry + STATUS] |= SEEN_REPLY
    if (direction === REPLY || (status & SEEN_REPLY) !== 0) packet.connectionState = ESTABLISHED
    else packet.connectionState = (status & EXPECTED) !== 0 ? RELATED : NEW
  }

  function reserveWays(count: number): number {
    if (nextWay + count > MOST_WAYS) return -1
    nextWay += count
    return nextWay - count
  }

  const isListening = (): boolean => counters.isOn || events !== null || templates.isOn

  const isTranslated = (entry: number): boolean => (words[entry + STATUS] & BOTH_TRANSLATED) !== 0

  function isSettled(entry: number, translates: boolean): boolean {
    if (events !== null || templates.isOn) return false
    const status = words[entry + STATUS]
    if (!translates) return (status & CONFIRMED) !== 0
    return (status & (SETTLED | BOTH_TRANSLATED)) === SETTLED
  }

  function confirm(packet: Packet): number {
    const { connection: entry } = packet
    if (entry === 0) return ACCEPT
    isRefused = templates.isOn && help(packet) === DROP
    if (isRefused) return DROP
    if ((words[entry + STATUS] & CONFIRMED) === 0) return confirmEntry(entry, packet.direction, packet.now)
    if (events !== null) events.passed(entry)
    return ACCEPT
  }

  function help(packet: Packet): number {
    const helper = templates.helperOf(packet.connection)
    return helper === '' ? ACCEPT : helpers.help(helper, packet)
  }

  function confirmEntry(entry: number, direction: number, now: Microseconds): number {
    if (direction !== ORIGINAL || (words[entry + STATUS] & CONFIRMED) !== 0) return ACCEPT
    return pending.enter(entry, now)
  }

  function ignore(packet: Packet): void {
    packet.connection = 0
    packet.connectionState = UNTRACKED
  }

  function attach(answer: Packet, to: Packet): void {
    if (to.connection === 0) return
    answer.connection = to.connection
    answer.direction = 1 - to.direction
    answer.connectionState = RELATED
  }

  function close({ connection: entry, now }: Packet): void {
    if (entry === 0 || (words[entry + STATUS] & CONFIRMED) === 0 || words[entry + TCP_STATE] === CLOSE) return
    words[entry + TCP_STATE] = CLOSE
    doubles[(entry + EXPIRES) >> 1] = now + timeouts.tcp_timeout_close * SECOND
  }

  const isRefusedByHelper = (): boolean => isRefused
  const steps = {
    track,
    reserveWays,
    verifiesChecksums,
    isTranslated,
    isListening,
    isSettled,
    isRefusedByHelper,
    confirm,
    confirmEntry,
    release: pending.release,
    ignore,
    attach,
    close,
  }
  return { table, counters, templates, wrongChecksums, established, ...steps, ...nat }
}
