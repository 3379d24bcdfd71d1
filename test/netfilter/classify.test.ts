import t from 'tap'
import assert from 'node:assert'
import fc from 'fast-check'
import { runs } from '../soak.js'
import { createRandom, generateRules, generateTrace } from '../../bench/classbench.js'
import { buildClassifier } from '../../src/netfilter/classify/classifier.js'
import type { Choice } from '../../src/netfilter/classify/classifier.js'
import { classifyLinear } from '../../src/netfilter/classify/linear.js'
import { BURST } from '../../src/netfilter/classify/phases.js'
import { createColumns } from '../../src/netfilter/classify/rule.js'
import type { FiveFieldRule, HeaderColumns } from '../../src/netfilter/classify/rule.js'

const CHOICES: Choice[] = ['by size', 'xdfa', 'cut tree']

/** Source, destination, source port, destination port, protocol. */
type Header = [number, number, number, number, number]

const ANY: FiveFieldRule = {
  source: 0,
  sourceMask: 0,
  destination: 0,
  destinationMask: 0,
  sourcePortLow: 0,
  sourcePortHigh: 65_535,
  destinationPortLow: 0,
  destinationPortHigh: 65_535,
  protocol: 0,
  protocolMask: 0,
}

function columnsOf(headers: Header[]): HeaderColumns {
  const columns = createColumns(BURST)
  headers.forEach(([source, destination, from, to, protocol], i) => {
    columns.source[i] = source
    columns.destination[i] = destination
    columns.ports[i] = (from << 16) | to
    columns.protocol[i] = protocol
  })
  return columns
}

/** All engines against the specification, results and counters, on these headers, a burst at a time. */
function assertAgreement(rules: FiveFieldRule[], headers: Header[]): void {
  const classifiers = CHOICES.map((choice) => buildClassifier(rules, choice))
  const counters = new Float64Array(2 * rules.length + 2)
  for (let from = 0; from < headers.length; from += BURST) {
    const burst = headers.slice(from, from + BURST)
    const columns = columnsOf(burst)
    const lengths = Int32Array.from({ length: BURST }, (_, i) => 60 + i)
    const expected = burst.map((_, i) => classifyLinear(rules, columns, i))
    expected.forEach((rule, i) => {
      counters[2 * rule + 2]++
      counters[2 * rule + 3] += lengths[i]
    })
    for (const classifier of classifiers) {
      const results = new Int32Array(BURST)
      classifier.classify(columns, burst.length, results)
      assert.deepEqual([...results.subarray(0, burst.length)], expected, classifier.description.join())
      results.fill(-2)
      classifier.classifyAndCount(columns, lengths, burst.length, results)
      assert.deepEqual([...results.subarray(0, burst.length)], expected)
    }
  }
  for (const classifier of classifiers) assert.deepEqual(classifier.counters, counters)
}

/** The values at and just outside the ends of a range. */
function around(low: number, high: number, max: number): number[] {
  return [low - 1, low, high, high + 1].map((value) => Math.min(Math.max(value, 0), max))
}

/** A rule's own constants ±1, each field in turn while the others lie in the rule. */
function headersAround(rule: FiveFieldRule): Header[] {
  const inside: Header = [
    rule.source,
    rule.destination,
    rule.sourcePortLow,
    rule.destinationPortLow,
    rule.protocol,
  ]
  const addresses = (value: number, mask: number): number[] => [
    value - 1,
    value,
    value | ~mask,
    (value | ~mask) + 1,
  ]
  const fields = [
    addresses(rule.source, rule.sourceMask),
    addresses(rule.destination, rule.destinationMask),
    around(rule.sourcePortLow, rule.sourcePortHigh, 65_535),
    around(rule.destinationPortLow, rule.destinationPortHigh, 65_535),
    around(rule.protocol, rule.protocol, 255),
  ]
  return fields.flatMap((values, field) => values.map((value) => inside.with(field, value) as Header))
}

// Few distinct constants, so that rules meet: addresses in one of three places, ports near one another.
const address = fc.oneof(fc.nat(15), fc.integer({ min: 0x0a00_0000, max: 0x0a00_ffff }), fc.integer())
const prefixMask = fc
  .constantFrom(0, 1, 7, 8, 15, 16, 17, 23, 24, 25, 28, 30, 31, 32)
  .map((length) => (length === 0 ? 0 : -1 << (32 - length)))
const mask = fc.oneof({ weight: 9, arbitrary: prefixMask }, { weight: 1, arbitrary: fc.integer() })
const port = fc.oneof(fc.nat(8), fc.constantFrom(80, 1023, 1024, 65_535), fc.nat(65_535))
const range = fc.oneof(
  fc.constant([0, 65_535]),
  port.map((one) => [one, one]),
  fc.tuple(port, port).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
)
const protocol = fc.constantFrom([0, 0], [6, 0xff], [17, 0xff], [1, 0xff], [4, 0xfc])
const rule = fc
  .tuple(address, mask, address, mask, range, range, protocol)
  .map(
    ([source, sourceMask, destination, destinationMask, from, to, [value, protocolMask]]): FiveFieldRule => ({
      source: source & sourceMask,
      sourceMask,
      destination: destination & destinationMask,
      destinationMask,
      sourcePortLow: from[0],
      sourcePortHigh: from[1],
      destinationPortLow: to[0],
      destinationPortHigh: to[1],
      protocol: value,
      protocolMask,
    }),
  )
const header: fc.Arbitrary<Header> = fc.tuple(
  address,
  address,
  port,
  port,
  fc.constantFrom(1, 4, 6, 7, 17, 255),
)

t.test('all engines find the first rule that the specification finds', async (t) => {
  const set = fc.array(rule, { maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(set, fc.array(header, { maxLength: 40, size: 'max' }), (rules, headers) => {
      assertAgreement(rules, [...headers, ...rules.slice(0, 20).flatMap(headersAround)])
    }),
    runs(500),
  )
  t.pass('all headers alike')
})

t.test('sets like those of ClassBench, on headers inside the rules and around their constants', async (t) => {
  for (const flavour of ['acl', 'fw', 'ipc'] as const) {
    const rules = generateRules(flavour, 1500, 3)
    const trace = generateTrace(rules, 2 * BURST, 4)
    const inside = Array.from(trace.source, (source, i): Header => [
      source,
      trace.destination[i],
      trace.ports[i] >>> 16,
      trace.ports[i] & 0xffff,
      trace.protocol[i],
    ])
    assertAgreement(rules, [...inside, ...rules.filter((_, i) => i % 10 === 0).flatMap(headersAround)])
    t.pass(flavour)
  }
})

t.test('what the main engine has no room for goes to the tree', async (t) => {
  const random = createRandom(5)
  const rules = Array.from({ length: 1200 }, (_, i) => ({
    ...ANY,
    source: Math.floor(random() * 2 ** 32) | 0,
    sourceMask: -1,
    destinationPortLow: i,
    destinationPortHigh: i + (i % 3),
  }))
  const { description } = buildClassifier([...rules, ANY])
  t.match(description.join(), /cut tree/, 'more services than there are classes for')
  assertAgreement([...rules, ANY], rules.filter((_, i) => i % 7 === 0).flatMap(headersAround))

  const odd = { ...ANY, source: 0x0a00_0001, sourceMask: 0x7f00_00ff }
  const some = [...rules.slice(0, 30), odd, ANY]
  t.match(buildClassifier(some).description.join(), /1 rules, cut tree/, 'a mask that is no prefix')
  assertAgreement(some, [...headersAround(odd), [0x8a12_3401 | 0, 0, 0, 0, 0]])
})

t.test('no rules, no headers, the first of two equal rules', async (t) => {
  assertAgreement([], [[1, 2, 3, 4, 6]])
  const classifier = buildClassifier([ANY, ANY])
  const results = new Int32Array(BURST).fill(7)
  classifier.classifyAndCount(createColumns(BURST), new Int32Array(BURST), 0, results)
  t.equal(results[0], 7, 'nothing is written for no headers')
  assertAgreement([ANY, ANY], [[1, 2, 3, 4, 6]])
})

t.test('counters are exact beyond 32 bits', async (t) => {
  const { classifyAndCount, counters } = buildClassifier([ANY])
  const [columns, results] = [createColumns(BURST), new Int32Array(BURST)]
  const lengths = new Int32Array(BURST).fill(65_535)
  for (let i = 0; i < 1000; i++) classifyAndCount(columns, lengths, BURST, results)
  t.same([...counters], [0, 0, 1000 * BURST, 1000 * BURST * 65_535])
})
