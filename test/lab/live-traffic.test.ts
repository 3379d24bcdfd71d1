/** `br100 run` under traffic: TCP in large segments and small, VLAN tags, long frames, many ports, stations that move. */
import t from 'tap'
import type { Test } from 'tap'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { needs } from '../tools.js'
import { ANSWERED, LiveHosts, canRunLive } from './live-hosts.js'

const [A, B] = ['10.99.0.1', '10.99.0.2']
const IO = ['uring', 'rw'] as const
const PORT = 5001

function hostsFor(t: Test, ...names: string[]): LiveHosts {
  const hosts = new LiveHosts(...names)
  t.teardown(() => hosts.remove())
  return hosts
}

t.setTimeout(300_000)

/** A port that is a TAP whose far end is in the namespace of this host. */
const tap = (hosts: LiveHosts, host: string, more = ''): string =>
  `{ tap: tap${host}, netns: ${hosts.namespace(host)}${more} }`

/** A port that is a veth, whose other end is `tapHOST` in the namespace of this host. */
function veth(hosts: LiveHosts, host: string, more = ''): string {
  const peer = ['type', 'veth', 'peer', 'name', `tap${host}`, 'netns', hosts.namespace(host)]
  hosts.on('bridge', 'ip', 'link', 'add', `card${host}`, ...peer)
  hosts.on(host, 'ip', 'link', 'set', `tap${host}`, 'up')
  return `{ packet: card${host}${more} }`
}

function giveAddress(hosts: LiveHosts, host: string, address: string, device = `tap${host}`): void {
  hosts.on(host, 'ip', 'addr', 'add', `${address}/24`, 'dev', device)
}

const ping = (hosts: LiveHosts, ...options: string[]): string =>
  hosts.on('a', 'ping', '-c', '3', '-i', '0.1', '-W', '2', ...options).stdout

/** What the receiver prints: bytes, and a digest of them. The sender's are the same whatever way they take. */
const RECEIVER = `const { createHash } = require('node:crypto')
require('node:net').createServer((socket) => {
  const hash = createHash('sha1')
  let bytes = 0
  socket.on('data', (data) => { hash.update(data); bytes += data.length })
  socket.on('end', () => { console.log(bytes, hash.digest('hex')); process.exit(0) })
}).listen(${PORT}, () => console.log('ready'))`
const BYTES = 20_000_000
const SENDER = `const { createHash } = require('node:crypto')
const data = Buffer.alloc(${BYTES})
for (let i = 0; i < data.length; i++) data[i] = (i * 31) ^ (i >> 9)
console.log(data.length, createHash('sha1').update(data).digest('hex'))
require('node:net').connect(${PORT}, process.argv[1]).end(data)`

/** What a child prints, as far as it has. */
function textOf(child: ChildProcess): { text: string } {
  const printed = { text: '' }
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (chunk: string) => (printed.text += chunk))
  return printed
}

/** Sends 20 MB by TCP: what each side says that it was. */
async function transfer(hosts: LiveHosts, from: string, to: string, address: string): Promise<string[]> {
  const receiver = hosts.start(to, process.execPath, '-e', RECEIVER)
  const printed = textOf(receiver)
  while (!printed.text.includes('ready')) await once(receiver.stdout!, 'data')
  const { stdout } = hosts.on(from, process.execPath, '-e', SENDER, address)
  if (receiver.exitCode === null) await once(receiver, 'exit', { signal: AbortSignal.timeout(15_000) })
  return [stdout.trim(), printed.text.replace('ready\n', '').trim()]
}

const RULES = `*mangle
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400
COMMIT
*filter
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -j DROP
COMMIT
`
const WITHOUT = ', offload: false'

/** Names of the ways from host a to host b, and their ports. */
const WAYS: Record<string, (hosts: LiveHosts) => [a: string, b: string]> = {
  'TAP to TAP': (hosts) => [tap(hosts, 'a'), tap(hosts, 'b')],
  'TAP to TAP, segments cut on the way': (hosts) => [tap(hosts, 'a'), tap(hosts, 'b', WITHOUT)],
  'TAP to veth': (hosts) => [tap(hosts, 'a'), veth(hosts, 'b')],
  'veth to veth, without offload': (hosts) => [veth(hosts, 'a', WITHOUT), veth(hosts, 'b', WITHOUT)],
  'veth to TAP, cut on the way': (hosts) => [veth(hosts, 'a'), tap(hosts, 'b', WITHOUT)],
}

for (const io of IO)
  for (const [name, portsOf] of Object.entries(WAYS))
    t.test(`${name}, by ${io}: what is sent arrives, rules and connections on the way`, async (t) => {
      if (!canRunLive(t)) return
      const hosts = hostsFor(t, 'a', 'b')
      const [a, b] = portsOf(hosts)
      const rules = hosts.file(RULES, 'live.rules')
      const bridge = await hosts.startBridge(`ports:\n  a: ${a}\n  b: ${b}\nrules: ${rules}\n`, '--io', io)
      giveAddress(hosts, 'a', A)
      giveAddress(hosts, 'b', B)
      t.match(ping(hosts, B), / 3 received/)
      const [sent, received] = await transfer(hosts, 'a', 'b', B)
      t.equal(received, sent)
      const [sentBack, receivedBack] = await transfer(hosts, 'b', 'a', A)
      t.equal(receivedBack, sentBack)
      const list = hosts.ask('show', 'conntrack').stdout
      t.match(list, /^tcp .*src=10.99.0.1 dst=10.99.0.2 .*\[ASSURED\]/m)
      t.notMatch(hosts.ask('show', 'drops').stdout, /INVALID|rx-cut/)
      t.equal(await bridge.end('SIGTERM'), 0)
    })

/** Sends a frame by a device, a virtio header of zeroes before it: a TAP reads the tag in its place, a veth beside. */
const BY_DEVICE = `import { loadNative } from './dist/src/io/native.js'
const native = loadNative()
const [device, hex] = process.argv.slice(1)
const frame = Buffer.concat([Buffer.alloc(10), Buffer.from(hex, 'hex')])
if (native.writeFrames(native.openPacket(device), frame, Int32Array.of(0), Int32Array.of(frame.length), 1) !== 1)
  throw new Error('not sent')`
/** To all, from a station of VLAN 5 and priority 3: an ARP request. */
const TAGGED =
  'ffffffffffff02000000000c8100600508060001080006040001' +
  '02000000000c0a6300010000000000000a630002' +
  '00'.repeat(18)

for (const io of IO)
  t.test(`VLAN tags between a TAP and a veth, by ${io}`, async (t) => {
    if (!canRunLive(t) || !needs(t, 'tcpdump')) return
    const hosts = hostsFor(t, 'a', 'b')
    const config = `ports:\n  a: ${tap(hosts, 'a')}\n  b: ${veth(hosts, 'b')}\n`
    const bridge = await hosts.startBridge(config, '--io', io)
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const listener = hosts.start(to, 'tcpdump', '-i', `tap${to}`, '-c', '1', '-xx', '-e', '-nn', 'vlan')
      const printed = textOf(listener)
      while (!printed.text.includes('listening')) await once(listener.stderr!, 'data')
      const send = [process.execPath, '--input-type=module', '-e', BY_DEVICE, `tap${from}`, TAGGED]
      t.equal(hosts.on(from, ...send).stderr, '')
      if (listener.exitCode === null) await once(listener, 'exit', { signal: AbortSignal.timeout(5000) })
      t.match(printed.text, /vlan 5, p 3,.*who-has 10.99.0.2 tell 10.99.0.1/, `from ${from}`)
      const bytes = [...printed.text.matchAll(/0x[0-9a-f]+: +([0-9a-f ]+)/g)].map(([, hex]) =>
        hex.replaceAll(' ', ''),
      )
      t.equal(bytes.join(''), TAGGED)
    }
    t.equal(await bridge.end('SIGTERM'), 0)
  })

for (const [io, more] of [
  ['uring', ''],
  ['uring', WITHOUT],
  ['rw', WITHOUT],
] as const)
  t.test(`frames of 9,000 bytes, by ${io}${more}`, async (t) => {
    if (!canRunLive(t)) return
    const hosts = hostsFor(t, 'a', 'b')
    const [a, b] = ['a', 'b'].map((host) => tap(hosts, host, `, mtu: 9000${more}`))
    const bridge = await hosts.startBridge(`ports:\n  a: ${a}\n  b: ${b}\n`, '--io', io)
    giveAddress(hosts, 'a', A)
    giveAddress(hosts, 'b', B)
    t.match(ping(hosts, '-s', '8972', '-M', 'do', B), / 3 received/)
    t.match(ping(hosts, '-s', '60000', B), / 3 received/, 'fragments')
    t.equal(await bridge.end('SIGTERM'), 0)
  })

t.test('64 ports', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b', 'others')
  const others = Array.from(
    { length: 62 },
    (_, i) => `  o${i}: { tap: o${i}, netns: ${hosts.namespace('others')} }`,
  )
  const config = `ports:\n  a: ${tap(hosts, 'a')}\n${others.join('\n')}\n  b: ${tap(hosts, 'b')}\n`
  const bridge = await hosts.startBridge(config)
  giveAddress(hosts, 'a', A)
  giveAddress(hosts, 'b', B)
  t.match(ping(hosts, B), / 3 received/)
  const flooded = hosts.ask('show', 'ports').stdout.match(/^o\d+ +\d+ +\d+ +[1-9]\d*/gm) ?? []
  t.equal(flooded.length, 62, 'who-has came to all')
  t.equal(await bridge.end('SIGTERM'), 0)
})

t.test('a station moves', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b', 'c')
  const mac = ', mac: 02:00:00:00:00:0b'
  // Nobody speaks unasked: c has the same address.
  for (const host of ['b', 'c']) hosts.on(host, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1')
  const [a, b, c] = [tap(hosts, 'a'), tap(hosts, 'b', mac), tap(hosts, 'c', mac)]
  const bridge = await hosts.startBridge(`ports:\n  a: ${a}\n  b: ${b}\n  c: ${c}\n`)
  giveAddress(hosts, 'a', A)
  giveAddress(hosts, 'b', B)
  t.match(ping(hosts, B), / 3 received/)
  hosts.on('b', 'ip', 'addr', 'flush', 'dev', 'tapb')
  giveAddress(hosts, 'c', B)
  t.match(hosts.on('c', 'ping', '-c', '1', '-W', '2', A).stdout, / 1 received/)
  t.match(ping(hosts, B), / 3 received/)
  t.match(hosts.ask('show', 'fdb').stdout, /^c +02:00:00:00:00:0b/m)
  t.equal(await bridge.end('SIGTERM'), 0)
})

/** More than a packet socket keeps until it is read. */
const BLAST = `const socket = require('node:dgram').createSocket('udp4')
let left = 20_000
const send = () => (left-- > 0 ? socket.send(Buffer.alloc(1400), 9, process.argv[1], send) : socket.close())
send()`

for (const io of IO)
  t.test(`by ${io}: frames that nobody reads in time are counted, and a card goes down and up`, async (t) => {
    if (!canRunLive(t)) return
    const hosts = hostsFor(t, 'a', 'b')
    const config = `ports:\n  a: ${veth(hosts, 'a')}\n  b: ${tap(hosts, 'b')}\n`
    const bridge = await hosts.startBridge(config, '--io', io)
    giveAddress(hosts, 'a', A)
    giveAddress(hosts, 'b', B)
    t.match(ping(hosts, B), / 3 received/)
    const pid = String(bridge.child.pid)
    hosts.on('bridge', 'kill', '-STOP', pid)
    hosts.on('a', process.execPath, '-e', BLAST, B)
    hosts.on('bridge', 'kill', '-CONT', pid)
    await sleep(500)
    t.match(hosts.ask('show', 'drops').stdout, /rx-full/)
    t.match(ping(hosts, B), / 3 received/)
    hosts.on('bridge', 'ip', 'link', 'set', 'carda', 'down')
    t.match(ping(hosts, B), / 0 received|unreachable/)
    hosts.on('bridge', 'ip', 'link', 'set', 'carda', 'up')
    t.match(ping(hosts, '-w', '10', B), ANSWERED)
    t.equal(await bridge.end('SIGTERM'), 0)
  })
