import t from 'tap'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Burst } from '../../src/packet/burst.js'
import { runs } from '../soak.js'
import { BROADCAST, Lab, frame } from '../packets.js'

const [A, B, C] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c']
const NODE = '02:00:00:00:01:00'
const MULTICAST = '01:00:5e:00:00:fb'

t.test('an unknown station is flooded to, a known one forwarded to', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} } })
  t.same(lab.send('p1', frame(B, A)), ['p2', 'p3'])
  t.same(lab.send('p2', frame(A, B)), ['p1'], 'A was learned from its first frame')
  t.same(lab.send('p1', frame(B, A)), ['p2'])
  t.match(lab.plane.bridge.totals, { forwarded: 2, flooded: 1, delivered: 0, dropped: 0 })
  t.same(lab.stations, { [A]: 'p1', [B]: 'p2' })
})

t.test('every frame leaves byte for byte as it came', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} } })
  const sent = [14, 60, 61, 1514, 2046, 2047, 9018, 65_549, 262_144].map((size, i) =>
    frame(BROADCAST, A, size, i),
  )
  for (const one of sent) lab.send('p1', one)
  t.same(lab.left['p2'], sent)
  t.same(lab.left['p3'], sent)
  t.same(lab.left['p1'], [])
})

t.test('within one burst a frame is learned from before the next is looked up', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} } })
  lab.send('p2', frame(BROADCAST, B))
  lab.left['p3'] = []
  lab.send('p1', frame(C, A), frame(B, A), frame(C, A))
  t.equal(lab.left['p2'].length, 3)
  t.equal(lab.left['p3'].length, 2, 'only those to the unknown station')
})

t.test('a flood goes to the port added last first, the node last', async (t) => {
  const { arena, plane } = new Lab({ ports: { p1: {}, p2: {}, p3: {}, p4: {} } })
  const burst = new Burst()
  const slot = arena.take(60)
  arena.memory.bytes.set(frame(BROADCAST, A), arena.start[slot])
  arena.port[slot] = 0
  burst.add(slot)
  plane.bridge.process(burst)
  // Free slots are handed out in their order, so the numbers of the copies tell in which order they were made.
  const copies = [3, 2, 1].map((port) => plane.bridge.leaving(port).slots[0])
  t.same(copies, [slot + 1, slot + 2, slot + 3])
  t.equal(plane.bridge.local.slots[0], slot)
})

t.test('sources that cannot be a station', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} } })
  t.same(lab.send('p1', frame(B, BROADCAST), frame(B, MULTICAST), frame(B, '00:00:00:00:00:00')), [])
  t.same(lab.drops, { 'bad-source': 3 })
  t.same(lab.stations, {})
  t.same(lab.send('p1', frame(B, '00:00:00:00:00:01')), ['p2'], 'nearly zero is not zero')
  t.same(lab.send('p1', frame(B, '00:00:00:01:00:00')), ['p2'])
})

t.test('frames under 14 bytes', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} } })
  for (let size = 0; size < 14; size++) lab.send('p1', frame(B, A).slice(0, size))
  t.same(lab.drops, { runt: 14 })
  t.same(lab.send('p1', frame(B, A, 14)), ['p2'])
})

t.test('01:80:c2:00:00:00 is forwarded, 01 to 0f never', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} } })
  t.same(lab.send('p1', frame('01:80:c2:00:00:00', A)), ['p2'])
  for (let last = 1; last < 16; last++)
    t.same(lab.send('p1', frame(`01:80:c2:00:00:${last.toString(16).padStart(2, '0')}`, B)), [])
  t.same(lab.drops, { 'link-local': 15 })
  t.same(lab.stations, { [A]: 'p1', [B]: 'p1' }, 'they are learned from')
  t.same(lab.send('p1', frame('01:80:c2:00:00:10', A)), ['p2'])
  t.same(lab.send('p1', frame('01:80:c2:00:01:01', A)), ['p2'])
  lab.send('p1', frame('01:80:c2:00:00:01', C))
  t.notOk(lab.stations[C], 'but not from PAUSE')
})

t.test('a station behind the port that the frame came in by', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} } })
  lab.send('p1', frame(BROADCAST, A))
  t.same(lab.send('p1', frame(A, B)), [])
  t.same(lab.drops, { 'same-port': 1 })
  const hairpin = new Lab({ ports: { p1: { hairpin: true }, p2: {} } })
  t.same(hairpin.send('p1', frame(BROADCAST, A)), ['p1', 'p2'], 'hairpin: floods come back')
  t.same(hairpin.send('p1', frame(A, B)), ['p1'])
})

t.test('a station moves, and is counted', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} } })
  lab.send('p1', frame(BROADCAST, A))
  lab.send('p2', frame(BROADCAST, A))
  t.equal(lab.plane.bridge.fdb.moved, 1)
  t.same(lab.send('p3', frame(A, B)), ['p2'])
})

t.test('a static station never moves and never ages', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} }, stations: { [A]: 'p1' } })
  lab.send('p2', frame(BROADCAST, A))
  lab.now += 100_000
  t.same(lab.send('p3', frame(A, B)), ['p1'])
  t.equal(lab.plane.bridge.fdb.moved, 0)
})

t.test('ageing: 300 s by default, to the microsecond, 0 is never', async (t) => {
  for (const [ageingTime, age, to] of [
    [undefined, 299.999999, ['p1']],
    [undefined, 300, ['p1', 'p3']],
    [10, 9.5, ['p1']],
    [10, 10, ['p1', 'p3']],
    [0, 1e9, ['p1']],
  ] as const) {
    const lab = new Lab({
      ports: { p1: {}, p2: {}, p3: {} },
      ...(ageingTime === undefined ? {} : { ageingTime }),
    })
    lab.send('p1', frame(BROADCAST, A))
    lab.now += age
    t.same(lab.send('p2', frame(A, B)), to, `ageing time ${ageingTime}, after ${age} s`)
  }
})

t.test('being heard keeps a station', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} } })
  for (let i = 0; i < 5; i++) {
    lab.send('p1', frame(BROADCAST, A))
    lab.now += 299
  }
  t.same(lab.send('p2', frame(A, B)), ['p1'])
})

t.test('an aged station that turns up elsewhere has not moved: it is new', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} } })
  lab.send('p1', frame(BROADCAST, A))
  lab.now += 300
  lab.send('p2', frame(BROADCAST, A))
  t.equal(lab.plane.bridge.fdb.moved, 0)
  t.same(lab.stations, { [A]: 'p2' })
})

t.test('a full table: forwarded, not learned, counted; room comes with age', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} }, maxLearned: 3 })
  for (let i = 1; i <= 5; i++) t.same(lab.send('p1', frame(B, `02:00:00:00:02:0${i}`)), ['p2'])
  t.equal(Object.keys(lab.stations).length, 3)
  t.equal(lab.plane.bridge.fdb.notLearned, 2)
  lab.now += 301
  lab.send('p1', frame(B, C))
  t.same(lab.stations, { [C]: 'p1' })
})

t.test('8,192 stations by default', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} } })
  for (let i = 0; i < 8200; i++) {
    const hex = i.toString(16).padStart(4, '0')
    lab.send('p1', frame(BROADCAST, `02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`))
  }
  t.equal(Object.keys(lab.stations).length, 8192)
  t.equal(lab.plane.bridge.fdb.notLearned, 8)
})

t.test('the switches of a port', async (t) => {
  const flood = new Lab({
    ports: { p1: {}, p2: { flood: false }, p3: { mcast_flood: false }, p4: { bcast_flood: false } },
  })
  t.same(flood.send('p1', frame(B, A)), ['p3', 'p4'])
  t.same(flood.send('p1', frame(MULTICAST, A)), ['p2', 'p4'])
  t.same(flood.send('p1', frame(BROADCAST, A)), ['p2', 'p3'])
  flood.send('p2', frame(BROADCAST, B))
  t.same(flood.send('p1', frame(B, A)), ['p2'], 'what is known goes there all the same')

  const learning = new Lab({ ports: { p1: { learning: false }, p2: {} } })
  learning.send('p1', frame(BROADCAST, A))
  t.same(learning.stations, {})

  const isolated = new Lab({ ports: { p1: { isolated: true }, p2: { isolated: true }, p3: {} } })
  t.same(isolated.send('p1', frame(BROADCAST, A)), ['p3'])
  t.same(isolated.send('p3', frame(BROADCAST, C)), ['p1', 'p2'])
  t.same(isolated.send('p2', frame(A, B)), [])
  t.same(isolated.drops, { isolated: 1 })
})

t.test('a port is removed, and another one gets its number', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {} }, stations: { [A]: 'p2' }, local: [NODE] })
  lab.send('p2', frame(BROADCAST, B))
  lab.send('p3', frame(BROADCAST, C))
  t.same(lab.stations, { [NODE]: 'node', [A]: 'p2', [B]: 'p2', [C]: 'p3' })
  const number = lab.plane.portNumber('p2')
  lab.plane.removePort(number)
  t.same(lab.stations, { [NODE]: 'node', [C]: 'p3' }, 'its stations are forgotten, static ones too')
  t.equal(lab.plane.portNumber('p2'), -1)
  t.same(lab.send('p3', frame(B, C)), ['p1'], 'unknown again, and not looked for there')
  t.equal(lab.addPort('p4', { isolated: true }, number), number)
  t.equal(lab.plane.counters.rxFrames[number], 0)
  t.same(lab.send('p3', frame(B, C)), ['p1', 'p4'])
  t.same(lab.send('p4', frame(C, B)), ['p3'])
  lab.plane.bridge.setOptions(number, { flood: false })
  t.same(lab.send('p3', frame(A, C)), ['p1'])
})

t.test('nobody takes the flood', async (t) => {
  const lab = new Lab({ ports: { p1: {} } })
  t.same(lab.send('p1', frame(B, A)), [])
  t.same(lab.drops, { 'no-port': 1 })
  lab.send('p1', frame(BROADCAST, A))
  t.match(lab.plane.bridge.totals, { dropped: 1, delivered: 1 }, 'a broadcast still reaches the node')
})

t.test('the node: its own address, and its copy of group frames', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {} }, local: [NODE] })
  t.same(lab.send('p1', frame(NODE, A)), [])
  t.match(lab.plane.bridge.totals, { delivered: 1, flooded: 0, dropped: 0 })
  t.same(lab.send('p1', frame(BROADCAST, A)), ['p2'])
  t.match(lab.plane.bridge.totals, { delivered: 1, flooded: 1 }, 'a flood that the node hears too is a flood')
  lab.send('p2', frame(BROADCAST, NODE))
  t.equal(lab.stations[NODE], 'node', 'somebody else using the address changes nothing')
})

t.test('1,024 ports, no more', async (t) => {
  const ports = Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`p${i}`, {}]))
  const lab = new Lab({ ports, small: 1100 })
  t.equal(lab.send('p7', frame(BROADCAST, A)).length, 1023)
  t.throws(() => lab.plane.addPort('one more', { transmit: () => 0 }), { name: 'RangeError' })
})

t.test('no slot for a copy: counted, the frame goes where it can', async (t) => {
  const lab = new Lab({ ports: { p1: {}, p2: {}, p3: {}, p4: {} }, small: 2 })
  t.equal(lab.send('p1', frame(B, A)).length, 2)
  t.same(lab.drops, { 'no-slot': 1 })
})

// A plain model: a map, and the rules of 802.1D in a few lines.
t.test('against a model, random frames', async (t) => {
  const stations = [A, B, C, NODE, '02:ff:ff:ff:ff:ff', '00:00:00:00:00:01']
  const anyMac = fc.constantFrom(...stations, BROADCAST, MULTICAST, '01:80:c2:00:00:03', '00:00:00:00:00:00')
  const names = ['p1', 'p2', 'p3', 'p4']
  const step = fc.record({
    port: fc.constantFrom(...names),
    to: anyMac,
    from: anyMac,
    wait: fc.nat({ max: 20 }),
  })
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 300 }), (steps) => {
      const lab = new Lab({
        ports: { p1: {}, p2: { hairpin: true }, p3: {}, p4: {} },
        local: [NODE],
        ageingTime: 30,
      })
      const known = new Map<string, { port: string; seen: number }>()
      for (const { port, to, from, wait } of steps) {
        lab.now += wait
        const left = lab.send(port, frame(to, from)).sort()
        const others = names.filter((name) => name !== port || name === 'p2')
        const isGroup = (address: string): boolean => (parseInt(address.slice(0, 2), 16) & 1) === 1
        let expected: string[] = []
        if (!isGroup(from) && from !== '00:00:00:00:00:00') {
          if (from !== NODE) known.set(from, { port, seen: lab.now })
          const station = known.get(to)
          if (to === '01:80:c2:00:00:03' || to === NODE) expected = []
          else if (!isGroup(to) && station && lab.now - station.seen < 30)
            expected = others.filter((name) => name === station.port)
          else expected = others
        }
        assert.deepEqual(left, expected)
      }
      const { forwarded, flooded, delivered, dropped } = lab.plane.bridge.totals
      assert.equal(forwarded + flooded + delivered + dropped, steps.length)
    }),
    runs(100),
  )
  t.pass('it does what the model does')
})
