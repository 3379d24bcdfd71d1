/** Random rules, random packets: what is compiled decides and counts as the interpreter does. */
import t from 'tap'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compile } from '../../src/netfilter/compile/compile.js'
import { culpritText } from '../../src/netfilter/engine.js'
import { FORWARD } from '../../src/netfilter/hook.js'
import { interpret } from '../../src/netfilter/interpret.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { ACCEPT } from '../../src/netfilter/verdict.js'
import { runs } from '../soak.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { packetOf, ruleSet, runtime } from './rules.js'

/** Few values, so that rules and packets meet. */
const address = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.130',
  '10.0.1.1',
  '192.168.0.1',
  '255.255.255.255',
)
const port = fc.constantFrom(0, 1, 53, 80, 1000, 65_535)

const network = fc
  .tuple(address, fc.constantFrom(0, 8, 24, 25, 31, 32, '255.0.0.255'))
  .map(([one, length]) => `${one}/${length}`)
const ports = fc.tuple(port, port).map(([a, b]) => (a === b ? `${a}` : `${Math.min(a, b)}:${Math.max(a, b)}`))
const not = fc.constantFrom('', '', '', '! ')
const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(part, { nil: '' })

const portTests = (match: string): fc.Arbitrary<string> =>
  fc
    .tuple(maybe(fc.tuple(not, ports).map(([n, p]) => `${n}--sport ${p}`)), not, ports)
    .map(([sport, n, p]) => `-p ${match} -m ${match} ${sport} ${n}--dport ${p}`)

const protocol = fc.oneof(portTests('udp'), fc.constantFrom('', '-p icmp', '! -p udp', '-p 6', '-p udp'))

const rule = (targets: string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      maybe(fc.tuple(not, network).map(([n, a]) => `${n}-s ${a}`)),
      maybe(fc.tuple(not, network).map(([n, a]) => `${n}-d ${a}`)),
      maybe(fc.constantFrom('-i br100', '! -i br100', '-o br+', '-f', '! -f')),
      protocol,
      maybe(fc.constantFrom('-m state --state RELATED,ESTABLISHED', '-m conntrack ! --ctstate NEW')),
      fc.constantFrom(
        '',
        ...targets.map((target) => `-j ${target}`),
        ...targets.slice(3).map((chain) => `-g ${chain}`),
      ),
    )
    .map((parts) => parts.join(' '))

/** Chains that jump to later ones only: no loops. */
const CHAINS = ['FORWARD', 'a', 'b', 'c']
/** Chains that are alike in all but one thing. */
const TWINS = ['', '-i br100', '! -o br100', '-i br101'].flatMap((test) =>
  ['-j', '-g'].flatMap((how) => CHAINS.slice(1).map((chain) => `${test} ${how} ${chain}`)),
)
const rules = fc
  .tuple(
    ...CHAINS.map((chain, i) =>
      fc
        .array(rule(['ACCEPT', 'DROP', 'RETURN', ...CHAINS.slice(i + 1)]), { maxLength: 80, size: 'max' })
        .map((list) => list.map((one) => `-A ${chain} ${one}`)),
    ),
    fc.constantFrom('ACCEPT', 'DROP'),
    fc.integer({ min: 0, max: 120 }),
  )
  .map((parts) => {
    const [policy, others] = parts.slice(-2) as [string, number]
    const chains = [
      ...CHAINS.slice(1),
      ...Array.from({ length: others }, (_, i) => `other${i}`),
      ...TWINS.map((_, i) => `twin${i}`),
    ]
    return [
      '*filter',
      ...chains.map((chain) => `:${chain} - [0:0]`),
      `-P FORWARD ${policy}`,
      // More chains than V8 would compile functions for, that do not ask the same: those of the test become data.
      ...Array.from({ length: others }, (_, i) => `-A FORWARD -d 10.0.0.${i} -j other${i}`),
      ...Array.from({ length: others }, (_, i) => `-A other${i} -p udp -m udp --dport ${i}`),
      ...TWINS.flatMap((twin, i) => [
        `-A FORWARD -j twin${i}`,
        `-A twin${i} ${twin}`,
        `-A twin${i} -s 10.0.0.0/8`,
      ]),
      ...(parts.slice(0, -2) as string[][]).flat(),
      'COMMIT\n',
    ].join('\n')
  })

const frame = fc
  .record({
    source: address,
    destination: address,
    sport: port,
    dport: port,
    kind: fc.constantFrom('udp', 'tcp', 'icmp', 'cut', 'fragment'),
  })
  .map(({ kind, ...fields }) => {
    if (kind === 'tcp') return tcpFrame(2, fields)
    if (kind === 'icmp') return icmpFrame(8, 0, fields)
    const b = udpFrame(fields)
    if (kind === 'cut') b[17] = 24
    if (kind === 'fragment') b[21] = 3
    return b
  })

t.test('the compiled engine agrees with the interpreter', async (t) => {
  const property = fc.property(
    rules,
    fc.array(fc.tuple(frame, fc.constantFrom(1, 2, 4, 8, 16)), { minLength: 1, maxLength: 30, size: 'max' }),
    (text, frames) => {
      const engines = [interpret(ruleSet(text), runtime()), compile(ruleSet(text), runtime())]
      const said = engines.map((engine) => {
        const verdicts = frames.map(([bytes, connectionState]) => {
          const packet = packetOf(bytes, { inInterface: 'br100', outInterface: 'br100', connectionState })
          return engine.judge(FORWARD, packet) === ACCEPT ? 'accept' : culpritText(engine.culprit)
        })
        return { verdicts, counters: [...saveLines(engine.rules, { counters: true })] }
      })
      assert.deepEqual(said[1], said[0])
    },
  )
  fc.assert(property, runs(300))
  t.pass('so they do')
})
