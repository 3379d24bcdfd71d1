/**
 * Who listens to FTP sessions (nf_conntrack_ftp, nf_nat_ftp). In a session that NAT has changed an announcement is
 * rewritten: with the address that the other side knows, and a port that nobody else has announced there.
 */
import * as tcp from '../../wire/tcp.js'
import type { Packet } from '../packet.js'
import * as entries from './entry.js'
import type { Expectation, Expectations } from './expectations.js'
import { announcedBy } from './ftp-command.js'
import type { FtpAnnouncement } from './ftp-command.js'
import { replaceData } from './mangle.js'
import type { ConnectionTable } from './table.js'
import { isAfter, isBefore } from './tcp-window.js'

const { DESTINATION, ESTABLISHED, HAS_HELPED, ORIGINAL, PROTOCOL, SOURCE, STATUS, TUPLE_WORDS } = entries
const TRANSLATED = entries.SOURCE_TRANSLATED | entries.DESTINATION_TRANSLATED

const LINE_FEED = 0x0a
const GREATEST_PORT = 65_535
/** Ports that are tried. */
const TRIES = 128

/** What becomes of a segment: it stays; it cannot be understood, or rewritten; it has other data, and a wrong checksum. */
export const [UNCHANGED, REFUSED, REWRITTEN] = [0, 1, 2]

/** The helper at work. */
export interface FtpHelper {
  /** Lets it see a segment that has passed all rules: UNCHANGED, REFUSED or REWRITTEN. */
  help(packet: Packet): number
  /** The connection is over. */
  forget(entry: number): void
}

/** A helper for connections of this table. `random` gives 32 bits. */
export function createFtpHelper(
  { words, adjustments }: ConnectionTable,
  expectations: Expectations,
  random: () => number,
): FtpHelper {
  /** Sequence numbers at which lines begin, two a side: what comes elsewhere is not read as a command. */
  const lineStarts = new Map<number, [number[], number[]]>()

  function help(packet: Packet): number {
    const { bytes: b, l4, end, connection: entry, direction, connectionState } = packet
    const data = tcp.payload(b, l4)
    if (connectionState !== ESTABLISHED || data >= end) return UNCHANGED
    const starts = startsOf(entry)[direction]
    const seq = tcp.sequenceNumber(b, l4) | 0
    const text = starts.includes(seq)
      ? Buffer.from(b.buffer, b.byteOffset + data, end - data).toString('latin1')
      : ''
    const found = text === '' ? null : announcedBy(text, direction === ORIGINAL)
    if (found === 'cut') return REFUSED
    if (b[end - 1] === LINE_FEED) remember(starts, (seq + end - data) | 0)
    return found === null ? UNCHANGED : expect(packet, found)
  }

  function startsOf(entry: number): [number[], number[]] {
    const starts = lineStarts.get(entry) ?? [[], []]
    lineStarts.set(entry, starts)
    words[entry + STATUS] |= HAS_HELPED
    return starts
  }

  /** The older of two makes place. */
  function remember(starts: number[], seq: number): void {
    if (starts.includes(seq)) return
    if (starts.length < 2) starts.push(seq)
    else {
      const oldest = isBefore(starts[0], starts[1]) ? 0 : 1
      if (isAfter(seq, starts[oldest])) starts[oldest] = seq
    }
  }

  /** Somebody else's address is not believed (the module's parameter `loose`). */
  function expect(packet: Packet, found: FtpAnnouncement): number {
    const { connection: entry, direction, now } = packet
    const own = entry + direction * TUPLE_WORDS
    const other = entry + (1 - direction) * TUPLE_WORDS
    if (found.address !== null && (found.address | 0) !== words[own + SOURCE]) return UNCHANGED
    const expected: Expectation = {
      master: entry,
      source: words[other + SOURCE],
      destination: words[other + DESTINATION],
      port: found.port,
      protocol: words[entry + PROTOCOL],
      follows: null,
    }
    if ((words[entry + STATUS] & TRANSLATED) !== 0) {
      expected.follows = {
        source: words[own + DESTINATION],
        destination: words[own + SOURCE],
        port: found.port,
      }
      return rewrite(packet, found, expected)
    }
    return expectations.announce(expected, now) ? UNCHANGED : REFUSED
  }

  function rewrite(packet: Packet, { at, length, write }: FtpAnnouncement, expected: Expectation): number {
    const { bytes: b, l4, connection: entry, direction, now } = packet
    if (!findPort(expected, now)) return REFUSED
    const text = write(expected.destination, expected.port)
    if (!replaceData(packet, tcp.payload(b, l4) + at, length, text)) {
      expectations.forget(entry)
      return REFUSED
    }
    if (text.length !== length)
      adjustments.grow(entry, direction, tcp.sequenceNumber(b, l4) | 0, text.length - length)
    return REWRITTEN
  }

  /** Its own port, or any above it, for which nobody waits (nf_nat_exp_find_port). Port 0 is none. */
  function findPort(expected: Expectation, now: number): boolean {
    const least = expected.port
    const above = GREATEST_PORT - least
    for (let left = Math.min(above, TRIES); left >= 0; left--) {
      if (expectations.announce(expected, now)) return expected.port !== 0
      if (above > 0) expected.port = least + ((random() >>> 0) % above)
    }
    return false
  }

  function forget(entry: number): void {
    lineStarts.delete(entry)
  }

  return { help, forget }
}
