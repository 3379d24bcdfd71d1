/** `br100 bench`: its figures are those of what was sent and came, and nothing of it stays. */
import t from 'tap'
import type { Test } from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { needs } from '../tools.js'
import { canRunLive } from './live-hosts.js'
import type { Done } from './live-hosts.js'
import { temporaryFolder } from './temporary.js'

const BR100 = 'dist/src/cli/main.js'
const SHORT = ['--rounds', '1', '--seconds', '1']
const LONGEST = 120_000
t.setTimeout(300_000)

/** Files of a bench; what it makes for itself is in `own`. */
const folder = temporaryFolder()
const own = join(folder, 'own')
mkdirSync(own)
const environment = { ...process.env, TMPDIR: own }

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function bench(words: readonly string[], path = process.env['PATH']): Done {
  return spawnSync(process.execPath, [BR100, 'bench', ...words], {
    encoding: 'utf8',
    timeout: LONGEST,
    env: { ...environment, PATH: path },
  })
}

/** The namespaces of the bench of this process. */
function spacesOf(pid: number): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(`br100-bench-${pid}-`))
}

/** A bench in the middle of its work: a host sends as fast as it can. */
async function underWay(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, [BR100, 'bench', ...SHORT], { env: environment })
  const { pid } = child
  if (pid === undefined) throw new Error('no bench has begun')
  const limit = AbortSignal.timeout(LONGEST)
  while (!commandsIn(`br100-bench-${pid}-a`).includes('send-datagrams'))
    await sleep(20, undefined, { signal: limit })
  return Object.assign(child, { pid })
}

/** Some may have ended meanwhile. */
function commandsIn(space: string): string {
  const { stdout } = spawnSync('ip', ['netns', 'pids', space], { encoding: 'utf8' })
  const files = stdout.split('\n').flatMap((pid) => (pid === '' ? [] : `/proc/${pid}/cmdline`))
  return spawnSync('cat', ['/dev/null', ...files], { encoding: 'utf8' }).stdout
}

const canRun = (t: Test): boolean => canRunLive(t) && needs(t, 'bridge', 'iptables-legacy-restore')

/** A name that `ip` takes for something else where it may. */
const PORTS =
  'ports:\n  a: { tap: vnet0, mac: fa:16:3e:00:00:01 }\n  eth2: { packet: eth2, guard: { mac: 02:00:00:00:00:77, ip: 10.0.0.7 } }\n'

/** The numbers of a row, by its title. */
function numbersOf(text: string, title: string): number[] {
  const row = text.split('\n').find((line) => line.startsWith(`${title} `)) ?? ''
  return row
    .slice(title.length)
    .trim()
    .split(/ +/)
    .map((cell) => Number(cell.replaceAll(',', '')))
}

t.test('a bridge with rules beside the kernel: figures, ratios and counts', async (t) => {
  if (!canRun(t)) return
  const killed = await underWay()
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  t.equal(spacesOf(killed.pid).length, 3, 'who is killed leaves something behind')
  file(
    'two.rules',
    '*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -m physdev --physdev-in a -j ACCEPT\nCOMMIT\n',
  )
  const { status, stdout, stderr } = bench([file('two.yaml', `${PORTS}rules: two.rules\n`), ...SHORT])
  t.equal(stderr, '')
  t.equal(status, 0)
  t.match(stdout, /^1 round +br100 \((uring|rw)\) +kernel +to kernel$/m)
  for (const [title, digits] of [
    ['small UDP, packets/s', 0],
    ['TCP, Gbit/s', 1],
    ['lone ping, µs', 0],
    ['start to first frame, ms', 0],
  ] as const) {
    const [ours, kernel, ratio] = numbersOf(stdout, title)
    t.ok(ours > 0 && kernel > 0, title)
    const rounding = 0.5 * 10 ** -digits
    const [least, most] = [(ours - rounding) / (kernel + rounding), (ours + rounding) / (kernel - rounding)]
    t.ok(ratio > least - 0.01 && ratio < most + 0.01, `${title}: ${ours} to ${kernel} is ${ratio}`)
  }
  for (const contender of ['br100 (uring)', 'br100 (rw)', 'kernel'].filter((name) =>
    stdout.includes(`\n${name} `),
  )) {
    const [sent, entered, left, received] = numbersOf(stdout, contender)
    t.ok(sent >= entered && entered >= left && left >= received && received > 0, `${contender}: ${stdout}`)
  }
  t.strictSame(spacesOf(killed.pid), [], 'what the one that was killed has left is gone')
})

t.test('what rules drop comes through neither; a kernel that refuses them takes no part', async (t) => {
  if (!canRun(t)) return
  // More lines than anybody reads: they are lost, and the bridge goes on.
  file('udp.rules', '*filter\n-A FORWARD -p udp -j LOG\n-A FORWARD -p udp -j DROP\nCOMMIT\n')
  const config = file('udp.yaml', `${PORTS}  vnet1: { tap: c }\nrules: udp.rules\n`)
  const refusing = join(folder, 'refusing')
  mkdirSync(refusing)
  writeFileSync(join(refusing, 'iptables-legacy-restore'), '#!/bin/sh\necho line 2 failed >&2\nexit 1\n', {
    mode: 0o755,
  })
  const { status, stdout, stderr } = bench([config, ...SHORT, '--json'], `${refusing}:${process.env['PATH']}`)
  t.match(stderr, /^br100: vnet1: not measured/m)
  t.match(stderr, /^br100: kernel took no part: iptables-legacy-restore: line 2 failed$/m)
  t.match(stderr, /^br100: br100 dropped [1-9][\d,]+: filter FORWARD: -p udp -j DROP$/m)
  t.equal(status, 0)
  const { contenders, missing } = JSON.parse(stdout) as {
    contenders: Record<
      string,
      { medians: Record<string, number | null>; rounds: Array<Record<string, unknown>> }
    >
    missing: Record<string, string>
  }
  t.strictSame(Object.keys(contenders), ['br100'])
  t.match(missing['kernel'], /line 2 failed/)
  const { medians, rounds } = contenders['br100']
  t.equal(medians['small'], null)
  t.ok(medians['tcp']! > 0 && medians['ping']! > 0 && medians['start']! > 0)
  t.match(rounds[0], { datagrams: { left: 0, received: 0 } })
  const { sent, entered } = rounds[0]['datagrams'] as Record<string, number>
  const { drops } = rounds[0] as { drops: Record<string, number> }
  t.ok(sent >= entered && entered > 0)
  t.equal(drops['filter FORWARD: -p udp -j DROP'], entered, 'whatever came in was dropped by the rule')
})

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  t.test(`${signal} in the middle leaves nothing`, async (t) => {
    if (!canRun(t)) return
    const child = await underWay()
    t.equal(spacesOf(child.pid).length, 3)
    child.kill(signal)
    t.strictSame(await once(child, 'exit'), [status, null])
    t.strictSame(spacesOf(child.pid), [])
  })

t.test('mistakes are told before anything is made', async (t) => {
  if (!canRun(t)) return
  t.match(bench(['--rounds', '0']), {
    status: 2,
    stderr: '--rounds 0: expected a whole number from 1 to 1000',
  })
  t.match(bench(['--seconds', 'long']), { status: 2, stderr: '--seconds long: expected a whole number' })
  t.match(bench(['--io', 'pigeon']), { status: 2, stderr: '--io pigeon: expected one of auto, uring, rw' })
  const lone = file('lone.yaml', 'ports: { a: { tap: a } }\n')
  t.match(bench([lone]), { status: 1, stderr: `${lone}: ports: 1 port, expected 2` })
  const wrong = file('wrong.yaml', 'ports:\n  a: { tap: a }\n  b: { tap: b, mtu: 1 }\n')
  t.match(bench([wrong]), { status: 1, stderr: `${wrong}:3: ports.b.mtu: expected a whole number` })
  const rules = file('wrong.rules', '*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n')
  const withRules = file('with-rules.yaml', 'ports: { a: { tap: a }, b: { tap: b } }\nrules: wrong.rules\n')
  t.match(bench([withRules]), { status: 1, stderr: `${rules}:2: ` })
  t.match(
    spawnSync('unshare', ['-U', process.execPath, BR100, 'bench'], { encoding: 'utf8', timeout: LONGEST }),
    {
      status: 1,
      stderr: 'bench: root is needed',
    },
  )
})

t.test('no folder is left', async (t) => {
  t.strictSame(readdirSync(own), [])
})
