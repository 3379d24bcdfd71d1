/** Frames whose senders have left work to others: what a port without offload sends of them. */
import t from 'tap'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DATAGRAM_ROOM, SMALL_ROOM, arenaBytes, createArena } from '../../src/packet/arena.js'
import type { Arena } from '../../src/packet/arena.js'
import { Memory } from '../../src/packet/memory.js'
import { OFFLOAD_BYTES, isPartial, isToBeCut } from '../../src/packet/offload.js'
import { createMakePlain } from '../../src/packet/plain.js'
import * as checksums from '../../src/wire/checksum.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as ipv6 from '../../src/wire/ipv6.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import * as virtio from '../../src/wire/virtio.js'
import { runs } from '../soak.js'

const SLOTS = { small: 100, large: 40, largeRoom: DATAGRAM_ROOM, debug: true }
const ALL_FLAGS = tcp.FIN | tcp.PSH | tcp.ACK | tcp.CWR
const [SEQ, ID] = [0xfffffe00, 65_530]

/** What a sender wants sent: `tags` VLAN tags, IPv4 or IPv6 (`version`), so many bytes of data, cut after `size`. */
interface Wanted {
  isUdp: boolean
  version: 4 | 6
  tags: number
  options: number
  data: number
  size: number
}

/** The frame, its checksum's field holding the pseudo header's sum, and its virtio header. */
function giantOf({
  isUdp,
  version,
  tags,
  options,
  data,
  size,
}: Wanted): [frame: Uint8Array, header: Uint8Array] {
  const l3 = 14 + 4 * tags
  const l4 = l3 + (version === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH)
  const transport = isUdp ? udp.HEADER_LENGTH : tcp.HEADER_LENGTH + options
  const b = new Uint8Array(l4 + transport + data)
  for (let i = 0; i < data; i++) b[l4 + transport + i] = (i * 7) ^ (i >> 8)
  b.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1])
  for (let tag = 0; tag < tags; tag++) b.set([0x81, 0x00, 0, 5 + tag], 12 + 4 * tag)
  b.set(version === 4 ? [0x08, 0x00] : [0x86, 0xdd], l3 - 2)
  const protocol = isUdp ? udp.PROTOCOL : tcp.PROTOCOL
  const length = b.length - l4
  let pseudo: number
  if (version === 4) {
    b.set([0x45, 0, 0, 0, ID >> 8, ID & 0xff, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], l3)
    ipv4.setTotalLength(b, l3, b.length - l3)
    ipv4.fillChecksum(b, l3)
    pseudo = checksums.pseudoHeader(b, ipv4.addresses(l3), protocol, length)
  } else {
    b.set([0x60, 0, 0, 0, 0, 0, protocol, 64, 0xfd], l3)
    b[l3 + 39] = 9
    ipv6.setPayloadLength(b, l3, length)
    pseudo = pseudo6(b, l3, protocol, length)
  }
  udp.setSourcePort(b, l4, 1234)
  udp.setDestinationPort(b, l4, 80)
  if (isUdp) udp.setLength(b, l4, length)
  else {
    tcp.setSequenceNumber(b, l4, SEQ)
    tcp.setDataOffset(b, l4, transport)
    tcp.setFlags(b, l4, ALL_FLAGS)
  }
  const field = isUdp ? 6 : 16
  b[l4 + field] = pseudo >> 8
  b[l4 + field + 1] = pseudo
  const isOne = data <= size
  const gso = isOne ? 0 : isUdp ? 5 : version === 4 ? 1 : 4
  const words = [l4 + transport, isOne ? 0 : size, l4, field].flatMap((word) => [word & 0xff, word >> 8])
  return [b, Uint8Array.of(virtio.NEEDS_CHECKSUM, gso, ...words)]
}

function pseudo6(b: Uint8Array, l3: number, protocol: number, length: number): number {
  return checksums.addWord(checksums.add(length + protocol, b, l3 + 8, 32), 0)
}

function slotWith(arena: Arena, frame: Uint8Array, header: Uint8Array): number {
  const slot = arena.take(frame.length)
  arena.memory.bytes.set(frame, arena.start[slot])
  arena.memory.bytes.set(header, arena.start[slot] - OFFLOAD_BYTES)
  return slot
}

/** What is sent of it, each without a thing left to others; null where some was lost. */
function plainOf(arena: Arena, frame: Uint8Array, header: Uint8Array): Uint8Array[] | null {
  const sent: Uint8Array[] = []
  const free = [arena.freeFor(0), arena.freeFor(SMALL_ROOM + 1)]
  const isWhole = createMakePlain(arena)(slotWith(arena, frame, header), (slot) => {
    const at = arena.start[slot]
    assert.ok(!isPartial(arena.memory.bytes, at) && !isToBeCut(arena.memory.bytes, at))
    sent.push(arena.memory.bytes.slice(at, at + arena.length[slot]))
    arena.free(slot)
  })
  assert.deepEqual([arena.freeFor(0), arena.freeFor(SMALL_ROOM + 1)], free)
  return isWhole ? sent : null
}

/** Data of the segment, whose headers are those that a sender would have written who cuts by itself. */
function dataOf(
  b: Uint8Array,
  { isUdp, version, tags, options, size }: Wanted,
  number: number,
  of: number,
): Uint8Array {
  const l3 = 14 + 4 * tags
  const protocol = isUdp ? udp.PROTOCOL : tcp.PROTOCOL
  const l4 = l3 + (version === 4 ? 20 : 40)
  const payload = l4 + (isUdp ? 8 : 20 + options)
  if (version === 4) {
    assert.equal(ipv4.check(b, l3, b.length), 0)
    assert.equal(ipv4.totalLength(b, l3), b.length - l3)
    assert.equal(ipv4.identification(b, l3), (ID + number) & 0xffff)
  } else assert.equal(ipv6.payloadLength(b, l3), b.length - l4)
  const sum =
    version === 4
      ? checksums.pseudoHeader(b, l3 + 12, protocol, b.length - l4)
      : pseudo6(b, l3, protocol, b.length - l4)
  assert.equal(checksums.finish(checksums.add(sum, b, l4, b.length - l4)), 0, 'checksum')
  if (isUdp) assert.equal(udp.length(b, l4), b.length - l4)
  else {
    assert.equal(tcp.sequenceNumber(b, l4), (SEQ + number * size) >>> 0)
    const inLast = number === of - 1 ? tcp.FIN | tcp.PSH : 0
    assert.equal(tcp.flags(b, l4), tcp.ACK | inLast | (number === 0 ? tcp.CWR : 0))
  }
  assert.ok(number === of - 1 ? b.length - payload <= size : b.length - payload === size)
  return b.subarray(payload)
}

t.test('what was left is done: segments that together are what was sent, and right checksums', async (t) => {
  const arena = createArena(new Memory(arenaBytes(SLOTS)), SLOTS)
  const wanted = fc.record<Wanted>({
    isUdp: fc.boolean(),
    version: fc.constantFrom(4, 6),
    tags: fc.integer({ min: 0, max: 2 }),
    options: fc.constantFrom(0, 12, 40),
    data: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 65_000 })),
    size: fc.integer({ min: 700, max: 9000 }),
  })
  fc.assert(
    fc.property(wanted, (one) => {
      const [frame, header] = giantOf(one)
      const sent = plainOf(arena, frame, header)!
      assert.equal(sent.length, Math.ceil(one.data / one.size))
      const data = sent.map((segment, i) => dataOf(segment, one, i, sent.length))
      assert.deepEqual(Buffer.concat(data), Buffer.from(frame.subarray(frame.length - one.data)))
    }),
    { ...runs(300) },
  )
  t.pass()
})

t.test('a virtio header that lies loses its frame, and nothing else', async (t) => {
  const arena = createArena(new Memory(arenaBytes(SLOTS)), SLOTS)
  const [frame, header] = giantOf({ isUdp: false, version: 4, tags: 0, options: 0, data: 5000, size: 1000 })
  const lie = (...changes: Array<[at: number, byte: number]>): Uint8Array[] | null => {
    const lying = Uint8Array.from(header)
    for (const [at, byte] of changes) lying[at] = byte
    return plainOf(arena, frame, lying)
  }
  t.equal(lie()!.length, 5)
  t.equal(lie([1, 3]), null, 'UDP fragments, which nobody asks for')
  t.equal(lie([0, 0]), null, 'segments without a partial checksum')
  t.equal(lie([4, 0], [5, 0]), null, 'segments of no bytes')
  t.equal(lie([6, 0], [7, 0]), null, 'a header before IP')
  t.equal(lie([6, 0xff], [7, 0x7f]), null, 'a header behind the end')
  t.equal(lie([1, 0], [8, 0xff], [9, 0xff]), null, 'a checksum behind the end')
  for (let i = 0; i < SLOTS.small; i++) arena.take(60)
  t.equal(lie(), null, 'no slot is left for a segment')
})

t.test('what is made whole needs nothing any more; 0 is written as 0xffff', async (t) => {
  const arena = createArena(new Memory(arenaBytes(SLOTS)), SLOTS)
  const one = { isUdp: true, version: 4, tags: 0, options: 0, data: 2, size: 100 } as const
  const [frame, header] = giantOf(one)
  frame.set([0, 0], 42)
  const sum = checksums.addWord(checksums.add(0, frame, 34, 10), 0)
  frame.set([(0xffff - sum) >> 8, (0xffff - sum) & 0xff], 42)
  t.equal(udp.checksum(plainOf(arena, frame, header)![0], 34), 0xffff)
})

t.test('a copy has left to others what its original has', async (t) => {
  const arena = createArena(new Memory(arenaBytes(SLOTS)), SLOTS)
  const [frame, header] = giantOf({ isUdp: false, version: 4, tags: 0, options: 0, data: 5000, size: 1000 })
  const slot = slotWith(arena, frame, header)
  const copy = arena.clone(slot)
  const at = arena.start[copy] - OFFLOAD_BYTES
  t.same(arena.memory.bytes.slice(at, at + OFFLOAD_BYTES), header)
  arena.free(slot)
  const again = arena.take(5000)
  t.notOk(isToBeCut(arena.memory.bytes, arena.start[again]), 'a slot that is taken anew has forgotten it')
})
