/** `br100 capture`: what is captured of a bridge at work is what crossed it, and nobody is kept waiting by who reads. */
import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import { needs, run } from '../tools.js'
import { LiveHosts, canRunLive } from './live-hosts.js'
import type { LiveBridge } from './live-hosts.js'
import { temporaryFolder } from './temporary.js'

const [A, B, OTHER] = ['10.99.0.1', '10.99.0.2', '10.99.0.9']
const [MAC_A, MAC_B] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b']
const BR100 = 'dist/src/cli/main.js'
t.setTimeout(300_000)

interface TwoHosts {
  hosts: LiveHosts
  bridge: LiveBridge
}

/** Two hosts whose neighbours are known to them: nothing crosses the bridge but what the test sends. */
async function twoHosts(t: Test, rules: string, ...options: string[]): Promise<TwoHosts> {
  const hosts = new LiveHosts('a', 'b')
  t.teardown(() => hosts.remove())
  const path = hosts.file(rules, `${hosts.namespace('rules')}.rules`)
  const bridge = await hosts.startBridge(
    `ports:
  tapA: { tap: tapA, netns: ${hosts.namespace('a')}, mac: ${MAC_A} }
  tapB: { tap: tapB, netns: ${hosts.namespace('b')}, mac: ${MAC_B} }
rules: ${path}
`,
    ...options,
  )
  const sides = [
    ['a', 'tapA', A, B, MAC_B],
    ['b', 'tapB', B, A, MAC_A],
  ]
  for (const [host, device, own, other, mac] of sides) {
    hosts.on(host, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
    hosts.on(host, 'ip', 'addr', 'add', `${own}/24`, 'dev', device)
    hosts.on(host, 'ip', 'neigh', 'replace', other, 'lladdr', mac, 'dev', device)
  }
  hosts.on('a', 'ip', 'neigh', 'replace', OTHER, 'lladdr', MAC_B, 'dev', 'tapA')
  await sleep(200) // the last frames of IPv6
  return { hosts, bridge }
}

/** `br100 capture` at work. */
class Capturing {
  stdout = Buffer.alloc(0)
  stderr = ''
  readonly child: ChildProcess

  private constructor(child: ChildProcess) {
    this.child = child
    child.stdout!.on('data', (bytes: Buffer) => (this.stdout = Buffer.concat([this.stdout, bytes])))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** Begins, and waits until frames are captured. */
  static async begin(hosts: LiveHosts, ...words: string[]): Promise<Capturing> {
    const options = [BR100, 'capture', ...words, '--socket', hosts.socket]
    const capturing = new Capturing(hosts.start('bridge', process.execPath, ...options))
    const limit = AbortSignal.timeout(15_000)
    while (!capturing.stderr.includes('capturing at'))
      await once(capturing.child.stderr!, 'data', { signal: limit })
    return capturing
  }

  /** Its exit status. */
  async end(signal: NodeJS.Signals | null = 'SIGINT'): Promise<number | null> {
    if (signal !== null) this.child.kill(signal)
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }
}

const ping = (hosts: LiveHosts, ...words: string[]): string =>
  hosts.on('a', 'ping', '-i', '0.1', '-W', '1', ...words).stdout

const FIELDS = ['frame.interface_name', 'frame.packet_flags_direction', 'ip.src', 'ip.dst', 'icmp.seq']

const [CAME_IN, WENT_OUT] = ['0x00000001', '0x00000002']

/** What tshark reads of the frames, a line each. */
function rows(path: string, fields: readonly string[] = FIELDS): string[] {
  const options = fields.flatMap((field) => ['-e', field])
  return run('tshark', '-r', path, '-T', 'fields', '-E', 'separator=,', ...options)
    .split('\n')
    .filter((line) => line !== '')
}

let files = 0
const newFile = (): string => join(temporaryFolder(), `capture-${files++}.pcapng`)

const LEARNED = `*filter
-A FORWARD -m state --state INVALID -j DROP
COMMIT
`

for (const io of ['uring', 'rw'])
  t.test(`by ${io}: interfaces, directions, and who dropped what`, async (t) => {
    if (!canRunLive(t) || !needs(t, 'tshark')) return
    const drop = '-d 10.99.0.9/32 -p icmp -j DROP'
    const { hosts } = await twoHosts(t, `*filter\n-A FORWARD ${drop}\nCOMMIT\n`, '--io', io)
    const path = newFile()
    const capturing = await Capturing.begin(hosts, 'all', '-w', path)
    t.match(ping(hosts, '-c', '2', B), / 2 received/)
    t.match(ping(hosts, '-c', '1', OTHER), / 0 received/)
    t.equal(await capturing.end(), 0)
    t.equal(capturing.stderr, 'capturing at all ports\n9 frames captured, 0 not\n')
    const [there, back] = [`${A},${B}`, `${B},${A}`]
    const [first, second] = [1, 2].map((n) => [
      `tapA,${CAME_IN},${there},${n},`,
      `tapB,${WENT_OUT},${there},${n},`,
      `tapB,${CAME_IN},${back},${n},`,
      `tapA,${WENT_OUT},${back},${n},`,
    ])
    const dropped = `tapA,${CAME_IN},${A},${OTHER},1,dropped: filter FORWARD: ${drop}`
    t.strictSame(rows(path, [...FIELDS, 'frame.comment']), [...first, ...second, dropped])
    t.match(hosts.ask('show', 'drops').stdout, `dropped 1: filter FORWARD: ${drop}`)
  })

/** The bytes of frames, in hexadecimal lines of 16. */
const hexOf = (path: string, filter: string): string[] =>
  run('tshark', '-r', path, '-Y', filter, '-x')
    .split('\n')
    .filter((line) => /^[0-9a-f]{4} /.test(line))

t.test(
  'the bytes are those at that point: before NAT where they come in, after it where they leave',
  async (t) => {
    if (!canRunLive(t) || !needs(t, 'tshark', 'tcpdump')) return
    const { hosts } = await twoHosts(
      t,
      '*nat\n-A POSTROUTING -s 10.99.0.1 -j SNAT --to-source 10.99.0.7\nCOMMIT\n',
    )
    hosts.on('b', 'ip', 'neigh', 'replace', '10.99.0.7', 'lladdr', MAC_A, 'dev', 'tapB')
    const [ours, atA, atB] = [newFile(), `${newFile()}.a`, `${newFile()}.b`]
    const oracles = [
      hosts.start('a', 'tcpdump', '-U', '-i', 'tapA', '-Q', 'out', '-w', atA, 'icmp'),
      hosts.start('b', 'tcpdump', '-U', '-i', 'tapB', '-Q', 'in', '-w', atB, 'icmp'),
    ]
    await Promise.all(oracles.map(async (oracle) => once(oracle.stderr!, 'data')))
    const capturing = await Capturing.begin(hosts, 'all', '-w', ours, '-p', 'icmp')
    ping(hosts, '-c', '3', '-s', '300', B)
    await sleep(300)
    for (const oracle of oracles) oracle.kill('SIGINT')
    await Promise.all(oracles.map(async (oracle) => once(oracle, 'exit')))
    t.equal(await capturing.end(), 0)
    const direction = (value: string): string => `icmp.type==8 && frame.packet_flags_direction==${value}`
    const before = hexOf(atA, 'icmp.type==8')
    const after = hexOf(atB, 'icmp.type==8')
    t.equal(before.length, 3 * 22, 'three frames of 342 bytes')
    t.not(before.join(), after.join())
    t.strictSame(hexOf(ours, direction(CAME_IN)), before)
    t.strictSame(hexOf(ours, direction(WENT_OUT)), after)
  },
)

t.test('one port, a filter, a number of frames', async (t) => {
  if (!canRunLive(t) || !needs(t, 'tshark')) return
  const { hosts } = await twoHosts(t, LEARNED)
  const [two, filtered, left] = [newFile(), newFile(), newFile()]
  const capturings = await Promise.all([
    Capturing.begin(hosts, 'tapA', '-w', two, '-c', '2'),
    Capturing.begin(
      hosts,
      'all',
      '-w',
      filtered,
      '-p',
      'icmp',
      '--icmp-type',
      'echo-reply',
      '!',
      '-o',
      'tapA',
    ),
    Capturing.begin(hosts, 'all', '-w', left, '-o tapA -s 10.99.0.2'),
  ])
  t.match(ping(hosts, '-c', '3', B), / 3 received/)
  t.equal(await capturings[0].end(null), 0, 'it ends by itself')
  for (const capturing of capturings.slice(1)) t.equal(await capturing.end(), 0)
  t.strictSame(rows(two), [`tapA,${CAME_IN},${A},${B},1`, `tapA,${WENT_OUT},${B},${A},1`])
  t.match(capturings[0].stderr, /^2 frames captured, 0 not$/m)
  t.strictSame(
    rows(filtered),
    [1, 2, 3].map((n) => `tapB,${CAME_IN},${B},${A},${n}`),
  )
  t.strictSame(
    rows(left),
    [1, 2, 3].map((n) => `tapA,${WENT_OUT},${B},${A},${n}`),
  )
})

t.test('a line each, and pcapng by a pipe', async (t) => {
  if (!canRunLive(t) || !needs(t, 'tshark')) return
  const { hosts } = await twoHosts(t, '*filter\n-A FORWARD -p icmp -m length --length 500: -j DROP\nCOMMIT\n')
  const capturing = await Capturing.begin(hosts, 'all')
  const command = `${process.execPath} ${BR100} capture tapB -w - --socket ${hosts.socket} | tshark -l -r -`
  const shell = hosts.start('bridge', 'sh', '-c', command)
  let [read, said] = ['', '']
  shell.stdout!.setEncoding('utf8').on('data', (text: string) => (read += text))
  shell.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text))
  while (!said.includes('capturing at')) await once(shell.stderr!, 'data')
  ping(hosts, '-c', '1', B)
  ping(hosts, '-c', '1', '-s', '600', B)
  await sleep(1000)
  t.match(read, /Echo \(ping\) request .*\n.*Echo \(ping\) reply/, 'it comes while more is captured')
  t.equal(await capturing.end('SIGTERM'), 0)
  const lines = capturing.stdout.toString().trimEnd().split('\n')
  t.equal(lines.length, 5)
  const time = String.raw`\d\d:\d\d:\d\d\.\d{6}`
  const echo = String.raw`IP 10\.99\.0\.1 > 10\.99\.0\.2: ICMP echo request, id \d+, seq 1, length`
  t.match(lines[0], new RegExp(`^${time} tapA in ${echo} 64$`))
  t.match(lines[1], new RegExp(`^${time} tapB out ${echo} 64$`))
  const why = String.raw`\[dropped: filter FORWARD: -p icmp -m length --length 500:65535 -j DROP\]`
  t.match(lines[4], new RegExp(`^${time} tapA in ${echo} 608 ${why}$`))
})

/** Sends a frame by a device, a virtio header of zeroes before it. */
const BY_DEVICE = `import { loadNative } from './dist/src/io/native.js'
const native = loadNative()
const [device, hex] = process.argv.slice(1)
const frame = Buffer.concat([Buffer.alloc(10), Buffer.from(hex, 'hex')])
native.writeFrames(native.openPacket(device), frame, Int32Array.of(0), Int32Array.of(frame.length), 1)`
/** To B, from a third station, with VLAN 7: an echo request from 10.98.0.1 to 10.98.0.2. */
const TAGGED =
  '02000000000b02000000000c8100000708004500001c0001000040011a1e' +
  '0a6200010a6200020800f7fd00010001' +
  '00'.repeat(18)

t.test('a VLAN tag is captured, and what bridges drop', async (t) => {
  if (!canRunLive(t) || !needs(t, 'tshark')) return
  const { hosts } = await twoHosts(t, LEARNED)
  const path = newFile()
  hosts.on('a', 'ip', 'neigh', 'replace', '10.99.0.8', 'lladdr', MAC_A, 'dev', 'tapA')
  ping(hosts, '-c', '1', B)
  const capturing = await Capturing.begin(hosts, 'all', '-w', path)
  const send = [process.execPath, '--input-type=module', '-e', BY_DEVICE, 'tapA', TAGGED]
  t.equal(hosts.on('a', ...send).stderr, '')
  ping(hosts, '-c', '1', '10.99.0.8')
  t.equal(await capturing.end(), 0)
  t.strictSame(rows(path, ['frame.interface_name', 'vlan.id', 'ip.dst', 'frame.comment']), [
    'tapA,7,10.98.0.2,',
    'tapB,7,10.98.0.2,',
    'tapA,,10.99.0.8,dropped: same-port',
  ])
})

t.test('a reader who does not read keeps nobody waiting, and what is lost is counted', async (t) => {
  if (!canRunLive(t) || !needs(t, 'tshark')) return
  const { hosts } = await twoHosts(t, LEARNED)
  const path = newFile()
  const capturing = await Capturing.begin(hosts, 'all', '-w', path)
  capturing.child.kill('SIGSTOP')
  const isStopped = (): boolean => / T /.test(readFileSync(`/proc/${capturing.child.pid}/stat`, 'utf8'))
  while (!isStopped()) await sleep(10)
  t.match(hosts.on('a', 'ping', '-f', '-q', '-c', '1000', '-s', '60000', B).stdout, / 1000 received/)
  t.equal(hosts.ask('show', 'ports').status, 0)
  capturing.child.kill('SIGCONT')
  await sleep(1000)
  t.match(ping(hosts, '-c', '1', B), / 1 received/)
  t.equal(await capturing.end(), 0)
  const [, frames, lost] =
    /^(\d+) frames captured, (\d+) not \(the reader was too slow\)$/m.exec(capturing.stderr) ?? []
  t.ok(Number(frames) > 100 && Number(lost) > 100, capturing.stderr)
  const ports = JSON.parse(hosts.ask('show', 'ports', '--json').stdout) as Record<string, Totals>
  const carried = Object.values(ports).reduce((sum, port) => sum + port.rxFrames + port.txFrames, 0)
  t.ok(Number(frames) + Number(lost) <= carried)
  t.equal(rows(path, ['frame.number']).length, Number(frames))
})

interface Totals {
  rxFrames: number
  txFrames: number
}

t.test('ports come and go, captures end, and the bridge does', async (t) => {
  if (!canRunLive(t) || !needs(t, 'tshark')) return
  const { hosts, bridge } = await twoHosts(t, LEARNED)
  const path = newFile()
  const capturing = await Capturing.begin(hosts, 'all', '-w', path, '-c', '1000000')
  t.equal(hosts.ask('port', 'del', 'tapB').status, 0)
  const settings = `{ tap: tapC, netns: ${hosts.namespace('b')}, mac: ${MAC_B} }`
  t.equal(hosts.ask('port', 'add', 'third', settings).status, 0)
  hosts.on('b', 'ip', 'addr', 'add', `${B}/24`, 'dev', 'tapC')
  t.match(ping(hosts, '-c', '1', B), / 1 received/)
  const broken = await Capturing.begin(hosts, 'all')
  broken.child.kill('SIGKILL')
  t.match(ping(hosts, '-c', '1', B), / 1 received/)
  t.equal(await bridge.end('SIGTERM'), 0, bridge.stderr)
  t.equal(await capturing.end(null), 0)
  t.ok(rows(path).some((row) => row.startsWith(`third,${WENT_OUT},${A},${B},1`)))
  t.match(run('capinfos', path), /Number of interfaces in file: 3/)
})

t.test('what is wrong is told, and no file is made', async (t) => {
  if (!canRunLive(t)) return
  const { hosts } = await twoHosts(t, LEARNED)
  const path = newFile()
  const told = (...words: string[]): unknown => hosts.ask('capture', ...words, '-w', path)
  t.match(told('tapZ'), { status: 1, stderr: 'br100: tapZ: there is no such port\n' })
  t.match(told('all', '--nonsense'), {
    status: 2,
    stderr: 'br100: filter: --nonsense: no option of the rule or of a match or target before it\n',
  })
  t.match(told('all', '-p', 'tcp', '-j', 'DROP'), {
    status: 2,
    stderr: /filter: -j or -g: a filter only asks/,
  })
  t.match(told('all', '-m state --state NEW'), { status: 2, stderr: /filter: .*each frame by itself/ })
  t.match(told('all', '-m', 'owner', '--uid-owner', '0'), { status: 1, stderr: /owner/ })
  t.match(told('all', '-c', 'many'), { status: 2, stderr: /--count many: expected a whole number above 0/ })
  t.match(hosts.ask('capture'), { status: 2, stderr: /missing required argument 'port'/ })
  t.throws(() => readFileSync(path), { code: 'ENOENT' })
  t.match(hosts.ask('capture', 'all', '-w', join(path, 'x')), { status: 1, stderr: /ENOENT|ENOTDIR/ })
  t.match(ping(hosts, '-c', '1', B), / 1 received/)
})
