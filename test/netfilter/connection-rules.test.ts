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
