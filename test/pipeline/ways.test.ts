/**
 * Ways that are remembered through rules, against the interpreter, which judges each packet: the same frames leave,
 * and every counter is the same, whatever rules ask and however packets of a flow differ.
 */
import { deepEqual, equal } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../../src/pipeline/attach-rules.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import { icmpFrame, tcpFrame, udpFrame } from '../netfilter/frames.js'
import { ruleSet } from '../netfilter/rules.js'
import { Lab } from '../packets.js'
import { runs } from '../soak.js'

const [L3, L4] = [14, 34]
const [SYN, PSH, ACK] = [2, 8, 16]
const [HERE, THERE] = ['02:00:00:00:00:01', '02:00:00:00:00:02']

/** What is asked of established connections: what stays the same for one, and what does not. */
const ASKED = [
  '-m conntrack --ctstate ESTABLISHED -j ACCEPT',
  '-m state --state INVALID -j DROP',
  '-s 10.0.0.1 -j one',
  '-p udp -m udp --dport 53 -g two',
  '-p tcp -m multiport --ports 80,5000 -j one',
  '-p tcp -m tcp --tcp-flags PSH PSH',
  '-m length --length 0:60 -j ACCEPT',
  '-m length --length 100:200 -j DROP',
  '-m tos --tos 0x10/0x3f',
  '-m limit --limit 5/sec --limit-burst 7 -j ACCEPT',
  '-m statistic --mode nth --every 3 --packet 0',
  '-m physdev --physdev-in p0 -j one',
  '-m physdev --physdev-out p2 -j DROP',
  '-m mark --mark 7 -j DROP',
  '-m mac --mac-source 02:00:00:00:00:01',
  '-m comment --comment "nothing else"',
  '-m connbytes --connbytes 900 --connbytes-dir both --connbytes-mode bytes -j ACCEPT',
  '-i br100 -j two',
  '-o other -j DROP',
  '-p icmp -m icmp --icmp-type 8 -j ACCEPT',
  '-j LOG --log-prefix "seen "',
  '-j MARK --set-mark 7',
]
const IN_CHAINS = ASKED.filter((rule) => !/-[jg] (one|two|MARK)/.test(rule))

const someRules = (among: readonly string[], most: number): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...among), { maxLength: most, size: 'max' })

const ruleText = fc
  .record({
    forward: someRules(
      ASKED.filter((rule) => !rule.includes('MARK')),
      6,
    ),
    one: someRules(IN_CHAINS, 4),
    two: someRules(IN_CHAINS, 3),
    returns: fc.boolean(),
    marks: fc.boolean(),
    nat: fc.constantFrom(
      '',
      '*nat\nCOMMIT\n',
      '*nat\n-A POSTROUTING -s 10.0.0.4 -j SNAT --to-source 10.0.0.77\nCOMMIT\n',
    ),
    mangle: fc.constantFrom(
      '',
      '*mangle\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n',
      '*mangle\n-A POSTROUTING -s 10.0.0.2\nCOMMIT\n',
      '*mangle\n-A PREROUTING -m length --length 60:140 -j MARK --set-mark 7\nCOMMIT\n',
    ),
    raw: fc.constantFrom('', '', '*raw\n-A PREROUTING -m length --length 60:140 -j TRACE\nCOMMIT\n'),
    policy: fc.constantFrom('ACCEPT', 'ACCEPT', 'DROP'),
  })
  .map(({ forward, one, two, returns, marks, nat, mangle, raw, policy }) =>
    [
      `${raw}${nat}`,
      marks && mangle === '' ? `*mangle\n-A FORWARD -p udp ${ASKED[ASKED.length - 1]}\nCOMMIT\n` : mangle,
      `*filter\n:FORWARD ${policy} [0:0]\n:one - [0:0]\n:two - [0:0]\n`,
      '-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\n',
      ...forward.map((rule) => `-A FORWARD ${rule}\n`),
      ...one.map((rule) => `-A one ${rule}\n`),
      returns ? '-A one -j RETURN\n-A one -s 10.0.0.1\n' : '',
      ...two.map((rule) => `-A two ${rule}\n`),
      'COMMIT\n',
    ].join(''),
  )

/** Of some flows, now and then with something that others of the flow have not. */
const packet = fc.record({
  flow: fc.nat(5),
  back: fc.boolean(),
  payload: fc.oneof(fc.constant(10), fc.nat(200)),
  isPushed: fc.boolean(),
  tos: fc.constantFrom(0, 0, 0x10),
  wait: fc.constantFrom(0.0001, 0.01, 0.3),
})
const event = fc.oneof(
  {
    weight: 50,
    arbitrary: fc.record({ packets: fc.array(packet, { minLength: 1, maxLength: 12, size: 'max' }) }),
  },
  { weight: 6, arbitrary: fc.record({ moves: fc.constantFrom('p1', 'p2') }) },
  { weight: 6, arbitrary: fc.record({ reloads: ruleText }) },
  { weight: 2, arbitrary: fc.constant({ looks: true }) },
)

type Packet = typeof packet extends fc.Arbitrary<infer T> ? T : never

function frameOf({ flow, back, payload, isPushed, tos }: Packet, isFirst: boolean): Uint8Array {
  const own = `10.0.0.${1 + flow}`
  const fields = {
    ...(back ? { source: '10.0.0.50', destination: own } : { source: own, destination: '10.0.0.50' }),
    ...(back ? { from: THERE, to: HERE } : { from: HERE, to: THERE }),
    ...(back ? { sport: 53, dport: 5000 } : { sport: 5000, dport: 53 }),
    payload,
  }
  const frame =
    flow < 2
      ? tcpSegment(fields, back, isFirst, isPushed)
      : flow < 5
        ? udpFrame(fields)
        : icmpFrame(back ? 0 : 8, 0, fields)
  ipv4.setTos(frame, L3, tos)
  ipv4.fillChecksum(frame, L3)
  return frame
}

/** Within any window: the numbers do not go on. */
function tcpSegment(fields: object, back: boolean, isFirst: boolean, isPushed: boolean): Uint8Array {
  const flags = isFirst ? (back ? SYN | ACK : SYN) : isPushed ? ACK | PSH : ACK
  const frame = tcpFrame(flags, isFirst ? { ...fields, payload: 0 } : fields)
  tcp.setSequenceNumber(frame, L4, isFirst ? 1000 : 1001)
  tcp.setAcknowledgmentNumber(frame, L4, isFirst && !back ? 0 : 1001)
  tcp.setWindow(frame, L4, 30_000)
  tcp.fillChecksum(frame, L4, frame.length, L3 + 12)
  return frame
}

/** A bridge with rules that are compiled, or interpreted. */
class Side {
  readonly lab = new Lab({ ports: { p0: {}, p1: {}, p2: {} } })
  readonly attached: AttachedRules
  readonly log: string[] = []

  constructor(rules: string, isInterpreted: boolean) {
    const explain = isInterpreted ? { explain: { port: '', number: 0 } } : {}
    this.attached = attachRules(this.lab.plane, {
      rules: ruleSet(rules),
      onLog: (line) => this.log.push(line),
      ...explain,
    })
  }

  get counters(): string {
    return [...saveLines(this.attached.engine.rules, { counters: true })].join('\n')
  }

  take(): Record<string, Uint8Array[]> {
    const taken = Object.fromEntries(
      Object.entries(this.lab.left).map(([port, frames]) => [port, [...frames]]),
    )
    for (const frames of Object.values(this.lab.left)) frames.length = 0
    return taken
  }
}

t.test('every counter is exact, and every frame leaves where it would', { timeout: 600_000 }, async (t) => {
  const seen = { passed: 0, events: 0 }
  const events = fc.array(event, { minLength: 10, maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(ruleText, events, (rules, list) => {
      const sides = [new Side(rules, false), new Side(rules, true)]
      let far = 'p1'
      const met = new Set<string>()
      const send = (one: Packet): void => {
        const key = `${one.flow} ${one.back}`
        const frame = frameOf(one, !met.has(key))
        met.add(key)
        for (const { lab } of sides) {
          lab.now += one.wait
          lab.send(one.back ? far : 'p0', frame)
        }
        const [first, second] = sides.map((side) => side.take())
        deepEqual(first, second)
        deepEqual(sides[0].log.splice(0), sides[1].log.splice(0))
        seen.passed += Object.values(first).flat().length
      }
      for (const happens of list) {
        seen.events++
        if ('packets' in happens) for (const one of happens.packets) for (let n = 0; n < 3; n++) send(one)
        else if ('moves' in happens) far = happens.moves
        else if ('reloads' in happens)
          for (const { attached } of sides) attached.replace(ruleSet(happens.reloads))
        else equal(sides[0].counters, sides[1].counters)
      }
      equal(sides[0].counters, sides[1].counters)
    }),
    runs(60),
  )
  t.ok(seen.passed > 10_000, `${seen.passed} frames left`)
})

/** Sends a datagram of a flow so many times. */
function repeat(side: Side, times: number, flow: number, back = false, far = 'p1'): void {
  const one: Packet = { flow, back, payload: 10, isPushed: false, tos: 0, wait: 0.01 }
  for (let n = 0; n < times; n++) {
    side.lab.now += 0.01
    side.lab.send(back ? far : 'p0', frameOf(one, false))
  }
}

t.test('a station moves: the way to its port was another one', async (t) => {
  const rules =
    '-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\n-A FORWARD -m physdev --physdev-out p2 -j DROP\n'
  const side = new Side(`*filter\n${rules}COMMIT\n`, false)
  repeat(side, 1, 3)
  repeat(side, 1, 3, true)
  repeat(side, 30, 3)
  t.equal(side.take()['p1'].length, 31)
  repeat(side, 1, 3, true, 'p2')
  repeat(side, 30, 3)
  t.equal(side.take()['p2'].length, 0, 'nothing leaves by the port that a rule drops for')
  t.match(side.counters, '[30:1140] -A FORWARD -m physdev')
})

t.test('other rules are other ways, which connections learn anew', async (t) => {
  const rulesFor = (source: string): string =>
    `*filter\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\n-A FORWARD -s ${source} -j ACCEPT\nCOMMIT\n`
  const side = new Side(rulesFor('10.0.0.3'), false)
  for (const flow of [2, 3]) {
    repeat(side, 1, flow)
    repeat(side, 1, flow, true)
    repeat(side, 20, flow)
  }
  t.match(side.counters, '[20:760] -A FORWARD -s 10.0.0.3/32')
  side.attached.replace(ruleSet(rulesFor('10.0.0.4')))
  repeat(side, 20, 3)
  repeat(side, 20, 2)
  t.match(side.counters, '[20:760] -A FORWARD -s 10.0.0.4/32')
  t.match(side.counters, ':FORWARD ACCEPT [20:760]')
})
