/** Bridged packets whose addresses rules change, by the kernel and by us. `--seed N` begins where a failure was. */
import t from 'tap'
import { INIT } from '../../src/wire/sctp.js'
import { sctpFrame } from '../netfilter/frames.js'
import { initiation } from '../netfilter/sctp-chunks.js'
import { runs } from '../soak.js'
import { difference, minimised, trialText } from './differential.js'
import type { Trial } from './differential.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { WITHOUT_CHOSEN_PORTS, WITNESSES, inputRules, natRules, natTraffic } from './nat-traffic.js'
import { Random } from './random.js'
import { ourBridge } from './our-bridge.js'
import { NEIGHBOURS } from './values.js'

const OPTIONS: ReadonlyArray<Trial['options']> = [
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true },
  { address: '10.0.0.1/24', neighbours: NEIGHBOURS },
  { address: null },
]
const FRAMES = 150
const { numRuns, seed: usualSeed } = runs(20)
const at = process.argv.indexOf('--seed')
const first = at === -1 ? usualSeed : Number(process.argv[at + 1])

t.setTimeout(300_000)
t.test('translated addresses: the kernel and we', { timeout: 300_000 }, async (t) => {
  if (!needsKernelBridge(t)) return
  for (let seed = first; seed < first + Math.min(numRuns, 200); seed++) {
    const random = new Random(seed)
    const rules = [
      '*nat',
      ...natRules(random),
      ...inputRules(random),
      'COMMIT',
      '*filter',
      ...WITNESSES,
      'COMMIT',
    ]
    const trial: Trial = {
      options: random.pick(OPTIONS),
      rules,
      entering: natTraffic(random, FRAMES),
      comparable: WITHOUT_CHOSEN_PORTS,
    }
    const found = await difference(trial)
    if (found === null) {
      t.pass(`--seed ${seed}`)
      continue
    }
    const small = await minimised(trial)
    t.fail(`--seed ${seed}`, { trial: trialText(small), difference: (await difference(small)) ?? found })
    return
  }
})

t.test('three SCTP associations want two ports: one of them goes nowhere', async (t) => {
  if (!needsKernelBridge(t)) return
  const rules = ['*nat', '-A POSTROUTING -p sctp -j SNAT --to-source 10.0.0.140:3010-3011', 'COMMIT']
  const entering = [2, 3, 4].map((host) => ({
    port: 'eth2',
    frame: sctpFrame(0, initiation(INIT, host), { source: `10.0.0.${host}`, destination: '10.0.0.131' }),
  }))
  const trial = { options: OPTIONS[2], rules, entering, comparable: WITHOUT_CHOSEN_PORTS }
  t.equal(await difference(trial), null)
  const bridge = ourBridge(OPTIONS[2], 'compiled')
  bridge.load(`${rules.join('\n')}\n`)
  const { connections } = await bridge.run(entering)
  const ports = connections.map((line) => /.* dport=(\d+)/.exec(line)![1])
  t.strictSame(ports.toSorted(), ['3010', '3011'])
})
