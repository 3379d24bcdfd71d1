/**
 * Cuts a frame that stands for many segments into them, as a network card does (TCP segmentation offload; UDP's with
 * UDP_SEGMENT), for ports that do not take it whole: lengths, sequence numbers and flags, and every checksum.
 */
import * as checksums from '../wire/checksum.js'
import { IPV4 } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import * as ipv6 from '../wire/ipv6.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import * as virtio from '../wire/virtio.js'
import * as vlan from '../wire/vlan.js'
import { NONE } from './arena.js'
import type { Arena } from './arena.js'
import { OFFLOAD_BYTES, checksumField, completeChecksum, isPartial } from './offload.js'

/** TCP flags that only the last segment has, and one that only the first has (RFC 3168 §6.1.2). */
const [OF_LAST, OF_FIRST] = [tcp.FIN | tcp.PSH, tcp.CWR]

/**
 * Hands over slots with the segments of this one's frame, which stays the caller's, in their order. False where slots
 * ran out, or the frame is not what its virtio header says.
 */
export type Segment = (slot: number, send: (segment: number) => void) => boolean

/** For frames of this arena. */
export function createSegment(arena: Arena): Segment {
  const { start, length, memory } = arena
  const { bytes: b } = memory

  /** Bytes of all headers; 0 where the frame cannot be cut. */
  function headersOf(slot: number): number {
    const at = start[slot]
    const header = at - OFFLOAD_BYTES
    const type = virtio.gsoType(b, header)
    const l4 = virtio.checksumStart(b, header)
    const isTcp = type === virtio.TCP_IPV4 || type === virtio.TCP_IPV6
    if (!isTcp && type !== virtio.UDP) return 0
    if (!isPartial(b, at) || l4 + (isTcp ? tcp.HEADER_LENGTH : udp.HEADER_LENGTH) > length[slot]) return 0
    if (virtio.segmentSize(b, header) === 0 || !hasIpBefore(at, l4)) return 0
    const headers = l4 + (isTcp ? tcp.dataOffset(b, at + l4) : udp.HEADER_LENGTH)
    return headers < length[slot] && checksumField(b, at) + 2 <= at + headers ? headers : 0
  }

  function hasIpBefore(at: number, l4: number): boolean {
    const type = vlan.innerTypeAt(b, at, at + l4)
    if (type === -1) return false
    const header = vlan.tpid(b, type) === IPV4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH
    return type + 2 + header <= at + l4
  }

  return function segment(slot, send) {
    const headers = headersOf(slot)
    if (headers === 0) return false
    const size = virtio.segmentSize(b, start[slot] - OFFLOAD_BYTES)
    const count = Math.ceil((length[slot] - headers) / size)
    for (let i = 0; i < count; i++) {
      const from = headers + i * size
      const data = Math.min(size, length[slot] - from)
      const made = arena.take(headers + data)
      if (made === NONE) return false
      memory.copy(start[made] - OFFLOAD_BYTES, start[slot] - OFFLOAD_BYTES, OFFLOAD_BYTES + headers)
      memory.copy(start[made] + headers, start[slot] + from, data)
      finish(slot, made, i, i === count - 1)
      send(made)
    }
    return true
  }

  /** Of the `number`th segment. */
  function finish(whole: number, made: number, number: number, isLast: boolean): void {
    const at = start[made]
    const header = at - OFFLOAD_BYTES
    const l4 = at + virtio.checksumStart(b, header)
    const cutBytes = length[whole] - length[made]
    finishIp(at, at + length[made], number)
    if (virtio.gsoType(b, header) === virtio.UDP) udp.setLength(b, l4, at + length[made] - l4)
    else finishTcp(l4, number * virtio.segmentSize(b, header), number === 0, isLast)
    const field = checksumField(b, at)
    // The pseudo header's sum has the whole frame's length in it.
    const sum = checksums.addWord(((b[field] << 8) | b[field + 1]) + (~cutBytes & 0xffff), 0)
    b[field] = sum >> 8
    b[field + 1] = sum
    completeChecksum(b, at, length[made])
    virtio.clear(b, header)
  }

  function finishIp(at: number, end: number, number: number): void {
    const type = vlan.innerTypeAt(b, at, end)
    const l3 = type + 2
    if (vlan.tpid(b, type) !== IPV4) ipv6.setPayloadLength(b, l3, end - l3 - ipv6.HEADER_LENGTH)
    else {
      ipv4.setTotalLength(b, l3, end - l3)
      ipv4.setIdentification(b, l3, (ipv4.identification(b, l3) + number) & 0xffff)
      ipv4.fillChecksum(b, l3)
    }
  }

  function finishTcp(l4: number, before: number, isFirst: boolean, isLast: boolean): void {
    tcp.setSequenceNumber(b, l4, (tcp.sequenceNumber(b, l4) + before) >>> 0)
    let flags = tcp.flags(b, l4)
    if (!isLast) flags &= ~OF_LAST
    if (!isFirst) flags &= ~OF_FIRST
    tcp.setFlags(b, l4, flags)
  }
}
