/**
 * Connections, the kernel's against ours: random conversations pass random rules that ask what packets are to them.
 * The same frames, counters and policies, and at the end the same table of connections. `--seed N`, or BR100_SEED=N,
 * begins where a failure was; `npm run soak` does 200 random sets.
 */
import t from 'tap'
import { SCTP_STATES } from '../../src/netfilter/conntrack/sctp-states.js'
import { TCP_STATES } from '../../src/netfilter/conntrack/tcp-states.js'
import { runs } from '../soak.js'
import { OPTIONS, agreeOnSeeds } from './agreement.js'
import { conversations } from './conversations.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { ourBridge } from './our-bridge.js'
import { Random } from './random.js'
import { statefulRules } from './stateful-rules.js'

const FRAMES = 300
const { numRuns, seed: usualSeed } = runs(20)
const SETS = Math.min(numRuns, 200)

t.setTimeout(300_000)

t.test('conversations come to all that a connection can be', async (t) => {
  const bridge = ourBridge(OPTIONS[1], 'compiled')
  bridge.load('*filter\n-A FORWARD -m state --state RELATED\nCOMMIT\n')
  let seen = ''
  for (let seed = 0; seed < 40; seed++) {
    const { connections, counters } = await bridge.run(conversations(new Random(seed + 1), 100))
    seen += `${connections.join('\n')}\n${counters}`
  }
  const states = ['UNREPLIED', 'ASSURED', ...TCP_STATES.slice(1)]
  const associations = SCTP_STATES.slice(1).map((state) => `sctp +132 \\d+ ${state}`)
  const protocols = ['tcp', 'udp', 'icmp', 'gre', 'unknown']
  t.strictSame(
    [...states, ...associations, ...protocols].filter((name) => !new RegExp(`\\b${name}\\b`).test(seen)),
    [],
    'nothing is missing',
  )
  t.match(seen, /\[[1-9]\d*:\d+\] -A FORWARD/, 'errors are related')
})

t.test('connections: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  await agreeOnSeeds(t, SETS, usualSeed, (seed) => {
    const random = new Random(seed)
    return {
      options: random.pick(OPTIONS),
      rules: statefulRules(random),
      entering: conversations(random, FRAMES),
    }
  })
})

/** What is rejected begins or has a connection, which its answers belong to. */
const REJECTING = [
  '*mangle',
  '-A OUTPUT -m state --state RELATED',
  '-A OUTPUT -m conntrack --ctdir REPLY -m conntrack --ctstatus SEEN_REPLY',
  '-A POSTROUTING -m state --state INVALID',
  'COMMIT',
  '*filter',
  '-A FORWARD -p udp -m udp --dport 53 -m state --state NEW -j REJECT',
  '-A FORWARD -m state --state NEW,RELATED -j ACCEPT',
  '-A FORWARD -p tcp -m tcp --tcp-flags FIN,PSH,SYN PSH -j REJECT --reject-with tcp-reset',
  '-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN FIN -m connmark --mark 0 -j REJECT',
  '-A FORWARD -p udp -m state --state ESTABLISHED -j REJECT --reject-with icmp-host-prohibited',
  'COMMIT',
]

t.test('what REJECT answers, and what becomes of its connection', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  await agreeOnSeeds(t, Math.min(SETS, 40) / 4, usualSeed, (seed) => ({
    options: OPTIONS[seed % OPTIONS.length],
    rules: REJECTING,
    entering: conversations(new Random(seed), FRAMES),
  }))
})
