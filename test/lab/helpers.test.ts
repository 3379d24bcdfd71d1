/** What FTP and TFTP announce, and who is RELATED because of it: the kernel's helpers and ours. */
import t from 'tap'
import { runs } from '../soak.js'
import { agreeOnSeeds } from './agreement.js'
import { announcements } from './announcements.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { Random } from './random.js'

const RULES = [
  '*raw',
  '-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp',
  '-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp',
  'COMMIT',
  '*mangle',
  '-A FORWARD -m helper --helper ftp -j CONNMARK --set-mark 0x21',
  'COMMIT',
  '*filter',
  '-A FORWARD -m state --state RELATED -m conntrack --ctstatus EXPECTED',
  '-A FORWARD -m helper --helper tftp',
  '-A FORWARD -m connmark --mark 0x21 -p tcp -m tcp --dport 1025',
  '-A FORWARD -m state --state INVALID -j DROP',
  'COMMIT',
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
