/**
 * Matches that have a memory, look into the payload, or ask about connections: how they are read, printed and
 * refused. Where iptables is at hand it must say the same of every text. What they decide is in
 * state-decisions.test.ts.
 */
import t from 'tap'
import { compile } from '../../src/netfilter/compile/compile.js'
import { interpret } from '../../src/netfilter/interpret.js'
import { needs } from '../tools.js'
import { ruleSet, runtime, saved, savedByIptables } from './rules.js'
import { SAME, SETS, STRICTER, TEXTS } from './state-match-texts.js'

const ALL = [...TEXTS, ['filter', 'FORWARD', SETS] as const].flatMap(([table, chain, texts]) =>
  Object.entries(texts).map(([text, expected]) => ({ text, expected, table, chain })),
)

t.test('texts are printed as they should be, or refused', async (t) => {
  for (const { text, expected, table, chain } of ALL) {
    const ours = saved(text, table, chain)
    const where = `${table} ${chain} ${text}`
    if (typeof expected === 'string') t.equal(ours, expected === SAME ? text : expected, where)
    else t.match(ours, new RegExp(`^refused: rules:\\d+: .*${expected.source}`), where)
  }
})

t.test('what is printed is read again as the same', async (t) => {
  for (const { expected, text, table, chain } of ALL) {
    if (typeof expected !== 'string') continue
    const printed = expected === SAME ? text : expected
    // These say something else the second time, in iptables too.
    if (/7001\/s|--datestop 1970|--ctstatus NONE,|4096mb/.test(text)) continue
    t.equal(saved(printed, table, chain), printed, printed)
  }
})

t.test('what iptables takes for something else is refused', async (t) => {
  for (const [text, expected] of Object.entries(STRICTER))
    t.match(saved(text), new RegExp(`^refused: rules:\\d+: .*${expected.source}`), text)
})

t.test('iptables prints or refuses the same texts', async (t) => {
  if (!needs(t, 'iptables-legacy-save', 'unshare', 'ipset')) return
  if (process.getuid?.() !== 0) {
    const message = 'not root: this comparison did not run'
    return process.env['BR100_REQUIRE_TOOLS'] === '1' ? t.fail(message) : t.plan(0, message)
  }
  for (const { text, expected, table, chain } of ALL) {
    const real = savedByIptables(text, table, chain, 'ipset create foo hash:ip')
    const where = `${table} ${chain} ${text}`
    if (typeof expected === 'string') t.equal(real, expected === SAME ? text : expected, where)
    else t.match(real, /^refused: /, where)
  }
  for (const text of Object.keys(STRICTER)) t.notMatch(savedByIptables(text), /^refused: /, text)
})

t.test('what cannot be decided yet is refused where frames are to be decided', async (t) => {
  for (const begin of [interpret, compile]) {
    t.throws(
      () => begin(ruleSet('*filter\n-A FORWARD -p sctp -m sctp --dport 9 -j DROP\nCOMMIT\n'), runtime()),
      {
        message: 'rules:2: -m sctp: cannot be decided yet',
      },
    )
  }
})

t.test('a rule that names a set that is not there is refused with its line', async (t) => {
  const rules = '*filter\n-A FORWARD -j ACCEPT\n-A FORWARD -m set --match-set foo src -j DROP\nCOMMIT\n'
  for (const begin of [interpret, compile])
    t.throws(() => begin(ruleSet(rules), runtime()), {
      message: 'rules:3: --match-set foo: no such set, expected one that is loaded',
    })
})
