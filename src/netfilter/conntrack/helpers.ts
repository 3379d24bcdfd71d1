/**
 * Who listens to connections for others that they announce: FTP (ftp.ts) and TFTP (nf_conntrack_tftp, nf_nat_tftp). A
 * rule attaches them (`CT --helper ftp`). Where NAT has changed who announces, what is announced follows it.
 */
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import type { Packet } from '../packet.js'
import { ACCEPT, DROP } from '../verdict.js'
import * as entries from './entry.js'
import type { Expectations } from './expectations.js'
import { REFUSED, REWRITTEN, UNCHANGED, createFtpHelper } from './ftp.js'
import { fillChecksum } from './mangle.js'
import type { ConnectionTable } from './table.js'

const { DESTINATION, HAS_HELPED, ORIGINAL, PORTS, PROTOCOL, RELATED, REPLY } = entries
const { SEQUENCE_ADJUSTED, SOURCE, STATUS, TUPLE_WORDS } = entries
const TRANSLATED = entries.SOURCE_TRANSLATED | entries.DESTINATION_TRANSLATED

/** Names of those that announce something. */
export const HELPERS: readonly string[] = ['ftp', 'tftp']

const [READ, WRITE] = [1, 2]
const TFTP_OPCODE = 2

/** Helpers at work. */
export interface Helpers {
  /**
   * Lets the helper of this name see a packet that has passed all rules, and gives it the sequence numbers that its
   * receiver knows: DROP where it cannot be understood.
   */
  help(name: string, packet: Packet): number
  /** The connection is over. */
  forget(entry: number): void
}

/** Helpers for connections of this table. `random` gives 32 bits. */
export function createHelpers(
  table: ConnectionTable,
  expectations: Expectations,
  random: () => number,
): Helpers {
  const { words, adjustments } = table
  const ftp = createFtpHelper(table, expectations, random)

  // The kernel takes no notice of what an error of the other direction is: it is adjusted as if it were TCP.
  function help(name: string, packet: Packet): number {
    const { connection: entry, connectionState, direction } = packet
    if (connectionState === RELATED && direction === REPLY) return ACCEPT
    // What is rewritten for the first time has its numbers: they differ for what comes behind it.
    const isAdjusted = (words[entry + STATUS] & SEQUENCE_ADJUSTED) !== 0
    const outcome = listen(name, packet)
    if (outcome === REFUSED || (isAdjusted && !adjustments.adjust(packet))) return DROP
    if (outcome === REWRITTEN) fillChecksum(packet)
    return ACCEPT
  }

  function listen(name: string, packet: Packet): number {
    if (name === 'ftp' && packet.protocol === tcp.PROTOCOL) return ftp.help(packet)
    return name === 'tftp' && packet.protocol === udp.PROTOCOL ? helpTftp(packet) : UNCHANGED
  }

  /** The server answers a request from a port of its own. */
  function helpTftp({ bytes: b, l4, end, connection: entry, now }: Packet): number {
    const data = udp.payload(l4)
    if (data + TFTP_OPCODE > end) return UNCHANGED
    const opcode = (b[data] << 8) | b[data + 1]
    if (opcode !== READ && opcode !== WRITE) return UNCHANGED
    const own = entry + ORIGINAL * TUPLE_WORDS
    const reply = entry + REPLY * TUPLE_WORDS
    words[entry + STATUS] |= HAS_HELPED
    const isTranslated = (words[entry + STATUS] & TRANSLATED) !== 0
    const follows = isTranslated
      ? {
          source: words[own + DESTINATION],
          destination: words[own + SOURCE],
          port: words[own + PORTS] >>> 16,
        }
      : null
    const isWaitedFor = expectations.announce(
      {
        master: entry,
        source: words[reply + SOURCE],
        destination: words[reply + DESTINATION],
        port: words[reply + PORTS] & 0xffff,
        protocol: words[entry + PROTOCOL],
        follows,
      },
      now,
    )
    return isWaitedFor ? UNCHANGED : REFUSED
  }

  function forget(entry: number): void {
    ftp.forget(entry)
    adjustments.forget(entry)
    expectations.forget(entry)
  }

  return { help, forget }
}
