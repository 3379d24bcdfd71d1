/** Rates of a live bridge from its counters. */
import t from 'tap'
import { rateLines, ratesBetween, ruleTexts } from '../../src/inspect/rates.js'
import type { LiveCounters } from '../../src/pipeline/live-counters.js'

const port = (rxFrames: number, rxBytes = rxFrames * 100) => ({ rxFrames, rxBytes, txFrames: 0, txBytes: 0 })

const NOTHING: LiveCounters = {
  ports: {},
  forwarded: 0,
  flooded: 0,
  delivered: 0,
  dropped: 0,
  drops: {},
  stations: 0,
  connections: null,
  tables: [],
  policies: [],
  rules: [],
  rulesNumber: 1,
}

const policy = { table: 'filter', chain: 'FORWARD', policy: 'ACCEPT' }
const rules = ['filter -A FORWARD -p udp', 'filter -A FORWARD -j DROP', 'filter -A FORWARD']
const before = {
  time: 1_000_000,
  rules,
  counters: {
    ...NOTHING,
    ports: { a: port(1000), b: port(50), gone: port(9) },
    drops: { runt: 5, 'same-port': 1 },
    policies: [{ ...policy, packets: 10, bytes: 1000 }],
    rules: [1, 100, 7, 700, 0, 0],
  },
}
const after = {
  time: 3_000_000,
  rules,
  counters: {
    ...NOTHING,
    ports: { a: port(201_000), b: port(20), anew: port(3) },
    drops: { runt: 5, 'same-port': 3, 'no-port': 8000 },
    policies: [{ ...policy, packets: 14, bytes: 1400 }],
    rules: [1, 100, 2007, 200_700, 3, 300],
  },
}

t.test('ports, drops and rules a second', async (t) => {
  const rates = ratesBetween(before, after)
  t.strictSame(rates, {
    seconds: 2,
    ports: {
      a: { rxFrames: 100_000, rxBits: 80_000_000, txFrames: 0, txBits: 0 },
      b: { rxFrames: 10, rxBits: 8000, txFrames: 0, txBits: 0 },
      anew: { rxFrames: 1.5, rxBits: 1200, txFrames: 0, txBits: 0 },
    },
    drops: { 'no-port': 4000, 'same-port': 1 },
    rules: [
      { rule: rules[1], packets: 1000, bits: 800_000 },
      { rule: 'filter -P FORWARD ACCEPT', packets: 2, bits: 1600 },
      { rule: rules[2], packets: 1.5, bits: 1200 },
    ],
  })
  t.strictSame(rateLines(rates), [
    'port  rx frames/s   rx bits/s  tx frames/s  tx bits/s',
    'a         100,000  80,000,000            0          0',
    'b              10       8,000            0          0',
    'anew          1.5       1,200            0          0',
    '  dropped 4,000/s: no-port',
    '  dropped 1.0/s: same-port',
    '',
    'packets/s   bits/s  rule',
    '    1,000  800,000  filter -A FORWARD -j DROP',
    '      2.0    1,600  filter -P FORWARD ACCEPT',
    '      1.5    1,200  filter -A FORWARD',
  ])
})

t.test('other rules have no rates yet; nothing has none', async (t) => {
  t.same(ratesBetween(before, { ...after, counters: { ...after.counters, rulesNumber: 2 } }).rules, [])
  t.same(rateLines(ratesBetween(after, after)).length, 4)
})

t.test('the texts of rules, each with its table', async (t) => {
  const lines = [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    'COMMIT',
    '*filter',
    ':a - [0:0]',
    '[1:2] -A a -j DROP',
    'COMMIT',
  ]
  t.same(ruleTexts(lines), ['filter -A a -j DROP'])
})
