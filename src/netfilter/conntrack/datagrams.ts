/** Connections of protocols that know none themselves: UDP, ICMP, GRE, and whatever else there is. */
import type { Packet } from '../packet.js'
import * as checksums from '../../wire/checksum.js'
import * as icmp from '../../wire/icmp.js'
import * as ipv4 from '../../wire/ipv4.js'
import * as udp from '../../wire/udp.js'
import * as entries from './entry.js'
import type { ConnectionTable } from './table.js'
import type { ConntrackTimeouts } from './timeouts.js'
import * as tracker from './tracker.js'
import type { ProtocolTracker } from './tracker.js'

// An imported constant is loaded and checked at each use.
const { ASSURED, EXPIRES, SEEN_REPLY, STATUS, STREAM_SINCE } = entries
const { TRACKED } = tracker

const SECOND = 1_000_000
/** Traffic both ways that goes on after this makes a stream. */
const STREAM_AFTER = 2 * SECOND

/** Queries of which there are answers; nothing else of ICMP begins a connection. */
const QUERIES: ReadonlySet<number> = new Set([icmp.ECHO_REQUEST, icmp.TIMESTAMP_REQUEST, 15, 17])
/** The largest type that there is (NR_ICMP_TYPES). */
const LAST_TYPE = 18

/** UDP: answered ones that go on are streams, ASSURED and kept longer. */
export function createUdp(
  { words, doubles }: ConnectionTable,
  { udp_timeout, udp_timeout_stream }: Readonly<ConntrackTimeouts>,
  verifies: () => boolean,
): ProtocolTracker {
  function isSound({ bytes: b, l3, l4, end }: Packet): boolean {
    if (l4 + udp.HEADER_LENGTH > end) return false
    const length = udp.length(b, l4)
    if (length > end - l4 || length < udp.HEADER_LENGTH) return false
    if (udp.checksum(b, l4) === 0 || !verifies()) return true
    // The kernel checks all that IPv4 carries, whatever length UDP tells.
    const pseudo = checksums.pseudoHeader(b, l3 + 12, udp.PROTOCOL, end - l4)
    return checksums.finish(checksums.add(pseudo, b, l4, end - l4)) === 0
  }

  function packet(entry: number, _direction: number, { now }: Packet): number {
    const status = words[entry + STATUS]
    const isStream = (status & SEEN_REPLY) !== 0 && now > doubles[(entry + STREAM_SINCE) >> 1]
    if (isStream) words[entry + STATUS] |= ASSURED
    doubles[(entry + EXPIRES) >> 1] = now + (isStream ? udp_timeout_stream : udp_timeout) * SECOND
    return TRACKED
  }

  return {
    isSound,
    begin: (entry, { now }) => {
      doubles[(entry + STREAM_SINCE) >> 1] = now + STREAM_AFTER
      return true
    },
    packet,
  }
}

/** UDP-Lite (RFC 3828): what is answered is a stream at once. */
export function createUdplite(
  { words, doubles }: ConnectionTable,
  { udp_timeout, udp_timeout_stream }: Readonly<ConntrackTimeouts>,
  verifies: () => boolean,
): ProtocolTracker {
  return {
    isSound({ bytes: b, l3, l4, end }) {
      if (l4 + udp.HEADER_LENGTH > end) return false
      const length = end - l4
      // In the place of the length is how much the checksum covers; 0 is all. There must be one.
      const covered = udp.length(b, l4) === 0 ? length : udp.length(b, l4)
      if (covered < udp.HEADER_LENGTH || covered > length || udp.checksum(b, l4) === 0) return false
      // The kernel (udplite_error) asks for the protocol of UDP in the pseudo header, where RFC 3828 has UDP-Lite's.
      const pseudo = checksums.pseudoHeader(b, ipv4.addresses(l3), udp.PROTOCOL, length)
      return !verifies() || checksums.finish(checksums.add(pseudo, b, l4, covered)) === 0
    },
    begin: () => true,
    packet(entry, _direction, { now }) {
      const isStream = (words[entry + STATUS] & SEEN_REPLY) !== 0
      if (isStream) words[entry + STATUS] |= ASSURED
      doubles[(entry + EXPIRES) >> 1] = now + (isStream ? udp_timeout_stream : udp_timeout) * SECOND
      return TRACKED
    },
  }
}

/** ICMP queries; errors are looked at by whoever tracks, for what they quote. */
export function createIcmp(
  { doubles }: ConnectionTable,
  { icmp_timeout }: Readonly<ConntrackTimeouts>,
  verifies: () => boolean,
): ProtocolTracker {
  return {
    isSound: ({ bytes: b, l4, end }) =>
      l4 + icmp.HEADER_LENGTH <= end &&
      (!verifies() || icmp.checksumIsRight(b, l4, end)) &&
      icmp.type(b, l4) <= LAST_TYPE,
    begin: (_entry, { bytes: b, l4 }) => QUERIES.has(icmp.type(b, l4)),
    packet(entry, _direction, { now }) {
      doubles[(entry + EXPIRES) >> 1] = now + icmp_timeout * SECOND
      return TRACKED
    },
  }
}

/** GRE (RFC 2784): what is answered is a stream. */
export function createGre(
  { words, doubles }: ConnectionTable,
  { gre_timeout, gre_timeout_stream }: Readonly<ConntrackTimeouts>,
): ProtocolTracker {
  return {
    isSound: () => true,
    begin: () => true,
    packet(entry, _direction, { now }) {
      const isStream = (words[entry + STATUS] & SEEN_REPLY) !== 0
      if (isStream) words[entry + STATUS] |= ASSURED
      doubles[(entry + EXPIRES) >> 1] = now + (isStream ? gre_timeout_stream : gre_timeout) * SECOND
      return TRACKED
    },
  }
}

/** Protocols of which nothing is known but the addresses. */
export function createGeneric(
  { doubles }: ConnectionTable,
  { generic_timeout }: Readonly<ConntrackTimeouts>,
): ProtocolTracker {
  return {
    isSound: () => true,
    begin: () => true,
    packet(entry, _direction, { now }) {
      doubles[(entry + EXPIRES) >> 1] = now + generic_timeout * SECOND
      return TRACKED
    },
  }
}
