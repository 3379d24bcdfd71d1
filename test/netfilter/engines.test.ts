/** What every engine does with rules alike: chains, jumps, policies, counters, verdicts. */
import t from 'tap'
import { compile } from '../../src/netfilter/compile/compile.js'
import { culpritText } from '../../src/netfilter/engine.js'
import type { Engine } from '../../src/netfilter/engine.js'
import { FORWARD, INPUT, PREROUTING } from '../../src/netfilter/hook.js'
import { interpret } from '../../src/netfilter/interpret.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import type { RuleSet } from '../../src/netfilter/rule.js'
import type { Runtime } from '../../src/netfilter/runtime.js'
import { ACCEPT } from '../../src/netfilter/verdict.js'
import { tcpFrame, udpFrame } from './frames.js'
import { packetOf, ruleSet, runtime } from './rules.js'

const ENGINES: Record<string, (rules: RuleSet, world: Runtime) => Engine> = {
  interpreter: interpret,
  compiled: compile,
}

for (const [name, begin] of Object.entries(ENGINES)) {
  /** The rules, asked at FORWARD for each frame; what is said of each, and the counters behind. */
  const through = (rules: string, ...frames: Uint8Array[]): { verdicts: string[]; counters: string[] } => {
    const engine = begin(ruleSet(`*filter\n${rules}\nCOMMIT\n`), runtime())
    const verdicts = frames.map((frame) =>
      engine.judge(FORWARD, packetOf(frame)) === ACCEPT ? 'accept' : culpritText(engine.culprit),
    )
    const counters = [...saveLines(engine.rules, { counters: true })]
    return { verdicts, counters: counters.filter((line) => /FORWARD \w+ \[|-A/.test(line)) }
  }

  t.test(`${name}: a jump, what it returns to, and what is counted`, async (t) => {
    const rules = [
      ':web - [0:0]',
      ':deep - [0:0]',
      '-A FORWARD -p udp -j web',
      '-A FORWARD -s 10.0.0.9/32 -j DROP',
      '-A web -m udp -p udp --dport 53 -j deep',
      '-A web -p udp -m udp --dport 54 -j RETURN',
      '-A web -p udp -m udp --dport 55:56 -j ACCEPT',
      '-A deep -s 10.0.0.1',
      '-A deep -s 10.0.0.8 -j DROP',
    ].join('\n')
    const frames = [53, 54, 55, 57].map((dport) => udpFrame({ dport, source: '10.0.0.9' }))
    const { verdicts, counters } = through(
      rules,
      udpFrame({ dport: 53 }),
      udpFrame({ dport: 53, source: '10.0.0.8', payload: 2 }),
      ...frames,
    )
    t.same(verdicts, [
      'accept',
      'filter deep: -s 10.0.0.8/32 -j DROP',
      'filter FORWARD: -s 10.0.0.9/32 -j DROP',
      'filter FORWARD: -s 10.0.0.9/32 -j DROP',
      'accept',
      'filter FORWARD: -s 10.0.0.9/32 -j DROP',
    ])
    t.same(counters, [
      ':FORWARD ACCEPT [1:28]',
      '[6:170] -A FORWARD -p udp -j web',
      '[3:84] -A FORWARD -s 10.0.0.9/32 -j DROP',
      '[1:28] -A deep -s 10.0.0.1/32',
      '[1:30] -A deep -s 10.0.0.8/32 -j DROP',
      '[3:86] -A web -p udp -m udp --dport 53 -j deep',
      '[1:28] -A web -p udp -m udp --dport 54 -j RETURN',
      '[1:28] -A web -p udp -m udp --dport 55:56 -j ACCEPT',
    ])
  })

  t.test(`${name}: -g comes back to where the jump before it came from`, async (t) => {
    const rules = [
      ':a - [0:0]',
      ':b - [0:0]',
      '-A FORWARD -j a',
      '-A FORWARD -j DROP',
      '-A a -g b',
      '-A a -j ACCEPT',
      '-A b -d 10.0.0.3 -j ACCEPT',
    ].join('\n')
    t.same(through(rules, udpFrame(), udpFrame({ destination: '10.0.0.3' })).verdicts, [
      'filter FORWARD: -j DROP',
      'accept',
    ])
    const direct = ':b - [0:0]\n-P FORWARD DROP\n-A FORWARD -g b\n-A FORWARD -j ACCEPT\n-A b -j RETURN'
    t.same(through(direct, udpFrame()).verdicts, ['filter FORWARD: policy DROP'])
  })

  t.test(`${name}: RETURN from a built-in chain is its policy, which counts`, async (t) => {
    const { verdicts, counters } = through(
      '-P FORWARD DROP\n-A FORWARD -j RETURN\n-A FORWARD -j ACCEPT',
      udpFrame(),
    )
    t.same(verdicts, ['filter FORWARD: policy DROP'])
    t.same(counters, [':FORWARD DROP [1:28]', '[1:28] -A FORWARD -j RETURN', '[0:0] -A FORWARD -j ACCEPT'])
  })

  t.test(`${name}: negations, interfaces, fragments`, async (t) => {
    const world = runtime()
    const held = (text: string, fields: object, frame = udpFrame()): boolean => {
      const engine = begin(ruleSet(`*filter\n-A FORWARD ${text} -j DROP\nCOMMIT\n`), world)
      return engine.judge(FORWARD, packetOf(frame, fields)) !== ACCEPT
    }
    t.same([held('-i br0', { inInterface: 'br0' }), held('-i br0', { inInterface: 'br01' })], [true, false])
    t.same(
      [held('-i br+', { inInterface: 'br01' }), held('! -i br+', { inInterface: 'br01' })],
      [true, false],
    )
    t.same([held('! -o br0', { outInterface: '' }), held('-o br0', { outInterface: '' })], [true, false])
    t.same([held('! -s 10.0.0.0/8', {}), held('! -s 11.0.0.0/8', {})], [false, true])
    t.same([held('! -p udp', {}), held('! -p tcp', {}), held('-p 17', {})], [false, true, true])
    const later = { fragmentOffset: 16 }
    t.same(
      [held('-f', later), held('! -f', later), held('-f', {}), held('! -f', {})],
      [true, false, false, true],
    )
    t.same([held('-p udp -m udp', later), held('-p udp -m udp', {})], [false, true])
    t.same([held('-s 10.0.0.1/255.0.0.255', {}), held('-s 10.9.9.2/255.0.0.255', {})], [true, false])
  })

  t.test(`${name}: a header that is cut is dropped where a match wants to read it`, async (t) => {
    const cut = udpFrame()
    cut[17] = 24
    const { verdicts, counters } = through('-A FORWARD -p udp -m udp --dport 53\n-A FORWARD -j ACCEPT', cut)
    t.same(verdicts, ['filter FORWARD: malformed for -p udp -m udp --dport 53'])
    t.same(counters.at(-1), '[0:0] -A FORWARD -j ACCEPT')
  })

  t.test(`${name}: tables at a hook in their order; nat is not asked without connections`, async (t) => {
    const text =
      '*filter\n-P INPUT DROP\nCOMMIT\n*mangle\n-A INPUT -p tcp -j ACCEPT\n-A PREROUTING -j DROP\nCOMMIT\n*nat\nCOMMIT\n*raw\n-A PREROUTING -p udp -j DROP\nCOMMIT\n'
    const engine = begin(ruleSet(text), runtime())
    const judged = (hook: 0 | 1, frame: Uint8Array): string =>
      engine.judge(hook, packetOf(frame)) === ACCEPT ? 'accept' : culpritText(engine.culprit)
    t.equal(judged(PREROUTING, udpFrame()), 'raw PREROUTING: -p udp -j DROP')
    t.equal(judged(PREROUTING, tcpFrame(2)), 'mangle PREROUTING: -j DROP')
    t.equal(judged(INPUT, tcpFrame(2)), 'filter INPUT: policy DROP', 'mangle ACCEPTs for itself alone')
    const lines = [...saveLines(engine.rules)]
    t.same(
      lines.filter((line) => /^:.*\[[1-9]/.test(line)),
      [':INPUT DROP [1:40]', ':PREROUTING ACCEPT [1:40]'],
    )
  })

  t.test(`${name}: a traced packet: every rule that acts, ends of chains, and the policy`, async (t) => {
    const text =
      '*raw\n-A PREROUTING -p udp -j RETURN\n-A PREROUTING -p icmp -j TRACE\n-A PREROUTING -p tcp -j TRACE\nCOMMIT\n' +
      '*filter\n:a - [0:0]\n:b - [0:0]\n-A FORWARD -s 10.0.0.9\n-A FORWARD -j a\n-A FORWARD -j ACCEPT\n' +
      '-A a -j b\n-A a -p tcp -j RETURN\n-A a\n-A b -p tcp -j RETURN\n-A b -j DROP\nCOMMIT\n'
    const told: string[] = []
    const log = (line: string): void => void told.push(line.split(' ').slice(0, 2).join(' '))
    const engine = begin(ruleSet(text), runtime({ log }))
    const [segment, datagram] = [packetOf(tcpFrame(2)), packetOf(udpFrame())]
    for (const packet of [datagram, segment]) {
      engine.judge(PREROUTING, packet)
      engine.judge(FORWARD, packet)
    }
    t.strictSame(told, [
      'TRACE: raw:PREROUTING:policy:4',
      'TRACE: filter:FORWARD:rule:2',
      'TRACE: filter:a:rule:1',
      'TRACE: filter:b:rule:1',
      'TRACE: filter:a:rule:2',
      'TRACE: filter:FORWARD:policy:3',
    ])
  })

  t.test(`${name}: what a match remembers, it remembers of rules that cannot hold, too`, async (t) => {
    const rules =
      '-A FORWARD -m recent --name seen --set -p udp -m udp ! --dport 0:65535 -j DROP\n' +
      '-A FORWARD -m recent --name seen --rcheck -j DROP'
    t.same(through(rules, udpFrame()).verdicts, [
      'filter FORWARD: -m recent --rcheck --name seen --mask 255.255.255.255 --rsource -j DROP',
    ])
  })
}
