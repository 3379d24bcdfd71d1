/** `br100 run` between namespaces: frames pass as on a wire, and nothing is left behind. */
import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ANSWERED, LiveHosts, canRunLive } from './live-hosts.js'
import { temporaryFolder } from './temporary.js'

const [A, B] = ['10.99.0.1', '10.99.0.2']
t.setTimeout(300_000)

function hostsFor(t: Test, ...names: string[]): LiveHosts {
  const hosts = new LiveHosts(...names)
  t.teardown(() => hosts.remove())
  return hosts
}

/** Two TAPs whose far ends are in `a` and `b`, and what else the configuration says. */
function twoTaps(hosts: LiveHosts, more = ''): string {
  return `ports:
  tapA: { tap: tapA, netns: ${hosts.namespace('a')}, mac: 02:00:00:00:00:0a }
  tapB: { tap: tapB, netns: ${hosts.namespace('b')}, mac: 02:00:00:00:00:0b }
${more}`
}

function giveAddresses(hosts: LiveHosts): void {
  hosts.on('a', 'ip', 'addr', 'add', `${A}/24`, 'dev', 'tapA')
  hosts.on('b', 'ip', 'addr', 'add', `${B}/24`, 'dev', 'tapB')
}

const ping = (hosts: LiveHosts, ...options: string[]): string =>
  hosts.on('a', 'ping', '-c', '3', '-i', '0.1', '-W', '2', ...options, B).stdout

for (const io of ['uring', 'rw'])
  t.test(`two TAPs by ${io}: pings of every size pass, and SIGTERM leaves nothing`, async (t) => {
    if (!canRunLive(t)) return
    const hosts = hostsFor(t, 'a', 'b')
    const bridge = await hosts.startBridge(twoTaps(hosts), '--io', io)
    t.match(bridge.stderr, `br100: br100: tapA, tapB (${io})`)
    giveAddresses(hosts)
    t.match(ping(hosts), / 3 received/)
    t.match(ping(hosts, '-s', '1472', '-M', 'do'), / 3 received/, 'a full frame')
    t.match(ping(hosts, '-s', '20000'), / 3 received/, 'fragments')
    t.match(hosts.on('a', 'ip', 'link', 'show', 'tapA').stdout, /02:00:00:00:00:0a/)
    t.equal(await bridge.end('SIGTERM'), 0)
    t.equal(bridge.stderr.trim().split('\n').length, 1, bridge.stderr)
    t.not(hosts.on('a', 'ip', 'link', 'show', 'tapA').status, 0, 'the TAP is gone')
  })

t.test('a TAP and a veth; the card is promiscuous only as long as the bridge runs', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  hosts.on(
    'bridge',
    'ip',
    'link',
    'add',
    'card',
    'type',
    'veth',
    'peer',
    'name',
    'tapB',
    'netns',
    hosts.namespace('b'),
  )
  hosts.on('b', 'ethtool', '-K', 'tapB', 'tx', 'off')
  hosts.on('b', 'ip', 'link', 'set', 'tapB', 'up')
  const promiscuity = (): string =>
    /promiscuity (\d+)/.exec(hosts.on('bridge', 'ip', '-d', 'link', 'show', 'card').stdout)?.[1] ?? 'none'
  const config = `ports:\n  tapA: { tap: tapA, netns: ${hosts.namespace('a')} }\n  card: { packet: card }\n`
  const bridge = await hosts.startBridge(config)
  giveAddresses(hosts)
  t.match(ping(hosts), / 3 received/)
  t.equal(promiscuity(), '1')
  t.equal(await bridge.end('SIGINT'), 0)
  t.equal(promiscuity(), '0')
})

t.test('rules decide, and SIGHUP reads them anew', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  const rules = hosts.file('*filter\n-A FORWARD -p icmp -j DROP\nCOMMIT\n', 'live.rules')
  const bridge = await hosts.startBridge(twoTaps(hosts, `rules: ${rules}\n`))
  giveAddresses(hosts)
  t.match(ping(hosts, '-W', '1'), / 0 received/)
  writeFileSync(
    rules,
    '*filter\n-A FORWARD -m state --state NEW,ESTABLISHED -j ACCEPT\n-A FORWARD -j DROP\nCOMMIT\n',
  )
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/rules read anew/)
  t.match(ping(hosts), / 3 received/)
  writeFileSync(rules, '*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n')
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/the rules stay as they were/)
  t.match(bridge.stderr, /live.rules:2: .*NOWHERE/)
  t.match(ping(hosts), / 3 received/)
  t.equal(await bridge.end('SIGTERM'), 0)
})

t.test('a running bridge is asked, and told', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  const rules = '*filter\n-A FORWARD -m state --state NEW,ESTABLISHED -j ACCEPT\nCOMMIT\n'
  const bridge = await hosts.startBridge(twoTaps(hosts, `rules: ${hosts.file(rules, 'first.rules')}\n`))
  giveAddresses(hosts)
  t.match(ping(hosts), / 3 received/)
  t.match(hosts.ask('show', 'ports').stdout, /^tapA +[1-9]/m)
  t.match(hosts.ask('show', 'fdb').stdout, /^tapB +02:00:00:00:00:0b +no +\d/m)
  t.match(
    hosts.ask('show', 'rules').stdout,
    /^\[6:504\] -A FORWARD -m state --state NEW,ESTABLISHED -j ACCEPT$/m,
  )
  t.match(hosts.ask('show', 'conntrack').stdout, /^icmp +1 \d+ src=10.99.0.1 dst=10.99.0.2 type=8/m)
  const fdb = JSON.parse(hosts.ask('show', 'fdb', '--json').stdout) as Array<{ mac: string; port: string }>
  t.equal(fdb.find(({ port }) => port === 'tapA')?.mac, '02:00:00:00:00:0a')
  const others = hosts.file('*filter\n-A FORWARD -p icmp -j DROP\nCOMMIT\n', 'second.rules')
  t.equal(hosts.ask('rules', 'load', others).status, 0)
  t.match(ping(hosts, '-W', '1'), / 0 received/)
  t.match(hosts.ask('show', 'drops').stdout, /dropped 3: filter FORWARD: -p icmp -j DROP/)
  const wrong = hosts.ask(
    'rules',
    'load',
    hosts.file('*filter\n-A FORWARD -j NOWHERE\nCOMMIT\n', 'wrong.rules'),
  )
  t.match(wrong, { status: 1, stderr: /wrong.rules:2: / })
  t.equal(hosts.ask('show', 'everything').status, 2)
  t.equal(statSync(hosts.socket).mode & 0o777, 0o600)
  const second = hosts.on(
    'bridge',
    process.execPath,
    'dist/src/cli/main.js',
    'run',
    hosts.file(`ports: { c: { tap: c } }\ncontrol: ${hosts.socket}\n`),
  )
  t.match(second, { status: 1, stderr: /another bridge is there/ })
  t.equal(await bridge.end('SIGTERM'), 0)
  t.notOk(existsSync(hosts.socket), 'the socket is gone')
  t.match(hosts.ask('show', 'ports'), { status: 1, stderr: /there is no such socket: is the bridge running/ })
})

for (const io of ['uring', 'rw'])
  t.test(`by ${io}: ports come and go while others carry frames`, async (t) => {
    if (!canRunLive(t)) return
    const hosts = hostsFor(t, 'a', 'b')
    const bridge = await hosts.startBridge(
      `ports:\n  tapA: { tap: tapA, netns: ${hosts.namespace('a')} }\n`,
      '--io',
      io,
    )
    const settings = `{ tap: tapB, netns: ${hosts.namespace('b')}, mac: 02:00:00:00:00:0b }`
    const load = hosts.start('a', 'ping', '-f', '-q', B)
    for (let round = 0; round < 20; round++) {
      t.match(hosts.ask('port', 'add', 'b', settings), { status: 0, stderr: '' })
      giveAddresses(hosts)
      t.match(ping(hosts, '-c', '1'), / 1 received/)
      t.match(hosts.ask('port', 'del', 'b'), { status: 0, stderr: '' })
      t.not(hosts.on('b', 'ip', 'link', 'show', 'tapB').status, 0, 'the TAP is gone')
    }
    load.kill()
    t.notMatch(hosts.ask('show', 'fdb').stdout, /^b /m)
    t.match(hosts.ask('show', 'ports').stdout, /^tapA/m)
    t.match(hosts.ask('port', 'del', 'b'), { status: 1, stderr: /b: there is no such port/ })
    t.match(hosts.ask('port', 'add', 'b', '{ tap: tapA }'), {
      status: 1,
      stderr: /tapA: another port has this device/,
    })
    t.match(hosts.ask('port', 'add', 'b', '{ packet: eth9 }'), { status: 1, stderr: /if_nametoindex eth9/ })
    t.match(hosts.ask('port', 'add', 'b', '{ tap: tapB, mtu: 1 }'), {
      status: 1,
      stderr: /settings:1: ports.b.mtu: expected a whole number/,
    })
    t.equal(await bridge.end('SIGTERM'), 0)
  })

t.test('SIGHUP reads ports anew; connections through those that stay go on', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b', 'c')
  const rules = hosts.file(
    '*filter\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -p icmp -j ACCEPT\nCOMMIT\n',
    'ports.rules',
  )
  const config = twoTaps(hosts, `rules: ${rules}\n`)
  const bridge = await hosts.startBridge(config)
  const path = hosts.config
  const rest = readFileSync(path, 'utf8').slice(config.length)
  giveAddresses(hosts)
  const load = hosts.start('a', 'ping', '-i', '0.01', B)
  let replies = ''
  load.stdout!.setEncoding('utf8').on('data', (text: string) => (replies += text))
  const third = `  tapC: { tap: tapC, netns: ${hosts.namespace('c')} }\n`
  writeFileSync(path, config.replace('rules:', `${third}rules:`) + rest)
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/port tapC added\n.*rules read anew/)
  hosts.on('c', 'ip', 'addr', 'add', '10.99.0.3/24', 'dev', 'tapC')
  t.match(hosts.on('c', 'ping', '-c', '1', '-W', '2', A).stdout, / 1 received/)
  writeFileSync(path, config.replace('0a }', '0a, isolated: true }') + rest)
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/port tapC removed\n.*port tapA changed/)
  t.not(hosts.on('c', 'ip', 'link', 'show', 'tapC').status, 0, 'the TAP is gone')
  writeFileSync(path, 'ports: { tapA: { tap: tapA, colour: red } }\n')
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/yaml:1: ports.tapA.colour: no such setting\n.*everything stays as it was/)
  await sleep(200)
  load.kill('SIGINT')
  await once(load, 'exit')
  t.match(replies, /, 0% packet loss/)
  t.equal(await bridge.end('SIGTERM'), 0)
})

t.test('a card that is gone, and is there again', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  const veth = ['link', 'add', 'card', 'type', 'veth', 'peer', 'name', 'tapB', 'netns', hosts.namespace('b')]
  hosts.on('bridge', 'ip', ...veth)
  const bridge = await hosts.startBridge(
    `ports:\n  tapA: { tap: tapA, netns: ${hosts.namespace('a')} }\n  card: { packet: card }\n`,
  )
  const come = (): void => {
    hosts.on('b', 'ip', 'link', 'set', 'tapB', 'address', '02:00:00:00:00:0b', 'up')
    giveAddresses(hosts)
  }
  come()
  t.match(ping(hosts), / 3 received/)
  hosts.start('a', 'ping', '-f', '-q', B)
  hosts.on('bridge', 'ip', 'link', 'del', 'card')
  await sleep(300)
  hosts.on('bridge', 'ip', ...veth)
  t.equal(hosts.ask('port', 'del', 'card').status, 0)
  t.equal(hosts.ask('port', 'add', 'card', '{ packet: card }').status, 0)
  come()
  t.match(ping(hosts, '-w', '10'), ANSWERED)
  t.equal(await bridge.end('SIGTERM'), 0)
})

t.test('kill -9 leaves nothing that a second bridge would meet', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  const control = `control: ${join(temporaryFolder(), 'stale.sock')}\n`
  const first = await hosts.startBridge(twoTaps(hosts, control))
  giveAddresses(hosts)
  hosts.start('a', 'ping', '-f', '-q', B)
  await sleep(200)
  t.equal(await first.end('SIGKILL'), null)
  const gone = (): boolean => hosts.on('a', 'ip', 'link', 'show', 'tapA').status !== 0
  for (let tries = 0; tries < 50 && !gone(); tries++) await sleep(100)
  const second = await hosts.startBridge(twoTaps(hosts, control))
  giveAddresses(hosts)
  t.match(ping(hosts), / 3 received/)
  t.equal(await second.end('SIGTERM'), 0)
})

t.test('a persistent TAP stays, and is taken again; TAPs of one name in two namespaces', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  const config = `ports:
  a: { tap: eth0, netns: ${hosts.namespace('a')}, persistent: true }
  b: { tap: eth0, netns: ${hosts.namespace('b')} }
`
  for (const round of ['made', 'taken again']) {
    const bridge = await hosts.startBridge(config)
    if (round === 'made') hosts.on('a', 'ip', 'addr', 'add', `${A}/24`, 'dev', 'eth0')
    hosts.on('b', 'ip', 'addr', 'add', `${B}/24`, 'dev', 'eth0')
    t.match(ping(hosts, '-w', '10'), ANSWERED, round)
    t.equal(await bridge.end('SIGTERM'), 0)
    t.equal(hosts.on('a', 'ip', 'link', 'show', 'eth0').status, 0, `${round}: it stays`)
    t.not(hosts.on('b', 'ip', 'link', 'show', 'eth0').status, 0, `${round}: the other does not`)
  }
  hosts.on('a', 'ip', 'link', 'del', 'eth0')
  hosts.on('bridge', 'ip', 'tuntap', 'add', 'mine', 'mode', 'tap')
  const bridge = await hosts.startBridge('ports: { mine: { tap: mine } }\n')
  t.equal(await bridge.end('SIGTERM'), 0)
  t.equal(hosts.on('bridge', 'ip', 'link', 'show', 'mine').status, 0, "somebody else's stays too")
})

for (const io of ['uring', 'rw'])
  t.test(`by ${io}: a far end that goes down, and comes back`, async (t) => {
    if (!canRunLive(t)) return
    const hosts = hostsFor(t, 'a', 'b')
    const bridge = await hosts.startBridge(twoTaps(hosts), '--io', io)
    giveAddresses(hosts)
    t.match(ping(hosts), / 3 received/)
    hosts.on('b', 'ip', 'link', 'set', 'tapB', 'down')
    t.match(ping(hosts, '-W', '1'), / 0 received/)
    hosts.on('b', 'ip', 'link', 'set', 'tapB', 'up')
    t.match(ping(hosts, '-w', '10'), ANSWERED)
    t.equal(await bridge.end('SIGTERM'), 0)
  })

t.test('what cannot be opened is told, and what was opened is closed', async (t) => {
  if (!canRunLive(t)) return
  const hosts = hostsFor(t, 'a', 'b')
  const missing = hosts.runBridge(`ports:\n  tapA: { tap: tapA }\n  eth9: { packet: eth9 }\n`)
  t.equal(missing.status, 1)
  t.equal(missing.stderr, 'br100: if_nametoindex eth9: ENODEV: No such device\n')
  t.not(hosts.on('bridge', 'ip', 'link', 'show', 'tapA').status, 0)
  const nowhere = hosts.runBridge('ports:\n  tapA: { tap: tapA, netns: no-such-place }\n')
  t.equal(nowhere.stderr, 'br100: setns /run/netns/no-such-place: ENOENT: No such file or directory\n')
  const bridge = await hosts.startBridge('ports:\n  tapA: { tap: tapA }\n')
  const busy = hosts.runBridge('ports:\n  tapA: { tap: tapA }\n')
  t.equal(busy.stderr, 'br100: TUNSETIFF tapA: EBUSY: Device or resource busy\n')
  t.equal(await bridge.end('SIGTERM'), 0)
})
