/**
 * The message that `-j NFLOG` sends to a group, as captures of link type NFLOG (239) hold it (nfnetlink_log.c, as
 * of Linux 6.18): a header, then attributes, each padded to 4 bytes.
 *
 *   address family 1 · version 1 · group 2
 *   length 2 · type 2 · value …      length and type little-endian, as captures say; all else big-endian
 */
import { FORWARD } from './hook.js'
import type { Packet } from './packet.js'
import * as ethernet from '../wire/ethernet.js'

const AF_INET = 2
const ARPHRD_ETHER = 1
const ATTRIBUTE_HEADER = 4
/** NFULA_…: what an attribute is. */
const [PACKET_HEADER, MARK, TIMESTAMP, IN_INDEX, OUT_INDEX, PHYSICAL_IN, PHYSICAL_OUT] = [1, 2, 3, 4, 5, 6, 7]
const [HARDWARE_ADDRESS, PAYLOAD, PREFIX, HARDWARE_TYPE, HARDWARE_HEADER, HARDWARE_LENGTH] = [
  8, 9, 10, 15, 16, 17,
]
/** The longest payload that an attribute holds (NFULNL_COPY_RANGE_MAX). */
const LONGEST_PAYLOAD = 0xffff - ATTRIBUTE_HEADER

/** Room that any message has enough of: a prefix has 63 bytes at most. */
export const LONGEST_MESSAGE = LONGEST_PAYLOAD + 512

/** What is told of a packet beside what rules see of it. */
export interface NflogNotes {
  group: number
  prefix: string
  /** Bytes of the datagram at most; null is all of them. */
  size: number | null
  /** When it came in: since 1970-01-01T00:00:00Z. */
  seconds: number
  microseconds: number
  /** The number of the interface of this name. */
  indexOf: (interfaceName: string) => number
}

/** Writes the message to offset `at`, a multiple of 4, of `b`, where LONGEST_MESSAGE bytes are free; its length. */
export function writeNflogMessage(b: Uint8Array, at: number, packet: Packet, notes: NflogNotes): number {
  const { inInterface, outInterface, physicalIn, physicalOut, hook, mark } = packet
  const list = new Attributes(b, at + 4)
  b.set([AF_INET, 0, notes.group >> 8, notes.group], at)
  list.bytes(PACKET_HEADER, [ethernet.IPV4 >> 8, ethernet.IPV4 & 0xff, hook, 0])
  list.bytes(PREFIX, Buffer.from(`${notes.prefix}\0`))
  const interfaces: Array<[type: number, name: string]> = [
    [IN_INDEX, inInterface],
    [PHYSICAL_IN, inInterface === '' ? '' : physicalIn],
    [OUT_INDEX, outInterface],
    [PHYSICAL_OUT, outInterface === '' ? '' : physicalOut],
  ]
  for (const [type, name] of interfaces) if (name !== '') list.word(type, notes.indexOf(name))
  if (mark !== 0) list.word(MARK, mark)
  if (inInterface !== '' && packet.frame >= 0) addHardware(list, packet)
  if (hook <= FORWARD) addTime(list, notes)
  const length = Math.min(packet.length, notes.size ?? LONGEST_PAYLOAD, LONGEST_PAYLOAD)
  if (length > 0) list.bytes(PAYLOAD, packet.bytes.subarray(packet.l3, packet.l3 + length))
  return list.end - at
}

/** The sender's address, and the whole header in front of the datagram. */
function addHardware(list: Attributes, { bytes, frame }: Packet): void {
  const header = bytes.subarray(frame, frame + ethernet.HEADER_LENGTH)
  const source = ethernet.source(0)
  list.bytes(HARDWARE_ADDRESS, [0, 6, 0, 0, ...header.subarray(source, source + 6), 0, 0])
  list.bytes(HARDWARE_TYPE, [0, ARPHRD_ETHER])
  list.bytes(HARDWARE_LENGTH, [0, ethernet.HEADER_LENGTH])
  list.bytes(HARDWARE_HEADER, header)
}

function addTime(list: Attributes, { seconds, microseconds }: NflogNotes): void {
  const time = Buffer.alloc(16)
  time.writeBigUInt64BE(BigInt(seconds), 0)
  time.writeBigUInt64BE(BigInt(microseconds), 8)
  list.bytes(TIMESTAMP, time)
}

/** Attributes one behind the other. */
class Attributes {
  /** Where the next one goes. */
  end: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.end = at
  }

  bytes(type: number, value: ArrayLike<number>): void {
    const b = this.#bytes
    const length = ATTRIBUTE_HEADER + value.length
    b.set([length & 0xff, length >> 8, type, 0], this.end)
    b.set(value, this.end + ATTRIBUTE_HEADER)
    const next = (this.end + length + 3) & ~3
    b.fill(0, this.end + length, next)
    this.end = next
  }

  word(type: number, value: number): void {
    this.bytes(type, [value >>> 24, value >>> 16, value >>> 8, value]) // each is cut to a byte
  }
}
