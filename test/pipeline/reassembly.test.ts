/**
 * Fragments where connections are tracked: what becomes of them by name and number. That datagrams are put together
 * and cut as the kernel does it, test/lab/fragments.test.ts shows.
 */
import t from 'tap'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../../src/pipeline/attach-rules.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import { udpFrame } from '../netfilter/frames.js'
import { ruleSet } from '../netfilter/rules.js'
import { Lab } from '../packets.js'

const L3 = 14
const DATA = L3 + ipv4.HEADER_LENGTH
const TRACKS = '*filter\n-A FORWARD -m state --state INVALID -j DROP\nCOMMIT\n'

/** The data of a datagram from one byte to another, as a fragment of it. */
function fragmentOf(
  whole: Uint8Array,
  from: number,
  to: number,
  isLast = to === whole.length - DATA,
): Uint8Array {
  const b = Uint8Array.from([...whole.subarray(0, DATA), ...whole.subarray(DATA + from, DATA + to)])
  ipv4.setTotalLength(b, L3, b.length - L3)
  ipv4.setFlags(b, L3, isLast ? 0 : ipv4.MORE_FRAGMENTS)
  ipv4.setFragmentOffset(b, L3, from)
  ipv4.fillChecksum(b, L3)
  return b
}

const datagram = (identification: number, payload = 40, source = '10.0.0.1'): Uint8Array =>
  udpFrame({ identification, payload, source })

function tracked(rules = TRACKS): Lab & { attached: AttachedRules } {
  const lab = new Lab({ ports: { p0: {}, p1: {}, p2: {} } })
  return Object.assign(lab, { attached: attachRules(lab.plane, { rules: ruleSet(rules) }) })
}

/** Sends what does not make a datagram whole; `waiting` are under way then. */
function feed(lab: Lab, waiting: number, ...frames: Uint8Array[]): string[] {
  lab.waiting = waiting
  return lab.send('p0', ...frames)
}

t.test('each frame of a datagram counts, wherever the datagram goes', async (t) => {
  const lab = tracked()
  const whole = datagram(1)
  const pieces = [fragmentOf(whole, 24, 48), fragmentOf(whole, 0, 16), fragmentOf(whole, 16, 24)]
  t.same(feed(lab, 1, ...pieces.slice(0, 2)), [], 'nothing leaves before the last has come')
  t.same(lab.plane.totals, { forwarded: 0, flooded: 0, delivered: 0, dropped: 0 })
  t.same(
    feed(lab, 0, pieces[2]),
    ['p1', 'p1', 'p1', 'p2', 'p2'],
    'as cut before; a clone at the largest size',
  )
  t.same(lab.plane.totals, { forwarded: 0, flooded: 3, delivered: 0, dropped: 0 })
  t.strictSame(lab.left['p1'], [pieces[1], pieces[2], pieces[0]], 'in the order of the data')
  t.strictSame(lab.left['p2'], [fragmentOf(whole, 0, 24), fragmentOf(whole, 24, 48)])
})

t.test('what cannot be part of a datagram, by name', async (t) => {
  const lab = tracked()
  const whole = datagram(2, 72)
  feed(lab, 1, fragmentOf(whole, 0, 24), fragmentOf(whole, 0, 24), fragmentOf(whole, 8, 16))
  t.same(lab.drops, { 'fragment-duplicate': 2 }, 'what is there already')
  feed(lab, 0, fragmentOf(whole, 16, 32))
  t.same(lab.drops, { 'fragment-duplicate': 2, 'fragment-overlap': 2 }, 'and the one it lies across')
  feed(lab, 1, fragmentOf(whole, 40, 80))
  feed(lab, 0, fragmentOf(whole, 8, 72, true))
  feed(lab, 0, fragmentOf(whole, 24, 24))
  t.equal(lab.drops['fragment-malformed'], 3, 'another end, and nothing')
  t.same(lab.plane.totals, { forwarded: 0, flooded: 0, delivered: 0, dropped: 7 })
})

t.test('what does not come: after 30 s, behind 64 others, or at the end', async (t) => {
  const lab = tracked()
  feed(lab, 1, fragmentOf(datagram(1), 0, 16))
  lab.now += 29
  feed(lab, 2, fragmentOf(datagram(2), 0, 16))
  lab.now += 1
  feed(lab, 2, fragmentOf(datagram(3), 0, 16))
  t.same(lab.drops, { 'fragment-timeout': 1 })
  for (let i = 0; i < 64; i++) feed(lab, 2, fragmentOf(datagram(3), 0, 16))
  t.same(lab.drops['fragment-duplicate'], 64)
  feed(lab, 2, fragmentOf(datagram(2), 16, 48))
  t.equal(lab.drops['fragment-too-far'], 1, 'the first half has gone, the second one waits')
  lab.attached.close()
  t.equal(lab.drops['fragment-timeout'], 3)
  t.same(lab.plane.totals.dropped, 1 + 64 + 1 + 2)
})

t.test('more datagrams than there is room for', async (t) => {
  const lab = tracked()
  for (let i = 1; i <= 8; i++) feed(lab, i, fragmentOf(datagram(i), 0, 16))
  t.same(feed(lab, 8, fragmentOf(datagram(9), 0, 16)), [])
  t.same(lab.drops, { 'fragment-no-room': 1 })
  t.equal(feed(lab, 7, fragmentOf(datagram(8), 16, 48)).length, 4, 'those under way go on')
})

t.test('a dropped datagram, and a net without connections', async (t) => {
  const rules = '*filter\n-A FORWARD -p udp -m udp --dport 53 -m state --state NEW -j DROP\nCOMMIT\n'
  const lab = tracked(rules)
  const whole = datagram(5)
  t.same(feed(lab, 0, fragmentOf(whole, 16, 48), fragmentOf(whole, 0, 16)), [])
  t.equal(lab.plane.totals.dropped, 2)
  const stateless = tracked('*filter\n-A FORWARD -f -j DROP\nCOMMIT\n')
  t.same(feed(stateless, 0, fragmentOf(whole, 16, 48), fragmentOf(whole, 0, 16)), ['p1', 'p2'])
})
