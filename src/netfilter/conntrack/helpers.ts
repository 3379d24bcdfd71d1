/**
 * Who listens to connections for others that they announce: FTP (nf_conntrack_ftp) and TFTP (nf_conntrack_tftp). A
 * rule attaches them (`CT --helper ftp`). What NAT changes is not changed in what they say: an FTP client behind SNAT
 * announces an address that nobody reaches.
 */
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import type { Packet } from '../packet.js'
import { ACCEPT, DROP } from '../verdict.js'
import {
  DESTINATION,
  ESTABLISHED,
  HAS_HELPED,
  ORIGINAL,
  PORTS,
  PROTOCOL,
  REPLY,
  SOURCE,
  STATUS,
  TUPLE_WORDS,
} from './entry.js'
import type { Expectations } from './expectations.js'
import { announcedBy } from './ftp-command.js'
import { isAfter, isBefore } from './tcp-window.js'

/** Names of those that announce something. */
export const HELPERS: readonly string[] = ['ftp', 'tftp']

const LINE_FEED = 0x0a
const [READ, WRITE] = [1, 2]
const TFTP_OPCODE = 2

/** Sequence numbers at which lines begin, two a side: what comes elsewhere is not read as a command. */
interface Lines {
  starts: [number[], number[]]
}

/** Helpers at work. */
export interface Helpers {
  /** Lets the helper of this name see a packet that has passed all rules: DROP where it cannot be understood. */
  help(name: string, packet: Packet): number
  /** The connection is over. */
  forget(entry: number): void
}

/** Helpers for connections in these entries. */
export function createHelpers(words: Int32Array, expectations: Expectations): Helpers {
  const linesOf = new Map<number, Lines>()

  function help(name: string, packet: Packet): number {
    if (name === 'ftp' && packet.protocol === tcp.PROTOCOL) return helpFtp(packet)
    return name === 'tftp' && packet.protocol === udp.PROTOCOL ? helpTftp(packet) : ACCEPT
  }

  function helpFtp({
    bytes: b,
    l4,
    end,
    connection: entry,
    direction,
    connectionState,
    now,
  }: Packet): number {
    const data = tcp.payload(b, l4)
    if (connectionState !== ESTABLISHED || data >= end) return ACCEPT
    const lines = linesOf.get(entry) ?? { starts: [[], []] }
    linesOf.set(entry, lines)
    words[entry + STATUS] |= HAS_HELPED
    const starts = lines.starts[direction]
    const seq = tcp.sequenceNumber(b, l4) | 0
    const text = starts.includes(seq)
      ? Buffer.from(b.buffer, b.byteOffset + data, end - data).toString('latin1')
      : ''
    const found = text === '' ? null : announcedBy(text, direction === ORIGINAL)
    if (found === 'cut') return DROP
    if (b[end - 1] === LINE_FEED) remember(starts, (seq + end - data) | 0)
    const own = words[entry + direction * TUPLE_WORDS + SOURCE]
    // Somebody else's address is not believed (the module's parameter `loose`).
    if (found === null || (found.address !== null && (found.address | 0) !== own)) return ACCEPT
    const other = entry + (1 - direction) * TUPLE_WORDS
    const isWaitedFor = expectations.announce(
      {
        master: entry,
        source: words[other + SOURCE],
        destination: words[other + DESTINATION],
        port: found.port,
        protocol: words[entry + PROTOCOL],
      },
      now,
    )
    return isWaitedFor ? ACCEPT : DROP
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

  /** The server answers a request from a port of its own. */
  function helpTftp({ bytes: b, l4, end, connection: entry, now }: Packet): number {
    const data = udp.payload(l4)
    if (data + TFTP_OPCODE > end) return ACCEPT
    const opcode = (b[data] << 8) | b[data + 1]
    if (opcode !== READ && opcode !== WRITE) return ACCEPT
    const reply = entry + REPLY * TUPLE_WORDS
    words[entry + STATUS] |= HAS_HELPED
    const isWaitedFor = expectations.announce(
      {
        master: entry,
        source: words[reply + SOURCE],
        destination: words[reply + DESTINATION],
        port: words[reply + PORTS] & 0xffff,
        protocol: words[entry + PROTOCOL],
      },
      now,
    )
    return isWaitedFor ? ACCEPT : DROP
  }

  function forget(entry: number): void {
    linesOf.delete(entry)
    expectations.forget(entry)
  }

  return { help, forget }
}
