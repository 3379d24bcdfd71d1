/** Which addresses and ports a connection gets: such that no other one has them (get_unique_tuple of nf_nat). */
import type { Microseconds } from '../../core/clock.js'
import * as icmp from '../../wire/icmp.js'
import * as tcp from '../../wire/tcp.js'
import * as entries from './entry.js'
import { hashAddress } from './jhash.js'
import { SOURCE_OF } from './nat-packet.js'
import type { PortQuestion } from './port-index.js'
import type { ConnectionTable } from './table.js'
import * as states from './tcp-states.js'
import { isAfter } from './tcp-window.js'
import { hasRealPorts, invertedPorts } from './tuple.js'

// An imported constant is loaded and checked at each use.
const {
  DESTINATION,
  END,
  PORTS,
  PROTOCOL,
  REPLY,
  SIDES,
  SOURCE,
  SOURCE_TRANSLATED,
  STATUS,
  TCP_STATE,
  TUPLE_WORDS,
} = entries
const { SYN_SENT, TIME_WAIT } = states

/** What a rule allows: addresses, unsigned, and ports (of ICMP: identifiers). */
export interface NatRange {
  /** The first and the last; null: the address stays. */
  addresses: readonly [least: number, greatest: number] | null
  ports: readonly [least: number, greatest: number] | null
  /** The port lies by as much above the first as it lay above this one; null: it need not. */
  base: number | null
  /** A port at random (`--random`, `--random-fully`). */
  isRandom: boolean
  /** A sender has the same address for whatever it writes to (`--persistent`). */
  isPersistent: boolean
}

/** A way of a connection. */
export interface Tuple {
  source: number
  destination: number
  ports: number
}

/** Ports that are tried one by one before all that are taken are looked at together. */
const TRIES = 128
const SECOND = 1_000_000

/** Ranges of ports that stay among themselves: what is well known stays so. */
const CLASSES = [
  [1, 511],
  [600, 1023],
  [1024, 65_535],
] as const

/** Looks for addresses and ports in this table. `random` gives 32 bits. */
export function createTupleSearch(
  table: ConnectionTable,
  random: () => number,
): (entry: number, range: NatRange, side: number, now: Microseconds) => Readonly<Tuple> {
  const { words, sources, ports: taken } = table
  const tuple: Tuple = { source: 0, destination: 0, ports: 0 }
  let protocol = 0
  let now: Microseconds = 0
  let cleaned: Microseconds = -Infinity

  function isUsed(): boolean {
    return (
      table.find(
        tuple.destination,
        tuple.source,
        invertedPorts(protocol & 0xff, tuple.ports),
        protocol,
        now,
      ) !== 0
    )
  }

  /** What is sent, as it leaves: answers to answers. */
  function readCurrent(entry: number): void {
    const reply = entry + REPLY * TUPLE_WORDS
    tuple.source = words[reply + DESTINATION]
    tuple.destination = words[reply + SOURCE]
    tuple.ports = invertedPorts(protocol & 0xff, words[reply + PORTS])
  }

  const isIcmp = (): boolean => (protocol & 0xff) === icmp.PROTOCOL
  /** The identifier of ICMP stands where the source's port does. */
  const isUpper = (side: number): boolean => side === SOURCE_OF || isIcmp()

  function portOf(side: number): number {
    return isUpper(side) ? tuple.ports >>> 16 : tuple.ports & 0xffff
  }

  function setPort(side: number, port: number): void {
    tuple.ports = isUpper(side) ? (port << 16) | (tuple.ports & 0xffff) : (tuple.ports & ~0xffff) | port
  }

  function isInPorts({ ports }: NatRange, side: number): boolean {
    if (ports === null || !(hasRealPorts(protocol & 0xff) || isIcmp())) return true
    const port = portOf(side)
    return ports[0] <= port && port <= ports[1]
  }

  function isInRange(range: NatRange): boolean {
    const { addresses } = range
    const source = tuple.source >>> 0
    if (addresses !== null && (source < addresses[0] || source > addresses[1])) return false
    return isInPorts(range, SOURCE_OF)
  }

  /** What the sender has for another connection of the same port. */
  function takeSendersOwn(entry: number, range: NatRange): boolean {
    const port = words[entry + PORTS] >>> 16
    const [source, ports] = [tuple.source, tuple.ports]
    let other = sources.find(words[entry + SOURCE], port, protocol, 0)
    for (; other !== 0; other = sources.find(words[entry + SOURCE], port, protocol, other)) {
      const reply = other + REPLY * TUPLE_WORDS
      tuple.source = words[reply + DESTINATION]
      tuple.ports = (invertedPorts(protocol & 0xff, words[reply + PORTS]) & ~0xffff) | (ports & 0xffff)
      if (isInRange(range)) return true
    }
    tuple.source = source
    tuple.ports = ports
    return false
  }

  /** One of the addresses: the same one for the same two ends (find_best_ips_proto). */
  function chooseAddress({ addresses, isPersistent }: NatRange, side: number): void {
    if (addresses === null) return
    const [least, greatest] = addresses
    const hash = hashAddress(tuple.source, isPersistent ? 0 : tuple.destination)
    const count = BigInt((greatest - least + 1) >>> 0)
    const chosen = least === greatest ? least : (least + Number((BigInt(hash) * count) >> 32n)) >>> 0
    if (side === SOURCE_OF) tuple.source = chosen
    else tuple.destination = chosen
  }

  /** Leaves the port as it is where it must not change. */
  function choosePort(entry: number, range: NatRange, side: number): void {
    const bounds = portsFor(range, side)
    if (bounds === null) return
    const [least, size] = bounds
    const isAnywhere = range.isRandom || side === SOURCE_OF || isIcmp()
    const offset =
      range.base === null ? (isAnywhere ? random() & 0xffff : 0) : (portOf(side) - range.base) & 0xffff
    // Where any port will do, and many are known to be taken, trying some is in vain.
    const isKnown = isAnywhere && range.base === null && size > TRIES && taken.keeps(questionFor(side))
    for (let i = 0; !isKnown && i < Math.min(size, TRIES); i++) {
      setPort(side, least + ((offset + i) % size))
      if (!isUsed()) return
    }
    const free = size > TRIES ? firstFree(side, least, size, offset) : -1
    if (free !== -1) setPort(side, free)
    else takeFromClosed(entry, side, least, size, offset)
  }

  /** The first one and how many; null where it has to stay. */
  function portsFor({ ports }: NatRange, side: number): [least: number, size: number] | null {
    if (!hasRealPorts(protocol & 0xff) && !isIcmp()) return null
    if (ports !== null) return [ports[0], ports[1] - ports[0] + 1]
    if (isIcmp()) return [0, 65_536]
    if (side !== SOURCE_OF) return null
    const port = portOf(side)
    const [least, greatest] = CLASSES[port < 512 ? 0 : port < 1024 ? 1 : 2]
    return [least, greatest - least + 1]
  }

  function firstFree(side: number, least: number, size: number, offset: number): number {
    const asked = questionFor(side)
    const free = taken.firstFree(asked, least, size, offset)
    if (free !== -1 || now < cleaned + SECOND) return free
    cleaned = now
    table.clean(now)
    return taken.firstFree(asked, least, size, offset)
  }

  function questionFor(side: number): PortQuestion {
    return {
      source: tuple.destination,
      destination: tuple.source,
      ports: invertedPorts(protocol & 0xff, tuple.ports),
      isUpper: isIcmp() || side !== SOURCE_OF,
      protocol,
    }
  }

  /** A connection that is over but for waiting gives its port up (nf_nat_used_tuple_harder, RFC 6191 §2). */
  function takeFromClosed(entry: number, side: number, least: number, size: number, offset: number): void {
    if ((protocol & 0xff) !== tcp.PROTOCOL || words[entry + TCP_STATE] !== SYN_SENT) return
    for (let i = 0; i < Math.min(size, TRIES); i++) {
      setPort(side, least + ((offset + i) % size))
      const inverted = invertedPorts(tcp.PROTOCOL, tuple.ports)
      const reference = table.find(tuple.destination, tuple.source, inverted, protocol, now)
      if (reference === 0) return
      const other = reference & ~1
      const mayGo = (reference & 1) === REPLY && isOverAndBefore(other, entry)
      if (!mayGo) continue
      table.remove(other)
      return
    }
  }

  function isOverAndBefore(old: number, young: number): boolean {
    if (words[old + TCP_STATE] < TIME_WAIT || (words[old + STATUS] & SOURCE_TRANSLATED) === 0) return false
    return isAfter(words[young + SIDES + END], words[old + SIDES + END])
  }

  return function search(entry, range, side, time) {
    protocol = words[entry + PROTOCOL]
    now = time
    readCurrent(entry)
    if (side === SOURCE_OF && !range.isRandom) {
      if (isInRange(range)) {
        if (!isUsed()) return tuple
      } else if (takeSendersOwn(entry, range) && !isUsed()) return tuple
      readCurrent(entry)
    }
    chooseAddress(range, side)
    if (!range.isRandom) {
      const { ports } = range
      if (ports === null) {
        if (!isUsed()) return tuple
      } else if (range.base === null && isInPorts(range, side) && (ports[0] === ports[1] || !isUsed()))
        return tuple
    }
    choosePort(entry, range, side)
    return tuple
  }
}
