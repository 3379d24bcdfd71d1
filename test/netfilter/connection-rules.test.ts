/** What rules ask of connections beyond their state, and what is kept for that. The kernel is asked in test/lab. */
import t from 'tap'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../../src/pipeline/attach-rules.js'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import type { ConntrackOptions } from '../../src/netfilter/conntrack/conntrack.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { Lab } from '../packets.js'
import { udpFrame } from './frames.js'
import { ruleSet } from './rules.js'
import { createConntrack } from '../../src/netfilter/conntrack/conntrack.js'
import { createLiveCount } from '../../src/netfilter/conntrack/live-count.js'
import { Packet } from '../../src/netfilter/packet.js'

/** A bridge of two ports behind rules of the table filter. */
class Bridge extends Lab {
  readonly attached: AttachedRules

  constructor(rules: string[], conntrack: ConntrackOptions = {}) {
    super({ ports: { p0: {}, p1: {} } })
    this.attached = attachRules(this.plane, { rules: forwarding(rules), conntrack })
  }

  /** As `conntrack -L` prints them, sorted. */
  get lines(): string[] {
    return connectionLines(this.attached.connections!, this.now * 1_000_000).toSorted()
  }

  /** Packets that each rule has counted. */
  get counted(): number[] {
    return [...saveLines(this.attached.engine.rules, { counters: true })].flatMap((line) => {
      const found = /^\[(\d+):\d+\] -A/.exec(line)
      return found === null ? [] : [Number(found[1])]
    })
  }
}

function forwarding(rules: string[]): ReturnType<typeof ruleSet> {
  return ruleSet(`*filter\n${rules.map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`)
}

t.test('connections are counted from when somebody asks for it on', async (t) => {
  const bridge = new Bridge(['-m state --state NEW'])
  bridge.send('p0', udpFrame({ sport: 1 }))
  t.notMatch(bridge.lines[0], /packets/, 'nobody has asked')
  bridge.attached.replace(
    forwarding(['-m connbytes --connbytes 0 --connbytes-dir both --connbytes-mode bytes']),
  )
  bridge.send('p0', udpFrame({ sport: 1 }))
  t.same(bridge.counted, [0], 'what was there before is not counted, and holds for nothing')
  bridge.send('p0', udpFrame({ sport: 2, payload: 4, padding: 9 }))
  bridge.send('p0', udpFrame({ sport: 2 }))
  t.same(bridge.counted, [2])
  t.notMatch(bridge.lines[0], /packets/)
  t.match(bridge.lines[1], /dport=53 packets=2 bytes=60 \[UNREPLIED\] .* dport=2 packets=0 bytes=0 mark/)
  bridge.attached.replace(forwarding(['-m state --state NEW']))
  bridge.send('p0', udpFrame({ sport: 2 }))
  t.match(bridge.lines[1], /packets=3 bytes=88 /, 'it goes on when no rule asks any more')
  bridge.now += 31
  bridge.send('p0', udpFrame({ sport: 1 }))
  t.match(bridge.lines, [/sport=1 dport=53 packets=1 bytes=28 /], 'a place that is used again begins at 0')

  const asked = new Bridge(['-m state --state NEW'], { accounting: true })
  asked.send('p0', udpFrame())
  t.match(asked.lines[0], /packets=1 bytes=28 /)
})

t.test('connlimit: who is over, and rules that are replaced', async (t) => {
  const bridge = new Bridge([
    '-m connlimit --connlimit-above 2',
    '-m connlimit --connlimit-upto 2 --connlimit-daddr',
  ])
  const from = (sport: number, source = '10.0.0.1'): void =>
    void bridge.send('p0', udpFrame({ sport, source }))
  for (const sport of [1, 2, 2, 3, 4]) {
    bridge.now++
    from(sport)
  }
  t.same(bridge.counted, [2, 3])
  from(1, '10.0.0.7')
  t.same(bridge.counted, [2, 3], 'another source, the same destination')
  bridge.now += 31
  from(5)
  from(6)
  t.same(bridge.counted, [2, 5], 'all others are over')
  bridge.now += 10
  from(7)
  t.same(bridge.counted, [3, 5])
  bridge.attached.replace(forwarding(['-m connlimit --connlimit-above 2']))
  from(8)
  t.same(bridge.counted, [0], 'a new rule begins to count')
})

t.test('connlimit: hosts that were seen once do not stay', async (t) => {
  const { count, keys } = createLiveCount(createConntrack({ most: 16 }).table)
  const packet = new Packet()
  packet.read(udpFrame(), 0, 14)
  for (let key = 0; key < 50_000; key++) {
    packet.now = key * 1000
    count(key, packet)
  }
  t.ok(keys() <= 1025, `${keys()} are left`)
  const alive = new Bridge(['-m connlimit --connlimit-upto 1'])
  for (let host = 0; host < 3000; host++)
    alive.send('p0', udpFrame({ source: `10.1.${host >> 8}.${host & 255}` }))
  for (let host = 0; host < 3000; host++)
    alive.send('p0', udpFrame({ source: `10.1.${host >> 8}.${host & 255}`, sport: 2 }))
  t.same(alive.counted, [3000], 'those whose connections live do')
})
