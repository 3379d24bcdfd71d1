/** What FTP and TFTP announce, and who is RELATED because of it: the kernel's helpers and ours. */
import t from 'tap'
import { runs } from '../soak.js'
import { agree, agreeOnSeeds } from './agreement.js'
import { announcements } from './announcements.js'
import type { BridgeOptions } from './bridge-under-test.js'
import { portsOf, withoutChosenPorts } from './chosen-ports.js'
import { FRAGMENTED, HELPERS, SESSIONS } from './ftp-sessions.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { Random } from './random.js'
import { translatedSessions } from './translated-sessions.js'
import { translation } from './translations.js'
import { NEIGHBOURS } from './values.js'

/** The sessions of FTP, and what they have announced. */
const MARKS = [
  ...HELPERS,
  '*mangle',
  '-A FORWARD -m helper --helper ftp -j CONNMARK --set-mark 0x21',
  'COMMIT',
]
/** What is announced has none all the same. */
const FOR_ALL = [
  '*raw',
  '-A PREROUTING -p tcp -j CT --helper ftp',
  '-A PREROUTING -p udp -j CT --helper tftp',
  'COMMIT',
]
const RULES = [
  ...MARKS,
  '*filter',
  '-A FORWARD -m state --state RELATED -m conntrack --ctstatus EXPECTED',
  '-A FORWARD -m helper --helper tftp',
  '-A FORWARD -m connmark --mark 0x21 -p tcp -m tcp --dport 1025',
  '-A FORWARD -m state --state INVALID -j DROP',
  'COMMIT',
]
/** What tells what was made of connections. */
const WITNESSES = [
  '*filter',
  '-A FORWARD -m conntrack --ctstatus EXPECTED',
  '-A FORWARD -m state --state RELATED',
  '-A FORWARD -m conntrack --ctstate DNAT',
  '-A FORWARD -m conntrack --ctstate SNAT',
  '-A FORWARD -m connmark --mark 0x21',
  '-A FORWARD -m state --state ESTABLISHED',
  '-A FORWARD -m state --state INVALID',
  'COMMIT',
]
const OPTIONS: readonly BridgeOptions[] = [
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true },
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true },
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS },
  { address: null },
]
const { numRuns, seed: usualSeed } = runs(10)

t.setTimeout(300_000)
t.test('announced connections: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  await agreeOnSeeds(t, Math.min(numRuns, 100), usualSeed, (seed) => ({
    options: { address: null },
    rules: RULES,
    entering: announcements(new Random(seed), 200),
  }))
})

t.test('sessions through NAT: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  for (const { name, rules, entering } of [...SESSIONS, ...FRAGMENTED]) {
    const [nat, options] = [['*nat', ...rules, 'COMMIT', ...WITNESSES], OPTIONS[0]]
    await agree(t, name, { options, rules: [...MARKS, ...nat], entering })
    await agree(t, `${name}; helpers for all`, { options, rules: [...FOR_ALL, ...nat], entering })
  }
})

t.test('announced through NAT: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  await agreeOnSeeds(t, Math.min(4 * numRuns, 400), usualSeed, (seed) => {
    const random = new Random(seed)
    const between = translation(random)
    const entering = translatedSessions(random, between, 200)
    const own = portsOf(entering)
    return {
      options: random.pick(OPTIONS),
      rules: [...MARKS, '*nat', ...between.rules, 'COMMIT', ...WITNESSES],
      entering,
      comparable: withoutChosenPorts((port) => own.has(port)),
    }
  })
})
