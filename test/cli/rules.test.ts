/** br100 rules and br100 explain, and replay with rules, as processes. */
import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { writePcap } from '../captures.js'
import { udpFrame } from '../netfilter/frames.js'
import { needs, run } from '../tools.js'

const BOOT = 'pcaps/golden/boot'
const PORTS = ['eth2', 'vnet0', 'vnet1'].flatMap((port) => ['--port', `${port}=${BOOT}/c1-${port}.in.pcap`])

const folder = mkdtempSync(join(tmpdir(), 'br100-test-'))
t.teardown(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function br100(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['dist/src/cli/main.js', ...options], { encoding: 'utf8' })
}

const RULES = file(
  'a.rules',
  '*filter\n:pings - [0:0]\n-A FORWARD -p icmp -j pings\n-A pings -s 10.0.0.2 -d 10.0.0.3 -m icmp -p icmp --icmp-type 8 -j LOG --log-prefix "ping: "\n' +
    '-A pings -s 10.0.0.2 -d 10.0.0.3 -j DROP\nCOMMIT\n',
)

t.test('rules check tells every mistake, and what could not be decided', async (t) => {
  const good = br100('rules', 'check', RULES)
  t.equal(good.stdout, `${RULES}: 1 table, 4 chains, 3 rules\n`)
  t.equal(good.status, 0)
  const bad = file('bad.rules', '*filter\n-A FORWARD -p tcp --dport 70000\n-A NOPE -j ACCEPT\nCOMMIT\n')
  const { status, stderr } = br100('rules', 'check', bad)
  t.equal(status, 1)
  t.equal(
    stderr,
    `br100: ${bad}:2: --dport 70000: a port is 0-65535\nbr100: ${bad}:3: NOPE: no such chain in the table filter\n`,
  )
  const ours = br100('rules', 'check', `${BOOT}/c1.rules`)
  t.same([ours.stderr, ours.status], ['', 0], 'rules of a FlatDHCP node')
  const sctp = file('sctp.rules', '*filter\n-A FORWARD -p sctp -m sctp --dport 9\nCOMMIT\n')
  const undecided = br100('rules', 'check', sctp)
  t.match(undecided.stderr, /sctp\.rules:2: -m sctp: cannot be decided yet\n/)
  t.equal(undecided.status, 1)
  t.match(br100('rules', 'check', join(folder, 'none')), { status: 1, stderr: /ENOENT/ })
  t.match(br100('rules', 'check', folder), {
    status: 1,
    stderr: `br100: ${folder}: is a folder, expected a file\n`,
  })
  t.equal(br100('rules', 'check').status, 2)
})

t.test('rules save prints what iptables-save prints', async (t) => {
  const { stdout } = br100('rules', 'save', `${BOOT}/c1.rules`)
  const saved = readFileSync(`${BOOT}/c1.rules`, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
  t.same(stdout.split('\n'), saved)
})

t.test('rules show prints the code with each rule beside it', async (t) => {
  const { stdout, status } = br100('rules', 'show', RULES)
  t.equal(status, 0)
  t.match(stdout, '  // -A FORWARD -p icmp -j pings\n  if (protocol === 1) {\n')
  t.match(stdout, '  // -A pings -s 10.0.0.2/32 -d 10.0.0.3/32 -j DROP\n')
})

t.test('rules diff: the rules, and a packet', async (t) => {
  const other = file(
    'b.rules',
    readFileSync(RULES, 'utf8').replace('-d 10.0.0.3 -j DROP', '-d 10.0.0.4 -j DROP'),
  )
  const { stdout, status } = br100('rules', 'diff', RULES, other)
  t.equal(status, 1)
  t.match(stdout, /^\*filter\n- -A pings -s 10\.0\.0\.2\/32 -d 10\.0\.0\.3\/32 -j DROP\n\+ /)
  t.match(stdout, /IP 10\.0\.0\.2 > 10\.0\.0\.[34]: ICMP .* at FORWARD: .*a\.rules: \w+, .*b\.rules: \w+\n$/)
  t.match(br100('rules', 'diff', RULES, RULES), { status: 0, stdout: /^$/, stderr: /^$/ })
})

t.test('replay with rules: verdicts, log lines, counters', async (t) => {
  const counters = join(folder, 'counters')
  const { stdout, stderr, status } = br100(
    'replay',
    ...PORTS,
    '--rules',
    RULES,
    '--save-counters',
    counters,
    '--json',
  )
  t.equal(status, 0)
  const report = JSON.parse(stdout) as { dropped: number; drops: Record<string, number> }
  const dropped = report.drops['filter pings: -s 10.0.0.2/32 -d 10.0.0.3/32 -j DROP']
  t.ok(dropped > 0)
  t.equal(report.dropped, dropped)
  const lines = stderr.trimEnd().split('\n')
  t.ok(
    lines.every((line) =>
      /^ping: IN=br100 OUT=br100 PHYSIN=vnet0 PHYSOUT=\w+ MAC=.* PROTO=ICMP TYPE=8 /.test(line),
    ),
  )
  const saved = readFileSync(counters, 'utf8')
  t.match(saved, new RegExp(`^\\[${lines.length}:\\d+\\] -A pings .* -j LOG`, 'm'))
  t.match(saved, new RegExp(`^\\[${dropped}:\\d+\\] -A pings .* -j DROP`, 'm'))
  t.match(br100('replay', ...PORTS, '--save-counters', counters), {
    status: 2,
    stderr: /expected --rules FILE/,
  })
})

t.test('--nflog: what -j NFLOG sends, as tshark reads it', async (t) => {
  const rules = file(
    'nflog.rules',
    '*raw\n-A PREROUTING -p icmp -j NFLOG --nflog-group 5 --nflog-prefix "in: "\nCOMMIT\n' +
      '*filter\n-A FORWARD -p icmp -m physdev --physdev-out vnet1 -j NFLOG --nflog-group 70 --nflog-size 28\nCOMMIT\n',
  )
  const path = join(folder, 'logged.pcapng')
  const options = ['replay', ...PORTS, '--rules', rules, '--nflog']
  t.equal(br100(...options, path).status, 0)
  t.match(br100(...options, '-'), { status: 2, stderr: /--nflog -: expected a file/ })
  t.match(br100(...options, join(folder, 'none', 'x')), { status: 1, stderr: /ENOENT/ })
  t.match(br100('replay', ...PORTS, '--nflog', path), { status: 2, stderr: /expected --rules FILE/ })
  if (!needs(t, 'tshark')) return
  const fields = ['frame.interface_name', 'nflog.prefix', 'nflog.hook', 'frame.interface_description']
  const more = ['nflog.ifindex_physindev', 'nflog.ifindex_physoutdev', 'frame.len', 'icmp.type']
  const text = run(
    'tshark',
    '-r',
    path,
    '-T',
    'fields',
    ...[...fields, ...more].flatMap((name) => ['-e', name]),
  )
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
  const described = 'interfaces: 1 br100, 2 eth2, 3 vnet0, 4 vnet1'
  const incoming = lines.filter(([name]) => name === 'nflog:5')
  const forwarded = lines.filter(([name]) => name === 'nflog:70')
  t.ok(incoming.length > 10 && forwarded.length > 2 && incoming.length + forwarded.length === lines.length)
  for (const [, prefix, hook, description, , out] of incoming)
    t.strictSame([prefix, hook, description, out], ['in: ', '0', described, ''])
  for (const [, prefix, hook, description, , out, , type] of forwarded) {
    t.strictSame([prefix, hook, description, out], ['', '2', described, '4'])
    t.match(type, /^\d+$/, 'what is left of the datagram has the ICMP header')
  }
})

t.test('sets that rules name come from a file of ipset', async (t) => {
  const rules = file(
    'set.rules',
    '*filter\n-A FORWARD -p icmp -m set --match-set guests src -j DROP\nCOMMIT\n',
  )
  const sets = file(
    'sets',
    'create guests hash:ip family inet hashsize 1024 maxelem 65536\nadd guests 10.0.0.2\n',
  )
  const { stdout } = br100('replay', ...PORTS, '--rules', rules, '--sets', sets, '--json')
  const { drops } = JSON.parse(stdout) as { drops: Record<string, number> }
  t.same(Object.keys(drops), ['filter FORWARD: -p icmp -m set --match-set guests src -j DROP'])
  const missing = br100('replay', ...PORTS, '--rules', rules)
  t.match(missing, { status: 1, stderr: /set\.rules:2: --match-set guests: no such set/ })
  const bad = file('bad.sets', 'create x bitmap:port range 0-9\n')
  t.match(br100('replay', ...PORTS, '--rules', rules, '--sets', bad), { status: 1, stderr: /bad\.sets:1: / })
})

t.test("explain: the seed's question", async (t) => {
  const packet = ['--src', '192.168.56.202', '--dst', '10.0.0.2', '--proto', 'icmp']
  const { stdout, status } = br100('explain', '--rules', `${BOOT}/c1.rules`, '--output', 'eth1', ...packet)
  t.equal(status, 0)
  t.match(stdout, /^OUTPUT\n {2}nat OUTPUT: policy ACCEPT\n {2}\* filter OUTPUT 1: -j nova-filter-top\n/)
  t.ok(readFileSync('README.md', 'utf8').includes(`\`\`\`\n${stdout}\`\`\``), 'the README prints the same')
  t.match(
    stdout,
    /-m state --state RELATED,ESTABLISHED -j ACCEPT {3}\(no: -m state --state RELATED,ESTABLISHED\)\n/,
  )
  t.match(stdout, /\ndropped by filter nova-compute-sg-fallback: -j DROP\n$/)
  const established = br100(
    'explain',
    '--rules',
    `${BOOT}/c1.rules`,
    '--output',
    'eth1',
    ...packet,
    '--state',
    'ESTABLISHED',
  )
  t.match(established.stdout, /\naccepted\n$/)
  const marked = file(
    'marked.rules',
    '*filter\n-A FORWARD -m connmark --mark 1 -j DROP\n-A FORWARD -m conntrack --ctstate NEW --ctdir REPLY -j DROP\n' +
      '-A FORWARD -m state --state RELATED -j CONNMARK --set-mark 1\n-A FORWARD -m state --state RELATED -j DROP\nCOMMIT\n',
  )
  const related = br100(
    'explain',
    '--rules',
    marked,
    '--in',
    'a',
    '--output',
    'b',
    ...packet,
    '--state',
    'RELATED',
  )
  t.match(related.stdout, /dropped by filter FORWARD: -m state --state RELATED -j DROP\n$/)
  t.match(br100('explain', '--rules', RULES, ...packet), {
    status: 2,
    stderr: /expected --frame PORT:N, --in PORT, or --output/,
  })
})

t.test('explain: what NAT does', async (t) => {
  const rules = file(
    'nat.rules',
    '*nat\n-A PREROUTING -d 10.0.0.130 -p tcp -j DNAT --to-destination 10.0.0.3:8080\n' +
      '-A POSTROUTING -j SNAT --to-source 10.0.0.9\nCOMMIT\n',
  )
  const packet = [
    '--src',
    '10.0.0.2',
    '--dst',
    '10.0.0.130',
    '--proto',
    'tcp',
    '--sport',
    '1000',
    '--dport',
    '80',
  ]
  const { stdout } = br100('explain', '--rules', rules, '--in', 'eth2', '--output', 'vnet0', ...packet)
  t.match(
    stdout,
    '  NEW: src=10.0.0.2 dst=10.0.0.130 sport=1000 dport=80 src=10.0.0.3 dst=10.0.0.2 sport=8080 dport=1000\n' +
      '  10.0.0.2:1000 > 10.0.0.130:80 became 10.0.0.2:1000 > 10.0.0.3:8080\n',
  )
  t.match(stdout, '  10.0.0.2:1000 > 10.0.0.3:8080 became 10.0.0.9:1000 > 10.0.0.3:8080\n\naccepted\n')
})

t.test('replay --conntrack: the connections at the end, as conntrack -L prints them', async (t) => {
  const path = join(folder, 'connections')
  const options = ['replay', ...PORTS, '--rules', `${BOOT}/c1.rules`, '--json', '--conntrack', path]
  t.equal(br100(...options).status, 0)
  const timeless = (line: string): string => line.replace(/^(\w+ +\d+) \d+/, '$1').replace(/ use=\d+$/, '')
  const sorted = (from: string): string[] => readFileSync(from, 'utf8').split('\n').map(timeless).toSorted()
  t.strictSame(sorted(path), sorted(`${BOOT}/c1.conntrack`))
  const node = file('timeouts.yaml', 'conntrack: { icmp_timeout: 5000, acct: true }\n')
  t.equal(br100(...options, '--node', node).status, 0)
  t.match(readFileSync(path, 'utf8'), /^icmp +1 4\d\d\d src=.* packets=\d+ bytes=\d+ src=/m)
  t.match(br100(...options.slice(0, -1), '-'), { status: 2, stderr: /--conntrack -: expected a file/ })
  t.match(br100('replay', ...PORTS, '--conntrack', path), { status: 2, stderr: /expected --rules FILE/ })
  t.match(br100(...options.slice(0, -1), join(folder, 'none', 'x')), { status: 1, stderr: /ENOENT/ })
})

t.test('--checksums: captured before the card has filled them in', async (t) => {
  const path = join(folder, 'offloaded.pcap')
  const frame = Buffer.from(udpFrame({ sport: 1000, dport: 2000 }))
  frame.writeUInt16BE(0x1234, 40)
  writePcap(
    path,
    [0, 1, 2].map((seconds) => ({ seconds, nanoseconds: 0, frame })),
  )
  const rules = file('invalid.rules', '*filter\n-A FORWARD -m state --state INVALID -j DROP\nCOMMIT\n')
  const options = [
    'replay',
    '--port',
    `a=${path}`,
    '--port',
    `b=${BOOT}/c1-eth2.in.pcap`,
    '--rules',
    rules,
    '--json',
  ]
  const dropped = (stdout: string): number => (JSON.parse(stdout) as { dropped: number }).dropped
  const verifying = br100(...options)
  t.equal(verifying.status, 0)
  t.match(verifying.stderr, /^br100: a: 3 of 3 frames have wrong checksums, .*--checksums trust .*\n$/)
  const trusting = br100(...options, '--checksums', 'trust')
  t.same([trusting.status, trusting.stderr], [0, ''])
  t.equal(dropped(verifying.stdout) - dropped(trusting.stdout), 3)
  t.match(br100(...options, '--checksums', 'maybe'), { status: 2, stderr: /expected verify or trust/ })
})

t.test('explain: a frame of a replay', async (t) => {
  const stages = (number: number): string[] => {
    const { stdout } = br100('explain', ...PORTS, '--rules', RULES, '--frame', `vnet0:${number}`, '--json')
    return (JSON.parse(stdout) as { stages: Array<{ name: string }> }).stages.map(({ name }) => name)
  }
  t.same(stages(2), ['PREROUTING', 'FORWARD to vnet1', 'FORWARD to eth2', 'INPUT'], 'a broadcast')
  t.match(br100('explain', ...PORTS, '--rules', RULES, '--in', 'vnet0'), {
    status: 2,
    stderr: /captures given, expected --frame/,
  })
  t.match(br100('explain', ...PORTS, '--rules', RULES, '--frame', 'vnet0:1', '--src', '1.2.3.4'), {
    status: 2,
    stderr: /--src: describes a packet/,
  })
  t.match(br100('explain', ...PORTS, '--rules', RULES, '--frame', 'vnet0:999'), {
    status: 2,
    stderr: /no such frame/,
  })
})

t.test('explain: a frame that the guard of its port does not let in', async (t) => {
  const node = file('guard.yaml', 'ports: { vnet0: { guard: { ip: 10.9.9.9 } } }\n')
  const asked = ['--rules', RULES, '--node', node, '--frame', 'vnet0:3']
  const { stdout } = br100('explain', ...PORTS, ...asked, '--json')
  t.same(JSON.parse(stdout), { stages: [], dropped: ['arp-spoof'] })
  t.match(br100('explain', ...PORTS, ...asked).stdout, /dropped.*arp-spoof/i)
})

t.test('SIGHUP: the rules are read anew between two packets', async (t) => {
  const rules = file('reload.rules', '*filter\n-A FORWARD -j LOG\nCOMMIT\n')
  const capture = readFileSync(`${BOOT}/c1-vnet0.in.pcap`)
  const half = cutAtRecord(capture, 20)
  const options = [
    'replay',
    '--port',
    'vnet0=-',
    '--port',
    `eth2=${BOOT}/c1-eth2.in.pcap`,
    '--rules',
    rules,
    '--json',
  ]
  const child = spawn(process.execPath, ['dist/src/cli/main.js', ...options])
  t.teardown(() => child.kill('SIGKILL'))
  const out = collect(child.stdout)
  const said = collect(child.stderr)
  child.stdin.write(capture.subarray(0, half))
  await until(() => said.text.includes('IN=br100'), 10_000)
  const hangUp = async (text: string, answer: RegExp): Promise<void> => {
    writeFileSync(rules, text)
    child.kill('SIGHUP')
    await until(() => answer.test(said.text), 10_000)
    t.match(said.text, answer)
  }
  await hangUp('*filter\n-A FORWARD -j NOBODY\nCOMMIT\n', /reload\.rules:2: -j NOBODY.*\n.*stay as they were/)
  await hangUp('*filter\n-A FORWARD -j DROP\nCOMMIT\n', /reload\.rules: rules read anew/)
  child.stdin.end(capture.subarray(half))
  const [status] = (await once(child, 'close')) as [number]
  t.equal(status, 0, said.text)
  const report = JSON.parse(out.text) as { drops: Record<string, number>; forwarded: number }
  t.ok(report.forwarded > 0, 'the first packets passed')
  t.ok(report.drops['filter FORWARD: -j DROP'] > 0, 'the later ones did not')
})

/** Where the record begins that comes after `count` ones. */
function cutAtRecord(capture: Buffer, count: number): number {
  let at = 24
  for (let i = 0; i < count; i++) at += 16 + capture.readUInt32LE(at + 8)
  return at
}

function collect(stream: Readable): { text: string } {
  const collected = { text: '' }
  stream.setEncoding('utf8').on('data', (text: string) => (collected.text += text))
  return collected
}

/** Waits until it holds, or so many milliseconds. */
async function until(holds: () => boolean, most: number): Promise<void> {
  for (let waited = 0; waited < most && !holds(); waited += 20) await setTimeout(20)
}
