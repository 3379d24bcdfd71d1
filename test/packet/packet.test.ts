import t from 'tap'
import { HEADROOM, LARGE_ROOM, NONE, SMALL_ROOM, arenaBytes, createArena } from '../../src/packet/arena.js'
import { BURST, Burst } from '../../src/packet/burst.js'
import { Memory } from '../../src/packet/memory.js'
import { POISON } from '../../src/packet/ownership.js'

const arenaOf = (small: number, large: number, debug = false) =>
  createArena(new Memory(arenaBytes({ small, large })), { small, large, debug })

t.test('memory: regions do not overlap, copies land, the end is the end', async (t) => {
  const memory = new Memory(100_000)
  const [a, b] = [memory.reserve(100), memory.reserve(50)]
  t.ok(b >= a + 100)
  t.equal(b % 64, 0)
  memory.bytes.set([1, 2, 3, 4], a + 1)
  memory.copy(b + 2, a + 1, 4)
  t.same(memory.bytes.slice(b, b + 8), [0, 0, 1, 2, 3, 4, 0, 0])
  memory.copy(a + 2, a + 1, 4)
  t.same(memory.bytes.slice(a + 1, a + 7), [1, 1, 2, 3, 4, 0], 'they may overlap')
  t.throws(() => memory.copy(a, memory.bytes.length - 2, 4), { name: 'RuntimeError' })
  t.throws(() => memory.reserve(1_000_000), {
    name: 'OutOfMemory',
    message: /1000000 bytes wanted, \d+ of \d+ left/,
  })
  t.equal(memory.words[a >> 2], new Int32Array(memory.bytes.slice(a, a + 4).buffer)[0])
})

t.test('memory: many copies at once land where the list says, whatever their lengths', async (t) => {
  const memory = new Memory(200_000)
  const [list, source, target] = [memory.reserve(64), memory.reserve(60_000), memory.reserve(60_000)]
  for (let i = 0; i < 60_000; i++) memory.bytes[source + i] = (i * 7) ^ (i >> 8)
  const lengths = [0, 1, 15, 16, 17, 60, 255, 256, 257, 1514, 9018]
  for (const [i, length] of lengths.entries()) {
    const entries = [target + 3, source + i, length, target + 20_002, source + 5 * i + 1, 60]
    memory.words.set(entries, list >> 2)
    memory.bytes.fill(0xa5, target, target + 60_000)
    memory.copyAll(list, list + 24)
    const bytes = (at: number, count: number): Uint8Array => memory.bytes.slice(at, at + count)
    t.same(bytes(target + 3, length), bytes(source + i, length), `${length} bytes`)
    t.same(bytes(target + 20_002, 60), bytes(source + 5 * i + 1, 60))
    t.equal(memory.bytes[target + 2], 0xa5)
    t.ok(bytes(target + 3 + Math.max(16, (length + 15) & ~15), 9).every((byte) => byte === 0xa5))
  }
})

t.test('a frame starts at 2 mod 4, so that its IPv4 header is aligned', async (t) => {
  const arena = arenaOf(8, 2)
  for (const length of [60, 60, 3000]) {
    const slot = arena.take(length)
    t.equal(arena.start[slot] % 4, 2)
    t.equal((arena.start[slot] + 14) % 4, 0)
    t.ok(arena.start[slot] >= HEADROOM)
  }
})

t.test('slots do not overlap, headroom included', async (t) => {
  const arena = arenaOf(5, 3)
  const slots = [...Array(5).fill(SMALL_ROOM), ...Array(3).fill(LARGE_ROOM)].map((room: number) =>
    arena.take(room),
  )
  t.equal(new Set(slots).size, 8)
  slots.forEach((slot, i) =>
    arena.memory.bytes.fill(i + 1, arena.start[slot] - HEADROOM, arena.start[slot] + arena.length[slot]),
  )
  slots.forEach((slot, i) => {
    const [from, to] = [arena.start[slot] - HEADROOM, arena.start[slot] + arena.length[slot]]
    t.ok(arena.memory.bytes.slice(from, to).every((byte) => byte === i + 1))
  })
})

t.test('two classes of slots, each with its end', async (t) => {
  const arena = arenaOf(2, 1)
  t.same([arena.freeFor(0), arena.freeFor(SMALL_ROOM), arena.freeFor(SMALL_ROOM + 1)], [2, 2, 1])
  const small = [arena.take(60), arena.take(SMALL_ROOM)]
  t.equal(arena.take(60), NONE, 'small ones are gone, a large one is not given away for one')
  const large = arena.take(SMALL_ROOM + 1)
  t.not(large, NONE)
  t.equal(arena.take(LARGE_ROOM), NONE)
  arena.free(large)
  t.equal(arena.take(LARGE_ROOM + 1), NONE, 'too long for any')
  t.equal(arena.freeFor(LARGE_ROOM + 1), 0)
  small.forEach((slot) => arena.free(slot))
  t.same([arena.freeFor(0), arena.freeFor(LARGE_ROOM)], [2, 1])
})

t.test('a clone has the bytes and the metadata, and is another', async (t) => {
  const arena = arenaOf(2, 1)
  const slot = arena.take(4)
  arena.memory.bytes.set([9, 8, 7, 6], arena.start[slot])
  Object.assign(arena.port, { [slot]: 3 })
  arena.time[slot] = 1.5e15
  arena.seconds[slot] = 1.5e9
  arena.nanoseconds[slot] = 999_999_999
  const copy = arena.clone(slot)
  arena.memory.bytes[arena.start[slot]] = 0
  t.same(arena.memory.bytes.slice(arena.start[copy], arena.start[copy] + 4), [9, 8, 7, 6])
  t.same(
    [arena.length[copy], arena.port[copy], arena.time[copy], arena.seconds[copy], arena.nanoseconds[copy]],
    [4, 3, 1.5e15, 1.5e9, 999_999_999],
  )
  t.equal(arena.clone(slot), NONE, 'no third slot')
})

t.test('freeAll gives back slots of both classes', async (t) => {
  for (const debug of [false, true]) {
    const arena = arenaOf(3, 2, debug)
    const burst = new Burst()
    for (const length of [60, 5000, 60, 60, 5000]) burst.add(arena.take(length))
    arena.freeAll(burst)
    t.same([arena.freeFor(0), arena.freeFor(LARGE_ROOM)], [3, 2])
    t.equal(burst.count, 5)
    t.equal(new Set([60, 60, 60, 5000, 5000].map((length) => arena.take(length))).size, 5)
  }
})

t.test('debug mode stops double free and use after free', async (t) => {
  const arena = arenaOf(2, 1, true)
  const slot = arena.take(60)
  const at = arena.start[slot]
  arena.memory.bytes.fill(1, at, at + 60)
  arena.free(slot)
  t.throws(() => arena.free(slot), {
    name: 'OwnershipError',
    message: `slot ${slot} is freed, but it is not taken`,
  })
  for (const field of ['start', 'length', 'port', 'time', 'seconds', 'nanoseconds'] as const) {
    t.throws(() => arena[field][slot], {
      name: 'OwnershipError',
      message: new RegExp(`^${field} of slot ${slot} `),
    })
    t.throws(() => (arena[field][slot] = 1), { name: 'OwnershipError' })
  }
  t.equal(arena.memory.bytes[at], POISON, 'its bytes are gone')
  t.equal(arena.memory.bytes[at + 59], POISON)
  t.throws(() => arena.clone(slot), { name: 'OwnershipError' })
  t.equal(arena.take(60), slot)
  arena.port[slot] = 1
  t.equal(arena.port[slot], 1, 'who owns it may use it')
})

t.test('a burst', async (t) => {
  const burst = new Burst()
  t.equal(burst.slots.length, BURST)
  for (let i = 0; i < BURST; i++) burst.add(i)
  t.ok(burst.isFull)
  burst.clear()
  t.equal(burst.count, 0)
  t.notOk(burst.isFull)
})
