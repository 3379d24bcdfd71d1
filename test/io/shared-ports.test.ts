/** Ports whose far ends are in another thread: rings of frames, what is said when there is no room, framed streams. */
import t from 'tap'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LONGEST_FRAME, createFarEnd } from '../../src/io/far-end.js'
import type { FarEnd } from '../../src/io/far-end.js'
import { NOWHERE, RING_BYTES, createFrameRing } from '../../src/io/frame-ring.js'
import { FAR_TOLD, bellMemory, linkMemory } from '../../src/io/shared-link.js'
import { createSharedPorts } from '../../src/io/shared-ports.js'
import type { SharedPorts } from '../../src/io/shared-ports.js'
import { StreamError, createReadFrames } from '../../src/io/stream-frames.js'
import type { Sink } from '../../src/core/port.js'
import { DATAGRAM_ROOM, arenaBytes, createArena } from '../../src/packet/arena.js'
import type { Arena } from '../../src/packet/arena.js'
import { Burst } from '../../src/packet/burst.js'
import { Memory } from '../../src/packet/memory.js'
import { runs } from '../soak.js'

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff)

t.test('what is written to a ring is read, in order, wherever the ring goes round', async (t) => {
  const step = fc.tuple(
    fc.integer({ min: 0, max: 2 }).map((third) => third > 0),
    fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: LONGEST_FRAME })),
  )
  let refused = 0
  let read = 0
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200, size: 'max' }),
      fc.integer({ min: 0, max: 1 << 18 }),
      (steps, begin) => {
        const memory = new SharedArrayBuffer(64 + RING_BYTES)
        const positions = new Int32Array(memory, 64)
        positions[0] = positions[16] = 0x7fff_ffff - begin * 4 - 3 // they go round soon
        const [writer, reader] = [createFrameRing(memory, 64), createFrameRing(memory, 64)]
        const view = new Uint8Array(memory)
        const written: Uint8Array[] = []
        const readOne = (): void => {
          const place = reader.next()
          if (place === NOWHERE) return assert.equal(written.length, 0)
          assert.equal(place % 4, 2)
          const frame = written.shift()!
          assert.ok(Buffer.from(frame).equals(view.slice(place, place + reader.lengthAt(place))))
          reader.release()
          read++
        }
        for (const [isWrite, length] of steps) {
          const place = isWrite ? writer.claim(length) : NOWHERE
          if (!isWrite) readOne()
          else if (place === NOWHERE) {
            assert.ok(written.reduce((sum, frame) => sum + frame.length, 0) > (1 << 20) - 3 * LONGEST_FRAME)
            refused++
          } else {
            const frame = bytes(length, written.length)
            view.set(frame, place)
            writer.publish()
            written.push(frame)
          }
        }
        while (written.length > 0) readOne()
        assert.equal(reader.next(), NOWHERE)
      },
    ),
    runs(60),
  )
  t.ok(refused > 10, `${refused} frames found no room`)
  t.ok(read > 1000)
})

interface Side {
  arena: Arena
  ports: SharedPorts
  sink: Sink
  far: FarEnd
  bell: Int32Array
  /** How often the far side was told to look, the bridge to wake, and not to sleep. */
  told: { far: number; bridge: number; awake: number }
}

function link(small = 600): Side {
  const slots = { small, large: 4, largeRoom: DATAGRAM_ROOM, debug: true }
  const arena = createArena(new Memory(arenaBytes(slots)), slots)
  const told = { far: 0, bridge: 0, awake: 0 }
  const bell = new Int32Array(bellMemory())
  const ports = createSharedPorts(arena, bell, {
    tellFar: () => told.far++,
    stayAwake: () => told.awake++,
  })
  const memory = linkMemory()
  const sink = ports.addPort(memory, 3)
  return { arena, ports, sink, bell, far: createFarEnd(memory, bell, () => told.bridge++), told }
}

function leave({ arena, sink }: Side, ...frames: Uint8Array[]): number {
  const burst = new Burst()
  for (const frame of frames) {
    const slot = arena.take(frame.length)
    arena.memory.bytes.set(frame, arena.start[slot])
    burst.add(slot)
  }
  return sink.transmit(burst)
}

function come({ arena, ports }: Side): Uint8Array[] {
  const burst = new Burst()
  ports.receive(burst)
  return Array.from(burst.slots.subarray(0, burst.count), (slot) => {
    assert.equal(arena.port[slot], 3)
    const frame = arena.memory.bytes.slice(arena.start[slot], arena.start[slot] + arena.length[slot])
    arena.free(slot)
    return frame
  })
}

t.test('frames of every size cross, each way, and who is to look is told once', async (t) => {
  const side = link()
  side.far.setPresent(true)
  const sizes = [1, 2, 3, 59, 60, 1514, 1515, 9000, LONGEST_FRAME]
  const frames = sizes.map((size, i) => bytes(size, i))
  t.equal(
    leave(side, ...frames.slice(0, 5)) + leave(side, ...frames.slice(5)),
    sizes.reduce((a, b) => a + b),
  )
  t.equal(side.told.far, 1)
  for (const frame of frames) t.ok(side.far.receive(4)?.subarray(4).equals(frame), `${frame.length} bytes`)
  t.equal(side.far.receive(0), null)
  for (const frame of frames) t.ok(side.far.send(frame, 0, frame.length))
  t.equal(side.told.bridge, 1)
  t.ok(side.ports.haveCome())
  t.strictSame(come(side), frames)
  t.notOk(side.ports.haveCome())
  t.equal(side.arena.freeFor(60), 600, 'no slot is lost')
  t.strictSame(side.ports.losses(), { 'tx-full': 0, 'no-peer': 0, 'rx-full': 0 })
})

t.test('no more than there is room for: counted where it leaves, told where it comes', async (t) => {
  const side = link()
  const frame = bytes(1514, 1)
  leave(side, frame, frame)
  t.match(side.ports.losses(), { 'no-peer': 2 })
  side.far.setPresent(true)
  for (let i = 0; i < 1000; i++) leave(side, frame)
  const lost = side.ports.losses()['tx-full']
  t.ok(lost > 250 && lost < 350, `${lost} lost`)
  side.far.setPresent(false)
  t.strictSame(side.ports.losses(), { 'tx-full': lost, 'no-peer': 2 + 1000 - lost, 'rx-full': 0 })
  side.far.setPresent(true)
  t.equal(side.far.receive(0), null, 'what was left for one is not for the next')

  let sent = 0
  while (side.far.send(frame, 0, frame.length)) sent++
  t.ok(sent > 650 && sent < 750, `${sent} sent`)
  side.bell[FAR_TOLD] = 0
  const before = { ...side.told }
  t.equal(come(side).length, 64, 'a turn')
  t.equal(side.told.awake, before.awake + 1, 'there is more')
  t.equal(side.told.far, before.far + 1, 'there is room')
  t.ok(side.far.send(frame, 0, frame.length))
  let rest = 0
  for (let some = come(side).length; some > 0; some = come(side).length) rest += some
  t.equal(64 + rest, sent + 1)
})

t.test('frames that no slot is free for are counted', async (t) => {
  const side = link(10)
  for (let i = 0; i < 15; i++) side.far.send(bytes(60, i), 0, 60)
  t.equal(come(side).length, 10)
  t.match(side.ports.losses(), { 'rx-full': 5 })
})

const framed = (frame: Uint8Array): Uint8Array => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

t.test('a stream is cut into its frames, however it comes, and waits where they find no room', async (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 20 })
  let whole = 0
  fc.assert(
    fc.property(
      sizes,
      fc.infiniteStream(fc.integer({ min: 1, max: 700 })),
      fc.infiniteStream(fc.boolean()),
      (lengths, cuts, room) => {
        const frames = lengths.map(bytes)
        const stream = Buffer.concat(frames.map(framed))
        const taken: Uint8Array[] = []
        const read = createReadFrames(300, (b, at, length) => {
          if (room.next().value === true) taken.push(b.slice(at, at + length))
          else return false
          return true
        })
        for (let at = 0; at < stream.length;) {
          const cut = at + (cuts.next().value as number)
          for (let rest: Uint8Array | null = stream.subarray(at, cut); rest !== null;) rest = read(rest)
          at = cut
        }
        assert.deepEqual(taken, frames)
        whole += taken.length
      },
    ),
    runs(200),
  )
  t.ok(whole > 500)
})

t.test('a length that no frame has ends a stream', async (t) => {
  for (const length of [0, 301, 0x7fff_ffff, 0xffff_ffff]) {
    const taken: number[] = []
    const read = createReadFrames(300, (_, __, bytesOfFrame) => taken.push(bytesOfFrame) > 0)
    const wrong = Buffer.alloc(4)
    wrong.writeUInt32BE(length)
    t.throws(() => read(Buffer.concat([framed(bytes(300, 0)), wrong])), {
      name: 'StreamError',
      message: `a frame of ${length} bytes, expected 1 to 300`,
    })
    t.strictSame(taken, [300])
  }
  t.ok(new StreamError('') instanceof Error)
})
