/**
 * Ports that NAT chooses at random: where two connections would be one, the kernel takes any of a class, another one
 * each time. What is compared is compared without them.
 */
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import type { Entering } from './bridge-under-test.js'
import type { Trial } from './differential.js'

const ETHERNET = 14
const L4 = ETHERNET + ipv4.HEADER_LENGTH

/** A port that is chosen is of the class of the one that it replaces. */
const classOf = (port: number): number => (port < 512 ? 1 : port < 1024 ? 600 : 1024)

const hasPorts = (frame: Uint8Array): boolean =>
  [udp.PROTOCOL, tcp.PROTOCOL, sctp.PROTOCOL].includes(ipv4.protocol(frame, ETHERNET))

/** Ports of frames without IPv4 options. */
export function portsOf(entering: readonly Entering[]): Set<number> {
  const frames = entering.map(({ frame }) => frame).filter(hasPorts)
  return new Set(frames.flatMap((frame) => [udp.sourcePort(frame, L4), udp.destinationPort(frame, L4)]))
}

/** Those that are not own ones are made equal. */
export function withoutChosenPorts(isOwn: (port: number) => boolean): NonNullable<Trial['comparable']> {
  return {
    frame: (frame) => withoutChosenPort(frame, isOwn),
    // Answers go to the port that was chosen.
    connection: (line) =>
      line.replace(/(.* dport=)(\d+)/, (_, before: string, port: string) =>
        isOwn(Number(port)) ? `${before}${port}` : `${before}${classOf(Number(port))}`,
      ),
  }
}

/** The checksum must be right then. */
function withoutChosenPort(frame: Uint8Array, isOwn: (port: number) => boolean): Uint8Array {
  if (ipv4.protocol(frame, ETHERNET) === icmp.PROTOCOL) return withoutQuotedPort(frame, isOwn)
  if (!hasPorts(frame) || isOwn(udp.sourcePort(frame, L4)) || !isRight(frame)) return frame
  const b = frame.slice()
  udp.setSourcePort(b, L4, classOf(udp.sourcePort(b, L4)))
  const protocol = ipv4.protocol(b, ETHERNET)
  if (protocol === udp.PROTOCOL) udp.setChecksum(b, L4, 0)
  else if (protocol === tcp.PROTOCOL) tcp.setChecksum(b, L4, 0)
  else sctp.setChecksum(b, L4, 0)
  return b
}

/** An ICMP error quotes what came to the chosen port; its checksum must be right, of the quoted one there may be none. */
function withoutQuotedPort(frame: Uint8Array, isOwn: (port: number) => boolean): Uint8Array {
  const quoted = icmp.embedded(L4)
  const l4 = quoted + ipv4.HEADER_LENGTH
  if (!icmp.isError(icmp.type(frame, L4)) || isOwn(udp.destinationPort(frame, l4))) return frame
  if (!icmp.checksumIsRight(frame, L4, ETHERNET + ipv4.totalLength(frame, ETHERNET))) return frame
  const b = frame.slice()
  icmp.setChecksum(b, L4, 0)
  udp.setDestinationPort(b, l4, classOf(udp.destinationPort(b, l4)))
  if (ipv4.protocol(b, quoted) === tcp.PROTOCOL && l4 + tcp.HEADER_LENGTH <= b.length)
    tcp.setChecksum(b, l4, 0)
  if (ipv4.protocol(b, quoted) === sctp.PROTOCOL && l4 + sctp.HEADER_LENGTH <= b.length) {
    sctp.setChecksum(b, l4, 0)
    if (icmp.checksumIsRight(frame, L4, endOf(frame))) icmp.setChecksum(b, L4, 0)
  }
  return b
}

const endOf = (frame: Uint8Array): number => ETHERNET + ipv4.totalLength(frame, ETHERNET)

function isRight(frame: Uint8Array): boolean {
  const protocol = ipv4.protocol(frame, ETHERNET)
  if (protocol === udp.PROTOCOL) return udp.checksumIsRight(frame, L4, ETHERNET + 12)
  const end = endOf(frame)
  if (protocol === sctp.PROTOCOL) return sctp.checksumIsRight(frame, L4, end)
  return tcp.checksumIsRight(frame, L4, end, ETHERNET + 12)
}
