/** What rules ask of connections beyond their state, and what is kept for that. The kernel is asked in test/lab. */
import t from 'tap'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../../src/pipeline/attach-rules.js'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import type { ConntrackOptions } from '../../src/netfilter/conntrack/conntrack.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { Lab } from '../packets.js'
import * as tcp from '../../src/wire/tcp.js'
import { tcpFrame, udpFrame } from './frames.js'
import { ruleSet } from './rules.js'
import { createConntrack } from '../../src/netfilter/conntrack/conntrack.js'
import { NEW } from '../../src/netfilter/conntrack/entry.js'
import { ONLY_ORIGINAL, ONLY_REPLY } from '../../src/netfilter/conntrack/zone.js'
import { ACCEPT } from '../../src/netfilter/verdict.js'
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

t.test(
  'CT: helpers are names, which is said once; connections of one zone do not meet those of another',
  async (t) => {
    const log: string[] = []
    const lab = new Lab({ ports: { p0: {}, p1: {} } })
    const rules = ruleSet(`*raw
-A PREROUTING -p udp --dport 5060 -j CT --helper sip
-A PREROUTING -p udp --sport 5060 -j CT --helper sip --zone 3
-A PREROUTING -i br100 -m physdev --physdev-in p0 -j CT --zone-orig 40000
COMMIT
`)
    const attached = attachRules(lab.plane, { rules, onLog: (line) => log.push(line) })
    const lines = (): string[] => connectionLines(attached.connections!, lab.now * 1_000_000).toSorted()
    lab.send('p0', udpFrame({ dport: 5060 }))
    lab.send('p0', udpFrame({ sport: 5060 }))
    t.match(lines(), [
      /dport=5060 .*mark=0 helper=sip use=1$/,
      /sport=5060 .*mark=0 zone=3 helper=sip use=1$/,
    ])
    attached.replace(ruleSet('*raw\n-A PREROUTING -p udp --dport 5060 -j CT --helper sip\nCOMMIT\n'))
    t.strictSame(log, ['CT --helper sip: connections that it would expect are not known as RELATED'])
    lab.now += 31
    lab.send('p0', udpFrame({ dport: 9 }))
    t.match(lines(), [/dport=9 \[UNREPLIED\] .*mark=0 use=1$/], 'a place that is used again has no helper')

    const zones = createConntrack()
    const packet = new Packet()
    const pass = (zone: number, back = false): string => {
      const fields = back ? { source: '10.0.0.2', destination: '10.0.0.1', sport: 53, dport: 1000 } : {}
      packet.read(udpFrame(fields), 0, 14)
      packet.zone = zone
      packet.now = 1_000_000
      zones.track(packet)
      const isNew = packet.connectionState === NEW
      const isClash = zones.confirm(packet) !== ACCEPT
      zones.release()
      return isClash ? 'clash' : isNew ? 'new' : 'known'
    }
    const [zone, other] = [5 << 16, 0xffff << 16]
    t.same([pass(0), pass(zone), pass(other)], ['new', 'new', 'new'])
    t.same([pass(0, true), pass(zone, true), pass(other, true)], ['known', 'known', 'known'])
    t.equal(pass((6 << 16) | ONLY_REPLY), 'known', 'this way it is in zone 0')
    t.equal(pass((6 << 16) | ONLY_ORIGINAL), 'clash', 'its answers would be those of the first')
    t.equal(pass((6 << 16) | ONLY_REPLY, true), 'new', 'it is answered in zone 6')
    t.equal(pass(6 << 16), 'known', 'so this is an answer')
    t.equal(zones.table.count, 4)
    zones.table.clean(40_000_000)
    t.equal(zones.table.count, 0, 'all are found again when they are over')
  },
)

t.test('events: as conntrack -E prints them', async (t) => {
  const events: string[] = []
  const onEvent = (line: string): void => void events.push(line)
  const bridge = new Bridge(['-p udp --dport 9 -j DROP', '-p udp --dport 7 -j CONNMARK --set-mark 3'], {
    most: 4,
    onEvent,
  })
  const taken = (): string[] => events.splice(0)
  bridge.send('p0', udpFrame({ dport: 9 }))
  t.same(taken(), [], 'what is dropped has begun nothing')
  bridge.send('p0', udpFrame({ dport: 7 }))
  const there = 'src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=7'
  const back = 'src=10.0.0.2 dst=10.0.0.1 sport=7 dport=1000'
  t.same(taken(), [`    [NEW] udp      17 30 ${there} [UNREPLIED] ${back} mark=3`])
  bridge.send('p0', udpFrame({ dport: 7 }))
  t.same(taken(), [], 'nothing has changed')
  bridge.now += 3
  const answer = udpFrame({ source: '10.0.0.2', destination: '10.0.0.1', sport: 7, dport: 1000 })
  bridge.send('p1', answer)
  t.same(taken(), [` [UPDATE] udp      17 30 ${there} ${back} mark=3`])
  bridge.send('p1', answer)
  t.same(taken(), [` [UPDATE] udp      17 120 ${there} ${back} [ASSURED] mark=3`])
  bridge.now += 121
  bridge.send('p0', udpFrame({ dport: 5 }))
  t.match(taken(), [`[DESTROY] udp      17 ${there} ${back} [ASSURED] mark=3`, /^ {4}\[NEW\] .* dport=5 /])

  const full = new Bridge(['-m connbytes --connbytes 0 --connbytes-dir both --connbytes-mode bytes'], {
    most: 1,
    onEvent,
  })
  full.send('p0', udpFrame({ dport: 7 }))
  full.send('p0', udpFrame({ dport: 8 }))
  t.match(taken(), [
    /NEW/,
    `[DESTROY] udp      17 30 ${there} packets=1 bytes=28 [UNREPLIED] ${back} packets=0 bytes=0`,
    /NEW/,
  ])
})

t.test('CT --timeout: a policy of the node, or a mistake of the line', async (t) => {
  const lab = new Lab({ ports: { p0: {}, p1: {} } })
  const text = (name: string): string =>
    `*raw\n-A PREROUTING -p udp --dport 7 -j CT --timeout ${name}\n-A PREROUTING -p tcp -j CT --timeout short --helper ftp\nCOMMIT\n`
  const policies = { long: { udp_timeout: 700 }, short: { tcp_timeout_syn_sent: 2, udp_timeout_stream: 9 } }
  const conntrack = { timeouts: { udp_timeout: 20 }, policies }
  const attached = attachRules(lab.plane, { rules: ruleSet(text('long')), conntrack })
  const lines = (): string[] => connectionLines(attached.connections!, lab.now * 1_000_000).toSorted()
  lab.send('p0', udpFrame({ dport: 7 }))
  lab.send('p0', udpFrame({ dport: 8 }))
  lab.send('p0', tcpFrame(2, { dport: 7 }))
  t.match(lines(), [/^tcp +6 2 SYN_SENT .* helper=ftp /, /^udp +17 20 .*dport=8 /, /^udp +17 700 .*dport=7 /])
  t.throws(() => attached.replace(ruleSet(text('other'))), {
    message: 'rules:2: --timeout other: no such policy, expected long or short',
  })
  attached.replace(ruleSet(text('short')))
  lab.now += 3
  lab.send('p0', udpFrame({ dport: 7 }))
  lab.send('p0', udpFrame({ dport: 9 }))
  t.match(
    lines(),
    [/^udp +17 17 .*dport=8 /, /^udp +17 20 .*dport=9 /, /^udp +17 700 .*dport=7 /],
    'what was begun stays',
  )
})

t.test('a connection that ends while its last packet is on its way is not entered again', async (t) => {
  const rules = '*filter\n-A FORWARD -m connlimit --connlimit-above 9\nCOMMIT\n'
  const lab = new Lab({ ports: { p0: {}, p1: {} } })
  const { connections } = attachRules(lab.plane, { rules: ruleSet(rules) })
  const segment = (flags: number, seq: number): Uint8Array => {
    const frame = tcpFrame(flags)
    tcp.setSequenceNumber(frame, 34, seq)
    tcp.fillChecksum(frame, 34, frame.length, 26)
    return frame
  }
  lab.send('p0', segment(0x02, 100))
  t.equal(connections!.table.count, 1)
  lab.send('p0', segment(0x04, 101))
  t.equal(connections!.table.count, 0, 'the rule has looked for it, and it was over')
  for (let sport = 2000; sport < 2003; sport++) lab.send('p0', udpFrame({ sport }))
  const lines = connectionLines(connections!, lab.now * 1_000_000)
  t.equal(lines.length, 3)
  t.ok(lines.every((line) => line.startsWith('udp')))
})
