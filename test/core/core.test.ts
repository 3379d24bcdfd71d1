import t from 'tap'
import { fromTimestamp, stopwatch } from '../../src/core/clock.js'
import { BAD_SOURCE, Drops, NO_PORT } from '../../src/core/drops.js'
import { PortCounters } from '../../src/core/port.js'
import { BAD_CHECKSUM, TRUNCATED } from '../../src/wire/reason.js'

t.test('clocks count microseconds', async (t) => {
  t.equal(fromTimestamp(1_700_000_000, 123_456_000), 1_700_000_000_123_456)
  t.ok(fromTimestamp(1_700_000_000, 1000) > fromTimestamp(1_700_000_000, 0))
  const started = stopwatch()
  t.ok(stopwatch() >= started)
})

t.test('drops: a wire reason counts as it stands, a rule registers its own', async (t) => {
  const drops = new Drops()
  drops.count(TRUNCATED)
  for (let i = 0; i < 3; i++) drops.count(BAD_SOURCE)
  const rule = drops.register('filter FORWARD: -A FORWARD -j DROP')
  drops.count(rule)
  drops.count(rule)
  t.same(
    [...drops.entries()],
    [
      ['bad-source', 3],
      ['filter FORWARD: -A FORWARD -j DROP', 2],
      ['truncated', 1],
    ],
    'most first, those that dropped nothing left out',
  )
  t.equal(drops.nameOf(BAD_CHECKSUM), 'bad-checksum')
  t.equal(drops.nameOf(NO_PORT), 'no-port')
})

t.test('drops: as many rules as there are', async (t) => {
  const drops = new Drops()
  drops.count(TRUNCATED)
  const rules = Array.from({ length: 1000 }, (_, i) => drops.register(`rule ${i}`))
  t.equal(new Set(rules).size, 1000)
  rules.forEach((rule) => drops.count(rule))
  t.equal([...drops.entries()].length, 1001)
  t.equal(drops.nameOf(rules[999]), 'rule 999')
})

t.test('port counters grow with the ports and keep what they counted', async (t) => {
  const counters = new PortCounters()
  counters.rxFrames[3] = 7
  counters.begin(1023)
  t.equal(counters.rxFrames[3], 7)
  for (const counts of [counters.rxFrames, counters.rxBytes, counters.txFrames, counters.txBytes])
    t.equal(counts[1023], 0)
})
