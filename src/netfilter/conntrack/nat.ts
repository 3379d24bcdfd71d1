/**
 * Other addresses for connections, as nf_nat gives them: the first packet's rules decide, once for the destination
 * and once for the source; what follows, and what is answered, is changed alike. Where no rule of the table nat wants
 * anything a connection keeps its addresses, and gets another port only where its own is taken (a null binding).
 */
import type { Microseconds } from '../../core/clock.js'
import * as icmp from '../../wire/icmp.js'
import * as ipv4 from '../../wire/ipv4.js'
import * as hooks from '../hook.js'
import type { Hook } from '../hook.js'
import type { Packet } from '../packet.js'
import * as verdicts from '../verdict.js'
import * as entries from './entry.js'
import type { Following } from './expectations.js'
import { DESTINATION_OF, SOURCE_OF, rewrite } from './nat-packet.js'
import { createTupleSearch } from './nat-tuple.js'
import type { NatRange } from './nat-tuple.js'
import type { ConnectionTable } from './table.js'
import { invertedPorts } from './tuple.js'

// An imported constant is loaded and checked at each use.
const {
  BOTH_DECIDED,
  BOTH_TRANSLATED,
  CONFIRMED,
  DESTINATION,
  DESTINATION_DECIDED,
  DESTINATION_TRANSLATED,
  NEW,
  PORTS,
  PROTOCOL,
  RELATED,
  REPLY,
  SOURCE,
  SOURCE_DECIDED,
  SOURCE_TRANSLATED,
  STATUS,
  TUPLE_WORDS,
} = entries
const { INPUT, POSTROUTING, PREROUTING } = hooks
const { ACCEPT, DROP } = verdicts

/** What NAT changes at a hook: the destination before a packet is routed, the source after it. */
export function sideAt(hook: Hook): number {
  return hook === POSTROUTING || hook === INPUT ? SOURCE_OF : DESTINATION_OF
}

const TRANSLATED = [SOURCE_TRANSLATED, DESTINATION_TRANSLATED]
const DECIDED = [SOURCE_DECIDED, DESTINATION_DECIDED]

/** Translation at work. */
export interface Nat {
  /**
   * Whether the table nat is to be asked about the packet at this hook: it begins a connection that nothing is
   * decided of yet.
   */
  asksNat(packet: Packet, hook: Hook): boolean
  /** A rule wants this for the packet's connection, at the hook where the packet is. ACCEPT. */
  bind(packet: Packet, range: NatRange): number
  /** A connection that was announced goes the way of who has announced it (nf_nat_follow_master): no rule is asked. */
  follow(entry: number, { source, destination, port }: Following, now: Microseconds): void
  /** Changes the packet as its connection has it; DROP for one that cannot be: an ICMP error, GRE that is too short. */
  translate(packet: Packet): number
}

/** Translates the connections of a table; `verifies` and `random` as for tracking. */
export function createNat(table: ConnectionTable, verifies: () => boolean, random: () => number): Nat {
  const { words, sources } = table
  const search = createTupleSearch(table, random)
  const own: [least: number, greatest: number] = [0, 0]
  const unchanged: NatRange = {
    addresses: own,
    ports: null,
    base: null,
    isRandom: false,
    isPersistent: false,
  }

  const isError = ({ connectionState, protocol }: Packet): boolean =>
    connectionState === RELATED && protocol === icmp.PROTOCOL

  function asksNat(packet: Packet, hook: Hook): boolean {
    const { connection: entry, connectionState } = packet
    if (entry === 0 || (connectionState & (NEW | RELATED)) === 0 || isError(packet)) return false
    return (words[entry + STATUS] & DECIDED[sideAt(hook)]) === 0
  }

  function bind(packet: Packet, range: NatRange): number {
    bindSide(packet.connection, range, sideAt(packet.hook), packet.now)
    return ACCEPT
  }

  function follow(entry: number, { source, destination, port }: Following, now: Microseconds): void {
    bindSide(entry, onlyAt(source, null), SOURCE_OF, now)
    bindSide(entry, onlyAt(destination, [port, port]), DESTINATION_OF, now)
  }

  function bindSide(entry: number, range: NatRange, side: number, now: Microseconds): void {
    if ((words[entry + STATUS] & (CONFIRMED | DECIDED[side])) !== 0) return
    const { source, destination, ports } = search(entry, range, side, now)
    const reply = entry + REPLY * TUPLE_WORDS
    const inverted = invertedPorts(words[entry + PROTOCOL] & 0xff, ports)
    if (
      words[reply + SOURCE] !== (destination | 0) ||
      words[reply + DESTINATION] !== (source | 0) ||
      words[reply + PORTS] !== inverted
    ) {
      words[reply + SOURCE] = destination
      words[reply + DESTINATION] = source
      words[reply + PORTS] = inverted
      words[entry + STATUS] |= TRANSLATED[side]
    }
    if (side === SOURCE_OF) sources.insert(entry)
    words[entry + STATUS] |= DECIDED[side]
  }

  function translate(packet: Packet): number {
    const { connection: entry, hook } = packet
    if (entry === 0) return ACCEPT
    if (isError(packet)) return translateError(packet)
    const status = words[entry + STATUS]
    if ((status & BOTH_DECIDED) !== BOTH_DECIDED && asksNat(packet, hook)) bindUnchanged(packet)
    else if ((status & BOTH_TRANSLATED) === 0) return ACCEPT
    const side = sideAt(hook)
    return isTranslated(packet, side) ? change(packet, side) : ACCEPT
  }

  /** The address that it has by now must stay; the port need not. */
  function bindUnchanged(packet: Packet): void {
    const reply = packet.connection + REPLY * TUPLE_WORDS
    own[0] = own[1] = words[reply + (sideAt(packet.hook) === SOURCE_OF ? DESTINATION : SOURCE)] >>> 0
    bind(packet, unchanged)
  }

  /** Answers are changed back where the other side was changed. */
  function isTranslated({ connection, direction }: Packet, side: number): boolean {
    return (words[connection + STATUS] & TRANSLATED[direction === REPLY ? 1 - side : side]) !== 0
  }

  /** The packet's side becomes what the other direction's tuple has on its far side. */
  function change(packet: Packet, side: number): number {
    const { bytes, l3, end, connection, direction, protocol } = packet
    const other = connection + (1 - direction) * TUPLE_WORDS
    const ports = invertedPorts(protocol, words[other + PORTS])
    const address = words[other + (side === SOURCE_OF ? DESTINATION : SOURCE)]
    const port = side === SOURCE_OF || protocol === icmp.PROTOCOL ? ports >>> 16 : ports & 0xffff
    if (!rewrite(bytes, l3, end, side, address, port)) return DROP
    refresh(packet)
    return ACCEPT
  }

  function refresh(packet: Packet): void {
    packet.source = ipv4.source(packet.bytes, packet.l3)
    packet.destination = ipv4.destination(packet.bytes, packet.l3)
  }

  /** What an ICMP error quotes is changed back, and then the error itself (nf_nat_icmp_reply_translation). */
  function translateError(packet: Packet): number {
    const { bytes: b, l3, l4, end, connection, direction, hook } = packet
    const isArriving = hook === PREROUTING || hook === INPUT
    if (isArriving && verifies() && !icmp.checksumIsRight(b, l4, end)) return DROP
    const status = words[connection + STATUS]
    const isRedirect = icmp.type(b, l4) === icmp.REDIRECT
    if (isRedirect && ((status & BOTH_DECIDED) !== BOTH_DECIDED || (status & BOTH_TRANSLATED) !== 0))
      return DROP
    const side = sideAt(hook)
    if (!isTranslated(packet, side)) return ACCEPT
    const other = connection + (1 - direction) * TUPLE_WORDS
    const quoted = icmp.embedded(l4)
    const ports = words[other + PORTS]
    const isQuotedSource = side !== SOURCE_OF
    const address = words[other + (isQuotedSource ? SOURCE : DESTINATION)]
    const isUpper = isQuotedSource || ipv4.protocol(b, quoted) === icmp.PROTOCOL
    const port = isUpper ? ports >>> 16 : ports & 0xffff
    if (!rewrite(b, quoted, end, isQuotedSource ? SOURCE_OF : DESTINATION_OF, address, port)) return DROP
    icmp.fillChecksum(b, l4, end)
    rewrite(b, l3, end, side, words[other + (side === SOURCE_OF ? DESTINATION : SOURCE)], 0)
    refresh(packet)
    return ACCEPT
  }

  return { asksNat, bind, follow, translate }
}

/** One address, and no other. */
function onlyAt(address: number, ports: NatRange['ports']): NatRange {
  const one = address >>> 0
  return { addresses: [one, one], ports, base: null, isRandom: false, isPersistent: false }
}
