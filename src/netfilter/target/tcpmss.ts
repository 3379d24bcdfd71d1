/** `-j TCPMSS`: lowers the segment size that a SYN announces, to what fits where ICMP errors get lost. */
import type { TargetExtension } from '../extension.js'
import { FORWARD, OUTPUT, POSTROUTING } from '../hook.js'
import { step } from '../match/tcp-options.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { Match } from '../rule.js'
import { CONTINUE, DROP } from '../verdict.js'
import * as checksums from '../../wire/checksum.js'
import * as ipv4 from '../../wire/ipv4.js'
import { OK } from '../../wire/reason.js'
import * as tcp from '../../wire/tcp.js'
import * as tcpOption from '../../wire/tcp-option.js'

/** Both ways are taken to be Ethernet. */
const PATH_MTU = 1500
const CLAMPED = PATH_MTU - ipv4.HEADER_LENGTH - tcp.HEADER_LENGTH
const GREATEST = 65_515
const MSS_LENGTH = 4
/** What a SYN without the option stands for (RFC 9293 §3.7.1): more is not announced in its name. */
const DEFAULT_SIZE = 536
const LONGEST_HEADER = 60

/** The TCPMSS target. It never raises the size. */
export const tcpmss: TargetExtension = {
  name: 'TCPMSS',
  protocols: [tcp.PROTOCOL],
  options: {
    'set-mss': { argument: `0-${GREATEST}` },
    'clamp-mss-to-pmtu': { argument: null },
  },
  read(given) {
    const { name } = given.oneOf('set-mss', 'clamp-mss-to-pmtu')
    if (!given.matches.some(asksForSyn))
      throw new RuleError('TCPMSS: expected --syn, or --tcp-flags that ask for SYN, in the rule')
    const clamps = name === 'clamp-mss-to-pmtu'
    const size = given.number('set-mss', 0, GREATEST, CLAMPED)
    return {
      name: 'TCPMSS',
      text: clamps ? '--clamp-mss-to-pmtu' : `--set-mss ${size}`,
      start: () => (packet) => lower(packet, size),
      // Elsewhere it is not known yet, or any more, which way the packet goes.
      hooks: clamps ? [FORWARD, OUTPUT, POSTROUTING] : undefined,
    }
  },
}

/** By its text, whether or not it can be said as conditions. */
function asksForSyn({ name, text }: Match): boolean {
  return name === 'tcp' && /(?<!! )--tcp-flags \S+ \S*SYN/.test(text)
}

/** A later fragment is let through, a segment that is cut is dropped, as tcpmss_mangle_packet has it. */
function lower(packet: Packet, size: number): number {
  const { bytes, l4, end, fragmentOffset } = packet
  if (fragmentOffset !== 0) return CONTINUE
  if (tcp.check(bytes, l4, end) !== OK) return DROP
  const lastStart = tcp.payload(bytes, l4) - MSS_LENGTH
  for (let at = l4 + tcp.HEADER_LENGTH; at <= lastStart; at += step(bytes, at)) {
    if (tcpOption.kind(bytes, at) !== tcpOption.MSS || tcpOption.length(bytes, at) !== MSS_LENGTH) continue
    const was = tcpOption.segmentSize(bytes, at)
    if (was > size) replaceSegmentSize(bytes, l4, at, size)
    return CONTINUE
  }
  addSegmentSize(packet, Math.min(size, DEFAULT_SIZE))
  return CONTINUE
}

/**
 * Puts the option before all others of a segment that has none, and no data: those would have to move. Where there
 * is no room behind the packet it stays as it is; the kernel would find some.
 */
function addSegmentSize(packet: Packet, size: number): void {
  const { bytes, l3, l4, end } = packet
  const header = tcp.dataOffset(bytes, l4)
  if (end > l4 + header || header === LONGEST_HEADER || packet.room < MSS_LENGTH) return
  const option = l4 + tcp.HEADER_LENGTH
  bytes.copyWithin(option + MSS_LENGTH, option, end)
  bytes[option] = tcpOption.MSS
  bytes[option + 1] = MSS_LENGTH
  tcpOption.setSegmentSize(bytes, option, size)
  // Not setDataOffset: the reserved bits beside it stay, as in the kernel.
  bytes[l4 + 12] += MSS_LENGTH << 2

  // The checksum counts the length, the option, and the data offset as the high byte of a word.
  let sum = checksums.update(tcp.checksum(bytes, l4), header, header + MSS_LENGTH)
  sum = checksums.update32(sum, 0, (tcpOption.MSS << 24) | (MSS_LENGTH << 16) | size)
  tcp.setChecksum(bytes, l4, checksums.update(sum, 0, MSS_LENGTH << 10))
  const length = ipv4.totalLength(bytes, l3)
  ipv4.setTotalLength(bytes, l3, length + MSS_LENGTH)
  ipv4.setChecksum(bytes, l3, checksums.update(ipv4.checksum(bytes, l3), length, length + MSS_LENGTH))
  packet.end += MSS_LENGTH
  packet.room -= MSS_LENGTH
}

/**
 * Changes the size and, by what it changed, the checksum. At an odd offset its bytes belong to two words, as the
 * low half of one and the high half of the next: to the sum that is the same as one word with its halves swapped.
 */
function replaceSegmentSize(b: Uint8Array, l4: number, option: number, size: number): void {
  const was = tcpOption.segmentSize(b, option)
  const isOdd = ((option - l4) & 1) !== 0
  const sum = checksums.update(tcp.checksum(b, l4), isOdd ? swap(was) : was, isOdd ? swap(size) : size)
  tcp.setChecksum(b, l4, sum)
  tcpOption.setSegmentSize(b, option, size)
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8)
}
