/** Where bridged frames meet rules: order, trimming, what counts per frame and what per copy, the node's own copy. */
import t from 'tap'
import { readFileSync } from 'node:fs'
import type { BridgePortOptions } from '../../src/bridge/port-options.js'
import { editRules, parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../../src/pipeline/attach-rules.js'
import type { NodeDescription } from '../../src/pipeline/node-view.js'
import { parseIpv4 } from '../../src/wire/address.js'
import { tcpFrame, udpFrame } from '../netfilter/frames.js'
import { ruleSet } from '../netfilter/rules.js'
import { BROADCAST, Lab, frame } from '../packets.js'

const [A, B] = ['02:00:00:00:00:01', '02:00:00:00:00:02']

/** A bridge of three ports behind rules; `counters()` are those that are not 0. */
function guarded(
  rules: string,
  node: Partial<NodeDescription> = {},
  p2: BridgePortOptions = {},
): Lab & { counters(): string[]; attached: AttachedRules; log: string[] } {
  const lab = new Lab({ ports: { p0: {}, p1: {}, p2 }, local: ['02:00:00:00:00:99'] })
  const set = ruleSet(rules)
  const description = {
    bridge: 'br100',
    mac: null,
    portMacs: {},
    addresses: [],
    routes: [],
    forwards: false,
    neighbours: {},
    ...node,
  }
  const log: string[] = []
  const attached = attachRules(lab.plane, {
    rules: set,
    node: description,
    onLog: (line) => log.push(line),
  })
  const counters = (): string[] =>
    [...saveLines(attached.engine.rules, { counters: true })].filter((line) => /\[[1-9]\d*:\d+\]/.test(line))
  return Object.assign(lab, { counters, attached, log })
}

const EVERYWHERE =
  '*raw\n-A PREROUTING -i br100\nCOMMIT\n*mangle\n-A PREROUTING\n-A INPUT\n-A FORWARD -i br100 -o br100\n-A POSTROUTING -o br100\nCOMMIT\n' +
  '*filter\n-A INPUT\n-A FORWARD\nCOMMIT\n*nat\nCOMMIT\n'

t.test('a frame between two stations: each hook once, bytes without the Ethernet header', async (t) => {
  const lab = guarded(EVERYWHERE)
  const arp = frame(BROADCAST, B, 60)
  arp.set([0x08, 0x06], 12)
  lab.send('p1', arp)
  t.same(lab.counters().length, 0, 'what is no IPv4 is not asked')
  t.same(lab.send('p0', tcpFrame(2, { from: A, to: B, padding: 6 })), ['p1'])
  t.equal(lab.left['p1'].at(-1)!.length, 54, 'trimmed to its total length')
  t.same(lab.counters(), [
    ':PREROUTING ACCEPT [1:40]',
    '[1:40] -A PREROUTING -i br100',
    ':PREROUTING ACCEPT [1:40]',
    ':FORWARD ACCEPT [1:40]',
    ':POSTROUTING ACCEPT [1:40]',
    '[1:40] -A PREROUTING',
    '[1:40] -A FORWARD -i br100 -o br100',
    '[1:40] -A POSTROUTING -o br100',
    ':FORWARD ACCEPT [1:40]',
    '[1:40] -A FORWARD',
  ])
})

t.test('a flood: PREROUTING once, FORWARD for each copy, INPUT for the node', async (t) => {
  const lab = guarded(EVERYWHERE)
  const everybody = udpFrame({ to: BROADCAST, destination: '255.255.255.255' })
  t.same(lab.send('p0', everybody), ['p1', 'p2'])
  t.same(
    lab.counters().filter((line) => line.startsWith('[')),
    [
      '[1:28] -A PREROUTING -i br100',
      '[1:28] -A PREROUTING',
      '[1:28] -A INPUT',
      '[2:56] -A FORWARD -i br100 -o br100',
      '[2:56] -A POSTROUTING -o br100',
      '[1:28] -A INPUT',
      '[2:56] -A FORWARD',
    ],
  )
  t.match(lab.plane.totals, { flooded: 1, forwarded: 0, delivered: 0, dropped: 0 })
})

t.test(
  'INPUT: the broadcasts and the group of all hosts; the network only where the node has an address',
  async (t) => {
    const asked = (destination: string, node: Partial<NodeDescription> = {}): boolean => {
      const lab = guarded('*filter\n-A INPUT\nCOMMIT\n', node)
      lab.send('p0', udpFrame({ to: BROADCAST, destination, source: '10.0.0.7' }))
      return lab.counters().some((line) => line.includes('-A INPUT'))
    }
    const addressed = { addresses: [{ address: parseIpv4('10.0.0.1')!, prefixLength: 24 }] }
    for (const [destination, without, within] of [
      ['255.255.255.255', true, true],
      ['224.0.0.1', true, true],
      ['224.0.0.251', false, false],
      ['10.0.0.255', false, true],
      ['10.0.0.1', false, true],
      ['10.0.0.2', false, false],
      ['10.0.0.0', false, false],
    ] as const) {
      t.equal(asked(destination), without, `${destination}, no address`)
      t.equal(asked(destination, addressed), within, `${destination}, 10.0.0.1/24`)
    }
  },
)

t.test('what PREROUTING drops is not learned', async (t) => {
  const lab = guarded('*raw\n-A PREROUTING -s 10.0.0.66/32 -j DROP\nCOMMIT\n')
  t.same(lab.send('p0', udpFrame({ from: A, source: '10.0.0.66' })), [])
  t.same(Object.keys(lab.stations), ['02:00:00:00:00:99'])
  t.same(lab.drops, { 'raw PREROUTING: -s 10.0.0.66/32 -j DROP': 1 })
  lab.send('p0', udpFrame({ from: A, source: '10.0.0.67' }))
  t.equal(lab.stations[A], 'p0')
})

t.test('a bad header is dropped before any counter, by its own name', async (t) => {
  const lab = guarded(EVERYWHERE)
  const broken = udpFrame()
  broken[24] ^= 1
  t.same(lab.send('p0', broken), [])
  t.same(lab.drops, { 'bad-checksum': 1 })
  t.same(lab.counters(), [])
  const tagged = Uint8Array.from([...broken.subarray(0, 12), 0x81, 0, 0, 5, ...broken.subarray(12)])
  t.same(lab.send('p0', tagged), ['p1', 'p2'], 'inside a VLAN tag nobody looks')
})

t.test('copies that rules drop: the frame went where the others went, or nowhere', async (t) => {
  const everybody = udpFrame({ to: BROADCAST, destination: '255.255.255.255' })
  const some = guarded('*filter\n-A FORWARD -m comment --comment "one of two" -j DROP\nCOMMIT\n')
  t.same(some.send('p0', everybody), [])
  t.match(some.plane.totals, { flooded: 0, delivered: 1, dropped: 0 }, 'the node got it')
  t.same(some.drops, { 'filter FORWARD: -m comment --comment "one of two" -j DROP': 2 })
  const none = guarded('*filter\n-P FORWARD DROP\n-P INPUT DROP\nCOMMIT\n')
  none.send('p0', everybody)
  t.match(none.plane.totals, { flooded: 0, delivered: 0, dropped: 1 })
  t.same(none.drops, { 'filter FORWARD: policy DROP': 2, 'filter INPUT: policy DROP': 1 })
  none.send('p1', udpFrame({ from: B, to: A }))
  t.match(none.plane.totals, { flooded: 0, forwarded: 0, delivered: 0, dropped: 2 })
})

t.test('an answer to a station that is not known keeps off ports that take no floods', async (t) => {
  const node = {
    mac: Uint8Array.of(2, 0, 0, 0, 0, 0x99),
    addresses: [{ address: parseIpv4('10.0.0.9')!, prefixLength: 24 }],
    neighbours: { '10.0.0.7': Uint8Array.of(2, 0, 0, 0, 0, 0x77) },
  }
  const lab = guarded('*filter\n-A FORWARD -j REJECT\nCOMMIT\n', node, { flood: false })
  lab.send('p0', udpFrame({ from: A, to: B, source: '10.0.0.7' }))
  const answers = (port: string): number => lab.left[port].filter((bytes) => bytes[5] === 0x77).length
  t.same(
    [answers('p0'), answers('p1'), answers('p2')],
    [1, 1, 0],
    'one copy was rejected, its answer flooded',
  )
})

t.test('rules are replaced between two bursts: what both sets have in common counts on', async (t) => {
  const lab = guarded('*filter\n-A FORWARD -p udp\n-A FORWARD -d 10.0.0.7\nCOMMIT\n')
  const { attached } = lab
  lab.send('p1', tcpFrame(2, { from: B, to: A }))
  t.same(lab.send('p0', udpFrame({ from: A, to: B })), ['p1'])
  const edit = (text: string): void =>
    attached.replace(editRules(attached.engine.rules, 'edit', Buffer.from(text)))
  edit('-R FORWARD 2 -p udp -j DROP')
  t.same(lab.send('p0', udpFrame({ from: A, to: B })), [])
  t.same(lab.counters(), [
    ':FORWARD ACCEPT [3:108]',
    '[2:56] -A FORWARD -p udp',
    '[1:28] -A FORWARD -p udp -j DROP',
  ])
  t.throws(() => edit('-A FORWARD -p sctp -m sctp --dport 9 -j ACCEPT'), { message: /cannot be decided/ })
  t.same(lab.send('p0', udpFrame({ from: A, to: B })), [], 'rules that cannot be decided change nothing')
  edit('-D FORWARD 2\n-A FORWARD -p udp -j DROP')
  t.same(lab.send('p0', udpFrame({ from: A, to: B })), [])
  t.same(lab.drops, { 'filter FORWARD: -p udp -j DROP': 3 }, 'one reason, whichever rule of this text it was')
  edit('-F FORWARD')
  t.same(lab.send('p0', udpFrame({ from: A, to: B })), ['p1'])
  t.match(lab.plane.totals, { forwarded: 2, flooded: 1, dropped: 3 }, 'no packet is lost')
})

t.test('packets that come while other rules are compiled pass the old ones', async (t) => {
  const lab = guarded('*filter\n-A FORWARD -p udp\nCOMMIT\n')
  const { attached } = lab
  lab.send('p1', tcpFrame(2, { from: B, to: A }))
  const wayOf = (): string[] => lab.send('p0', udpFrame({ from: A, to: B }))
  let pauses = 0
  attached.replace(editRules(attached.engine.rules, 'edit', Buffer.from('-A FORWARD -p udp -j DROP')), () => {
    pauses++
    t.same(wayOf(), ['p1'])
  })
  t.ok(pauses > 0)
  t.same(wayOf(), [])
  t.equal(lab.counters().at(-2), `[${pauses + 1}:${28 * (pauses + 1)}] -A FORWARD -p udp`)
  const lines = Array.from({ length: 1000 }, (_, i) => `-A FORWARD -s 10.1.${i >> 8}.${i & 255}\n`)
  let read = 0
  parseRules('many', Buffer.from(`*filter\n${lines.join('')}COMMIT\n`), () => read++)
  t.ok(read > 10, `${read} pauses while 1000 rules are read`)
})

t.test('connections outlive the rules that began them', async (t) => {
  const lab = guarded('*filter\n-A FORWARD -m state --state NEW\nCOMMIT\n')
  const replace = (text: string): void => lab.attached.replace(ruleSet(text))
  lab.send('p0', udpFrame({ from: A, to: B, source: '10.0.0.1', destination: '10.0.0.2', sport: 9 }))
  replace('*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n')
  lab.send('p0', udpFrame({ from: A, to: B, source: '10.0.0.1', destination: '10.0.0.2', sport: 10 }))
  replace('*filter\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -j DROP\nCOMMIT\n')
  const answer = (dport: number): Uint8Array =>
    udpFrame({ from: B, to: A, source: '10.0.0.2', destination: '10.0.0.1', sport: 53, dport })
  t.same(lab.send('p1', answer(9)), ['p0'], 'an answer to what was tracked')
  t.same(lab.send('p1', answer(10)), [], 'while no rule asked nothing was')
})

/** As they were put into a bridge of the kernel (Linux 6.18) when test/data/kernel-trace.txt was logged. */
const TRACED = `*raw
-A PREROUTING -p udp -j TRACE
-A PREROUTING -p udp -m comment --comment x
-A PREROUTING -j MARK --set-mark 3
COMMIT
*mangle
-A FORWARD -j ACCEPT
COMMIT
*filter
:deep - [0:0]
:user - [0:0]
-A INPUT -j DROP
-A FORWARD -j user
-A FORWARD -d 10.0.0.9 -g user
-A FORWARD -p udp -j LOG --log-prefix "own "
-A FORWARD -j REJECT
-A deep -j RETURN
-A user -p tcp
-A user -s 10.0.0.2
-A user -j deep
COMMIT
`

t.test('TRACE tells the way through all hooks in the words of the kernel', async (t) => {
  const lab = guarded(TRACED, { addresses: [{ address: parseIpv4('10.0.0.1')!, prefixLength: 24 }] })
  const fields = { from: A, source: '10.0.0.2', dport: 2000, payload: 15, identification: 1 }
  lab.send('p0', udpFrame({ ...fields, to: B, destination: '10.0.0.9', padding: 6 }))
  lab.send('p0', udpFrame({ ...fields, to: BROADCAST, destination: '10.0.0.255' }))
  t.strictSame(lab.log, readFileSync('test/data/kernel-trace.txt', 'utf8').split('\n').slice(0, -1))
  lab.log.length = 0
  lab.send('p0', tcpFrame(2, { from: A, to: B }))
  t.strictSame(lab.log, [], 'who comes in the place of a traced packet is not traced')
})
