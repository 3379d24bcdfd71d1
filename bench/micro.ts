/** Named micro-benchmarks of synchronous pieces, through `benchmark`: for finding out what a change did to one of them. */
import Benchmark from 'benchmark'
import { createFdb } from '../src/bridge/fdb.js'
import { arenaBytes, createArena } from '../src/packet/arena.js'
import { Memory } from '../src/packet/memory.js'
import * as checksum from '../src/wire/checksum.js'
import * as ipv4 from '../src/wire/ipv4.js'
import * as udp from '../src/wire/udp.js'

/** What the loops compute goes here, so that they are not dead code. */
let sink = 0

export function micro(): Promise<void> {
  const suite = new Benchmark.Suite()
  addCodecs(suite)
  addTables(suite)
  return new Promise((resolve) => {
    suite
      .on('cycle', (event: Benchmark.Event) => console.log((event.target as unknown as Benchmark).toString()))
      .on('complete', () => {
        if (sink === -1) throw new Error('unreachable: sums of lengths are not negative')
        resolve()
      })
      .run()
  })
}

function addCodecs(suite: Benchmark.Suite): void {
  const b = new Uint8Array(1500)
  b[0] = 0x45
  ipv4.setTotalLength(b, 0, 1500)
  ipv4.setTtl(b, 0, 64)
  ipv4.setProtocol(b, 0, udp.PROTOCOL)
  ipv4.fillChecksum(b, 0)
  udp.setLength(b, 20, 1480)
  udp.fillChecksum(b, 20, 12)
  suite
    .add('ipv4.check', () => (sink += ipv4.check(b, 0, 1500)))
    .add('udp.check', () => (sink += udp.check(b, 20, 1500)))
    .add('ipv4 and udp, six fields', () => {
      sink += ipv4.totalLength(b, 0) + ipv4.ttl(b, 0) + (ipv4.source(b, 0) & 1)
      sink += udp.sourcePort(b, 20) + udp.destinationPort(b, 20) + udp.length(b, 20)
    })
    .add('checksum of 1,480 bytes', () => (sink += checksum.compute(b, 20, 1480)))
    .add('checksum.update32', () => (sink += checksum.update32(0x1234, 0x0a000001, 0xc0a838c8)))
}

function addTables(suite: Benchmark.Suite): void {
  const arena = createArena(new Memory(arenaBytes({ small: 256, large: 1 })), { small: 256, large: 1 })
  const fdb = createFdb(arena.time)
  for (let i = 0; i < 1024; i++) fdb.learn(2, i << 16, i & 3, 0)
  let station = 0
  suite
    .add('fdb.find, 1,024 stations', () => (sink += fdb.find(2, (station++ & 1023) << 16, 0)))
    .add('fdb.learn, known station', () => fdb.learn(2, (station & 1023) << 16, station++ & 3, 0))
    .add('arena: take and free', () => arena.free(arena.take(60)))
}
