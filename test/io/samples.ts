/** The captures that several of these tests read: odd records, every kind of block. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BROADCAST, frame } from '../packets.js'
import { END_OF_OPTIONS, maker } from './files.js'
import type { Maker } from './files.js'

/** What makes files in either byte order. */
export const [little, big] = [maker(true), maker(false)]
/** Bytes of the longest frame there may be. */
export const BIG_FRAME = 262_144
/** The magics of pcap files by their unit. */
export const [MICROSECONDS, NANOSECONDS] = [0xa1b2c3d4, 0xa1b23c4d]
/** A time in microseconds. */
export const NOW = 1_700_000_000_123_456n
/** Option numbers: of any block, of an interface, of a packet. */
export const [COMMENT, IF_NAME, PACKET_FLAGS, IF_TSRESOL, IF_TSOFFSET] = [1, 2, 2, 9, 14]

export const hello = frame(BROADCAST, '02:00:00:00:00:01', 61)
export const answer = frame('02:00:00:00:00:01', '02:00:00:00:00:02', 1514, 7)

/** The paths of all golden captures. */
export const GOLDEN = ['boot', 'floating', 'node'].flatMap((run) => {
  const folder = join('pcaps/golden', run)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.pcap'))
    .map((name) => join(folder, name))
})

/** Frames of every odd kind: cut, longer than they were, empty, the longest, at the ends of time. */
export function oddRecords(make: Maker): Buffer[] {
  return [
    make.record({ seconds: 1_700_000_000, fraction: 999_999, frame: hello }),
    make.record({ seconds: 0, fraction: 0, frame: answer.subarray(0, 96), originalLength: 1514 }),
    make.record({ seconds: 4_294_967_295, fraction: 1, frame: hello, originalLength: 40 }),
    make.record({ seconds: 2_147_483_648 }),
    make.record({ seconds: 1, frame: new Uint8Array(BIG_FRAME).fill(3) }),
    make.record({ seconds: 1, frame: answer, originalLength: 0x7fffffff }),
  ]
}

/** An interface of this name, with options. */
export const named = (make: Maker, name: string, ...options: Uint8Array[]): Buffer =>
  make.interface(0, make.option(IF_NAME, Buffer.from(name)), ...options, END_OF_OPTIONS)

/** Blocks that are no packets: name resolution, statistics, secrets, custom ones, of types nobody knows. */
function others(make: Maker): Buffer[] {
  const name = Buffer.concat([make.u16(1), make.u16(8), Buffer.from('\x0a\0\0\x03vm3\0'), Buffer.alloc(4)])
  const statistics = [make.u32(0), make.u32(0), make.u32(0), make.option(4, Buffer.alloc(8)), END_OF_OPTIONS]
  return [
    make.block(4, name),
    make.block(5, ...statistics),
    make.block(10, make.u32(0x544c534b), make.u32(4), Buffer.from('#key')),
    make.block(0xbad, make.u32(32_473), Buffer.from('custom')),
    make.block(0x40000bad, make.u32(32_473), Buffer.from('custom, not to be copied')),
    make.block(0x12345678),
    make.block(0x80000006, hello),
  ]
}

/** One section with a packet between any two other blocks. */
export function mixed(make: Maker): Buffer {
  const packets = others(make).map((other, i) =>
    Buffer.concat([
      other,
      make.enhanced({ interface: i % 2, time: NOW * (i % 2 ? 1000n : 1n) + BigInt(i), frame: hello }),
      make.obsolete({
        interface: i % 2,
        time: NOW + BigInt(i),
        frame: answer.subarray(i),
        originalLength: 1514,
      }),
    ]),
  )
  return Buffer.concat([
    make.section(make.option(COMMENT, Buffer.from('a comment')), END_OF_OPTIONS),
    named(make, 'eth0'),
    named(make, 'vnet1', make.option(IF_TSRESOL, Buffer.of(9))),
    ...packets,
  ])
}

/** Options that say that the interface sent the packet. */
export function outboundFlag(make: Maker): Buffer {
  return Buffer.concat([make.option(PACKET_FLAGS, make.u32(2)), END_OF_OPTIONS])
}
