import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { folderFor, readPcap, section, interfaceBlock, writePcap } from '../captures.js'
import { needs, run } from '../tools.js'

const BR100 = 'dist/src/cli/main.js'
const ETH2 = 'pcaps/golden/boot/c1-eth2.in.pcap'
const VNET0 = 'pcaps/golden/boot/c1-vnet0.in.pcap'
const VNET1 = 'pcaps/golden/boot/c1-vnet1.in.pcap'
const PORTS = ['--port', `eth2=${ETH2}`, '--port', `vnet0=${VNET0}`, '--port', `vnet1=${VNET1}`]

function br100(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BR100, ...options], { encoding: 'utf8' })
}

t.test('the report, as text', async (t) => {
  const { status, stdout, stderr } = br100('replay', ...PORTS, '--bridge', 'brX')
  t.equal(status, 0)
  t.equal(stderr, '', 'no progress bar in a pipe')
  t.match(stdout, /^120 frames in \d+\.\d{3} s, [\d,]+ a second$/m)
  t.match(stdout, /^eth2 +51 +17,812 +52 +16,960$/m)
  t.match(stdout, /^brX: 109 forwarded, 11 flooded, 0 delivered to the node alone, 0 dropped$/m)
  t.match(stdout, /^vnet1 +fa:16:3e:06:5c:27 +no +\d+\.\d\d$/m)
})

t.test('a progress bar on a terminal while long input is read, none in a pipe', async (t) => {
  if (!needs(t, 'script')) return
  const [frames, bytes] = [1100, 64_000]
  const records = Array.from({ length: frames }, (_, i) => ({
    seconds: 1,
    nanoseconds: i * 900_000,
    frame: Buffer.alloc(bytes, 2),
  }))
  const path = writePcap(join(folderFor(t), 'long.pcap'), records)
  const command = ['replay', path, '--speed', '1']
  const inPipe = br100(...command)
  t.equal(inPipe.stderr, '')
  const onTerminal = run('script', '-qec', [process.execPath, BR100, ...command].join(' '), '/dev/null')
  t.match(onTerminal, new RegExp(`=+-+ [1-9]\\d% of ${24 + frames * (16 + bytes)} bytes, `))
  t.match(onTerminal, /1,100 frames in /, 'the report follows where it was')
})

t.test('the report, as JSON and nothing else', async (t) => {
  const { status, stdout } = br100('replay', ...PORTS, '--json')
  t.equal(status, 0)
  const report = JSON.parse(stdout) as Record<string, unknown>
  t.match(report, {
    ports: { eth2: { rxFrames: 51, rxBytes: 17812, txFrames: 52, txBytes: 16960 }, vnet0: {}, vnet1: {} },
    forwarded: 109,
    flooded: 11,
    delivered: 0,
    dropped: 0,
    drops: {},
    seconds: Number,
    framesPerSecond: Number,
  })
  t.match((report['fdb'] as unknown[])[0], { mac: '08:00:27:8f:87:fa', port: 'eth2', age: Number })
})

t.test('--out writes what left each port', async (t) => {
  const out = join(folderFor(t), 'deep', 'er')
  t.equal(br100('replay', ...PORTS, '--out', out).status, 0)
  t.equal(readPcap(join(out, 'eth2.pcap')).length, 52)
  t.equal(readPcap(join(out, 'vnet0.pcap')).length, 59)
})

t.test('--node: what the node is', async (t) => {
  const node = join(folderFor(t), 'node.yaml')
  writeFileSync(
    node,
    `bridge: br7
mac: 08:00:27:15:85:17
address: 10.0.0.9/24
ageing_time: 0
ports:
  vnet0: { mac: fe:16:3e:2c:e8:ec, bcast_flood: false }
  vnet9: {}
stations:
  - { mac: fa:16:3e:5a:9b:de, port: vnet9 }
`,
  )
  const { status, stdout } = br100('replay', ...PORTS, '--node', node)
  t.equal(status, 0)
  t.match(stdout, /^br7: /m)
  t.match(stdout, /^vnet9 +fa:16:3e:5a:9b:de +no +static$/m)
  t.match(stdout, /^\(node\) +08:00:27:15:85:17 +yes +static$/m)
  t.match(stdout, /^\(node\) +fe:16:3e:2c:e8:ec +yes +static$/m)
})

t.test('a lone file; stdin; gzip', async (t) => {
  const folder = folderFor(t)
  t.match(JSON.parse(br100('replay', ETH2, '--json').stdout), { ports: { 'c1-eth2.in': { rxFrames: 51 } } })
  const zipped = join(folder, 'eth2.pcap.gz')
  writeFileSync(zipped, gzipSync(readFileSync(ETH2)))
  t.match(JSON.parse(br100('replay', zipped, '--json').stdout), { ports: { eth2: { rxFrames: 51 } } })
  for (const input of [readFileSync(ETH2), gzipSync(readFileSync(ETH2))]) {
    const piped = spawnSync(process.execPath, [BR100, 'replay', '-', '--json'], { encoding: 'utf8', input })
    t.match(JSON.parse(piped.stdout), { ports: { stdin: { rxFrames: 51 } } })
  }
  const named = spawnSync(process.execPath, [BR100, 'replay', '--port', 'a=-', '--json'], {
    input: readFileSync(ETH2),
    encoding: 'utf8',
  })
  t.match(JSON.parse(named.stdout), { ports: { a: { rxFrames: 51 } } })
})

t.test('bad input: status 1, and what to do about it', async (t) => {
  const folder = folderFor(t)
  const file = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const cut = file('cut.pcap', readFileSync(ETH2).subarray(0, 1000))
  const yaml = file('node.yaml', 'bridge: br100\nmac: 01:00:5e:00:00:01\nageing_time: -1\n')
  mkdirSync(join(folder, 'folder'))
  for (const [options, message] of [
    [[join(folder, 'none.pcap')], /^br100: .*none\.pcap: no such file$/m],
    [[join(folder, 'folder')], /folder: is a folder, expected a capture file$/m],
    [[file('empty.pcap', '')], /empty\.pcap: empty, expected a pcap or pcapng file$/m],
    [
      [file('text.pcap', 'hello, world, this is no capture')],
      /text\.pcap: offset 0: magic 68656c6c, expected pcap /m,
    ],
    [[cut], /cut\.pcap: offset \d+: cut in a record: \d+ bytes of at least \d+$/m],
    [
      [file('other.pcapng', Buffer.concat([section(), interfaceBlock('x').fill(113, 8, 9)]))],
      /link type 113 \(LINUX_SLL/,
    ],
    [
      [...PORTS, '--node', yaml],
      /node\.yaml:2: mac: 01:00:5e:00:00:01: expected the MAC address of a station/,
    ],
    [[...PORTS, '--node', yaml], /node\.yaml:3: ageing_time: expected a whole number from 0 to 1000000$/m],
    [[...PORTS, '--node', join(folder, 'none.yaml')], /none\.yaml: ENOENT/],
    [[...PORTS, '--out', join(cut, 'x')], /ENOTDIR/],
  ] as const) {
    const { status, stderr } = br100('replay', ...options)
    t.equal(status, 1, options.join(' '))
    t.match(stderr, message)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
  }
  t.match(br100('replay', cut).stdout, /^\d+ frames in /, 'what came before the cut is reported')
})

t.test('a full disk, a reader that leaves', async (t) => {
  const folder = folderFor(t)
  symlinkSync('/dev/full', join(folder, 'vnet0.pcap'))
  const full = br100('replay', ...PORTS, '--out', folder)
  t.equal(full.status, 1)
  t.match(full.stderr, /vnet0\.pcap: ENOSPC: no space left on device, write/)
  const left = spawnSync('sh', ['-c', `"$0" ${BR100} replay ${ETH2} | true`, process.execPath], {
    encoding: 'utf8',
  })
  t.equal(left.stderr, '')
})

t.test('bad usage: status 2', async (t) => {
  for (const [options, message] of [
    [[], /no capture given: expected FILE or --port NAME=FILE/],
    [['--port', 'eth2'], /--port eth2: expected NAME=FILE/],
    [['--port', '=x'], /--port =x: expected NAME=FILE/],
    [['--port', 'a='], /expected NAME=FILE/],
    [['--port', `a/b=${ETH2}`], /a port's name has no space and no \//],
    [['--port', `a=${ETH2}`, '--port', `a=${VNET0}`], /--port a: given twice/],
    [['--port', 'a=-', '--port', 'b=-'], /standard input given twice/],
    [[ETH2, '--port', `a=${VNET0}`], /a lone file and --port do not go together/],
    [[ETH2, '--speed', 'fast'], /--speed fast: expected max, or a number above 0/],
    [[ETH2, '--speed', '0'], /--speed 0: expected max/],
    [[ETH2, '--no-such-option'], /unknown option '--no-such-option'/],
    [[ETH2, VNET0], /too many arguments/],
  ] as const) {
    const { status, stderr, stdout } = br100('replay', ...options)
    t.equal(status, 2, options.join(' '))
    t.match(stderr, message)
    t.equal(stdout, '')
  }
  t.equal(br100('no-such-command').status, 2)
  t.equal(br100().status, 2, 'nothing asked for')
})

t.test('help and version', async (t) => {
  const help = br100('--help')
  t.equal(help.status, 0)
  t.match(help.stdout, /replay/)
  t.match(br100('replay', '--help').stdout, /--port <NAME=FILE>/)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  t.equal(br100('--version').stdout.trim(), version)
})

t.test('an interrupt ends the replay with its report', async (t) => {
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const out = folderFor(t)
    const options = [
      'replay',
      '--port',
      `eth2=${ETH2}`,
      '--port',
      `vnet0=${VNET0}`,
      '--speed',
      '0.001',
      '--json',
    ]
    const child = spawn(process.execPath, [BR100, ...options, '--out', out], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    while (!existsSync(join(out, 'eth2.pcap'))) await sleep(20) // it has begun
    child.kill(signal)
    const [status] = (await once(child, 'close')) as [number]
    t.equal(status, expected)
    const { ports } = JSON.parse(stdout) as { ports: Record<string, { txFrames: number }> }
    t.equal(readPcap(join(out, 'eth2.pcap')).length, ports['eth2'].txFrames, 'what was carried is written')
  }
})
