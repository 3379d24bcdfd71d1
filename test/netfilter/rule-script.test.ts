/** Files of rules: the forms in which they are found, every mistake with its line, and what nobody should send. */
import t from 'tap'
import { readFileSync } from 'node:fs'
import { compile } from '../../src/netfilter/compile/compile.js'
import { FORWARD } from '../../src/netfilter/hook.js'
import { editRules, parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import type { Rule, RuleSet } from '../../src/netfilter/rule.js'
import { ACCEPT } from '../../src/netfilter/verdict.js'
import { udpFrame } from './frames.js'
import { packetOf, ruleSet, runtime } from './rules.js'

const printed = (text: string): string[] =>
  [...saveLines(ruleSet(text))].filter((line) => line.startsWith('-A'))
const mistakes = (text: string): string => {
  try {
    ruleSet(text)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

t.test('what iptables -S prints, without a table', async (t) => {
  const text =
    '-P INPUT DROP\n-P FORWARD ACCEPT\n-N web\n-A INPUT -p udp -m udp --dport 53 -j ACCEPT\n-A web -j RETURN\n'
  t.same(
    [...saveLines(ruleSet(text))],
    [
      '*filter',
      ':INPUT DROP [0:0]',
      ':FORWARD ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':web - [0:0]',
      '-A INPUT -p udp -m udp --dport 53 -j ACCEPT',
      '-A web -j RETURN',
      'COMMIT',
    ],
  )
})

t.test('what iptables-save -c printed comes out as it was', async (t) => {
  const text = readFileSync('pcaps/golden/boot/c1.counters', 'utf8')
  const stateless = text
    .split('\n')
    .filter((line) => !line.includes('-m state') && !line.startsWith('#'))
    .join('\n')
  t.equal([...saveLines(ruleSet(stateless), { counters: true }), ''].join('\n'), stateless)
})

t.test('edits, as iptables-restore takes them', async (t) => {
  const chain =
    '-A FORWARD -s 10.0.0.1 -j ACCEPT\n-A FORWARD -s 10.0.0.2 -j ACCEPT\n-A FORWARD -s 10.0.0.3 -j ACCEPT\n'
  const after = (edit: string): string =>
    printed(`*filter\n${chain}${edit}\nCOMMIT\n`)
      .map((line) => /10\.0\.0\.(\d)/.exec(line)?.[1] ?? line)
      .join(' ')
  t.equal(after('-I FORWARD -s 10.0.0.9 -j ACCEPT'), '9 1 2 3')
  t.equal(after('-I FORWARD 3 -s 10.0.0.9 -j ACCEPT'), '1 2 9 3')
  t.equal(after('-I FORWARD 4 -s 10.0.0.9 -j ACCEPT'), '1 2 3 9')
  t.equal(after('-I FORWARD -s 10.0.0.8,10.0.0.9 -j ACCEPT'), '9 8 1 2 3', 'each at the top')
  t.equal(after('-A FORWARD -s 10.0.0.8,10.0.0.9 -j ACCEPT'), '1 2 3 8 9')
  t.equal(after('-R FORWARD 2 -s 10.0.0.9 -j ACCEPT'), '1 9 3')
  t.equal(after('-D FORWARD 2'), '1 3')
  t.equal(after('-D FORWARD -s 10.0.0.3/32 -j ACCEPT'), '1 2')
  t.equal(after('-F FORWARD'), '')
  t.equal(after('-N x\n-A x -s 10.0.0.7\n-E x y\n-D FORWARD 1\n-A FORWARD -s 10.0.0.6 -j y'), '2 3 6 7')
  t.equal(after(':x - [0:0]\n-A x -s 10.0.0.7\n:x - [0:0]'), '1 2 3', 'declared again, a chain is emptied')
  t.match(mistakes(`*filter\n:x - [0:0]\n-A FORWARD -j x\n-X x\nCOMMIT\n`), 'rules:4: -X x: rules jump to it')
  t.equal(mistakes(`*filter\n:x - [0:0]\n-X\nCOMMIT\n`), 'none')
})

t.test('edits of a set that is there leave it as it is, and share what they do not touch', async (t) => {
  const before = ruleSet(
    '*filter\n:x - [0:0]\n[3:30] -A FORWARD -j x\n-A FORWARD -s 10.0.0.2\n-A x -j RETURN\nCOMMIT\n*raw\n-A PREROUTING\nCOMMIT\n',
  )
  const unchanged = [...saveLines(before, { counters: true })]
  const edit = (text: string): RuleSet => editRules(before, 'edit', Buffer.from(text))
  const rulesOf = (set: RuleSet): Rule[] => set.tables.get('filter')!.chains.get('FORWARD')!.rules
  const after = edit('-R FORWARD 2 -s 10.0.0.9\n-E x y\n-N z')
  t.same(
    [...saveLines(after, { counters: true })].filter((line) => line.includes('-A')),
    [
      '[3:30] -A FORWARD -j y',
      '[0:0] -A FORWARD -s 10.0.0.9/32',
      '[0:0] -A y -j RETURN',
      '[0:0] -A PREROUTING',
    ],
  )
  t.same([...saveLines(before, { counters: true })], unchanged)
  const inserted = edit('*filter\n-I FORWARD -s 10.0.0.1\nCOMMIT')
  t.same(rulesOf(inserted).slice(1), rulesOf(before))
  t.equal(rulesOf(inserted)[1], rulesOf(before)[0], 'the very same rule, with its counters')
  t.equal(inserted.tables.get('raw'), before.tables.get('raw'))
  t.same(
    [...saveLines(edit('*mangle\n-A FORWARD -j MARK --set-mark 1\nCOMMIT'))].filter((line) =>
      /^[*]/.test(line),
    ),
    ['*filter', '*raw', '*mangle'],
  )
  t.throws(() => edit('-A FORWARD -j nobody\n-D FORWARD 9'), {
    message:
      'edit:1: -j nobody: no such target, and no chain of this name\nedit:2: FORWARD 9: expected the number of a rule, 1 to 2',
  })
  t.throws(() => edit('-I x -j x'), { message: /a loop/ })
})

t.test('every mistake is told, with its line and what is expected', async (t) => {
  const text = [
    '*filter',
    '-A INPUT -p udp -m udp --dport 70000 -j ACCEPT',
    '-A NOWHERE -j ACCEPT',
    '-A INPUT -j NOTHING',
    '-A INPUT -m nothing',
    '-A INPUT -m udp --dport 53',
    '-A INPUT -o eth0',
    '-A OUTPUT -i eth0',
    '-A INPUT -s 10.0.0.256',
    '-A INPUT --dport 53',
    '-A INPUT -s 10.0.0.1 -s 10.0.0.2',
    '-A INPUT -j ACCEPT -j DROP',
    '-A INPUT -m comment --comment "no end',
    '-A INPUT !',
    '-P INPUT REJECT',
    `-N ${'n'.repeat(29)}`,
    '-N DROP',
    ':user ACCEPT [0:0]',
    '-I INPUT 9 -j ACCEPT',
    '-A INPUT -i averyveryverylongname',
    'hello',
    'COMMIT',
    '*nothing',
  ].join('\n')
  t.equal(
    mistakes(text),
    [
      'rules:2: --dport 70000: a port is 0-65535',
      'rules:3: NOWHERE: no such chain in the table filter',
      'rules:4: -j NOTHING: no such target, and no chain of this name',
      'rules:5: -m nothing: no such match',
      'rules:6: udp: expected -p udp in the rule',
      'rules:7: -o in INPUT: packets there leave by no interface yet',
      'rules:8: -i in OUTPUT: packets there came in by no interface',
      'rules:9: -s 10.0.0.256: expected an IPv4 address, ADDRESS/LENGTH or ADDRESS/MASK',
      'rules:10: --dport: no option of the rule or of a match or target before it',
      'rules:11: --source: given twice, expected once',
      'rules:12: two targets, expected one -j or -g',
      'rules:13: a quotation that " begins has no end',
      'rules:14: ! at the end of the line, expected an option after it',
      'rules:15: INPUT REJECT: expected the policy ACCEPT or DROP',
      `rules:16: ${'n'.repeat(29)}: a chain's name has 1 to 28 characters`,
      'rules:17: DROP: a target has this name, expected another for the chain',
      'rules:18: :user ACCEPT: expected -, only built-in chains have a policy',
      'rules:19: INPUT 9: expected the number of a rule, 1 to 1',
      "rules:20: -i averyveryverylongname: expected an interface's name of 1 to 15 characters",
      'rules:21: hello: expected *TABLE, :CHAIN, COMMIT or one of -A -I -R -D -N -X -F -P -E -Z',
      'rules:23: *nothing: expected one of the tables raw, mangle, nat, filter',
    ].join('\n'),
  )
  t.equal(
    mistakes('*filter\n-A INPUT -j ACCEPT\n'),
    'rules:2: the file ends in the table filter, expected COMMIT',
  )
})

t.test('loops are told by the jump that closes them', async (t) => {
  const chains = ':a - [0:0]\n:b - [0:0]\n:c - [0:0]\n'
  const circle = '-A a -j b\n-A b -j c\n-A c -j a\nCOMMIT\n'
  t.match(mistakes(`*filter\n${chains}-A INPUT -j a\n${circle}`), /^rules:8: c jumps to a, .*a loop$/)
  t.equal(mistakes(`*filter\n${chains}${circle}`), 'none', 'nobody comes there')
  t.equal(mistakes(`*filter\n${chains}-A INPUT -j ACCEPT\n-A INPUT -j a\n${circle}`), 'none', 'nor there')
  t.match(
    mistakes(`*filter\n${chains}-A INPUT -j a\n-A a -g a\nCOMMIT\n`),
    /^rules:6: a jumps to a, .*a loop$/,
  )
  t.equal(
    mistakes(`*filter\n${chains}-A a -j b\n-A a -j c\n-A b -j c\nCOMMIT\n`),
    'none',
    'two ways to one chain',
  )
})

t.test('what nobody should send: an answer, in bounded time and memory', async (t) => {
  const long = Buffer.concat([
    Buffer.from('*filter\n-A INPUT -m comment --comment '),
    Buffer.alloc(100_000_000, 97),
  ])
  t.throws(() => parseRules('long', long), {
    message: 'long:2: a line of 100000030 bytes, expected at most 10239',
  })
  t.equal(mistakes('*filter\n-A INPUT \0-j ACCEPT\nCOMMIT\n'), 'rules:2: a NUL byte, expected text')
  t.equal(mistakes('\xff\xfe\x00').split(': ')[1], 'a NUL byte, expected text')
  const binary = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) & 0xff))
  t.throws(() => parseRules('binary', binary), { name: 'RulesError' })
  t.ok(mistakes('x\n'.repeat(1_000_000)).split('\n').length <= 100, 'not all of a million mistakes')

  const names = Array.from({ length: 1_000_000 }, (_, i) => `c${i}`)
  const many = ruleSet(`*filter\n${names.map((name) => `:${name} - [0:0]\n`).join('')}COMMIT\n`)
  t.equal(many.tables.get('filter')!.chains.size, 1_000_003)

  const deep = names.slice(0, 20_000)
  const text =
    `*filter\n${deep.map((name) => `:${name} - [0:0]\n`).join('')}-A FORWARD -j c0\n` +
    deep
      .slice(1)
      .map((name, i) => `-A c${i} -j ${name}\n`)
      .join('') +
    '-A c19999 -j DROP\nCOMMIT\n'
  const engine = compile(ruleSet(text), runtime())
  t.not(engine.judge(FORWARD, packetOf(udpFrame())), ACCEPT, '20,000 jumps deep')
})
