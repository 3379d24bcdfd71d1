/** What a bridge at work does a second (`br100 stats`), and what Prometheus is told. */
import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import type { Rates } from '../../src/inspect/rates.js'
import { needs } from '../tools.js'
import { LiveHosts, canRunLive } from './live-hosts.js'
import type { LiveBridge } from './live-hosts.js'

const [A, B, OTHER] = ['10.99.0.1', '10.99.0.2', '10.99.0.9']
const DROP = '-d 10.99.0.9/32 -p udp -j DROP'
t.setTimeout(120_000)

/** Two hosts, of which one floods the other with pings; what it sends to a third one is dropped. */
async function busyHosts(t: Test, more = ''): Promise<{ hosts: LiveHosts; bridge: LiveBridge }> {
  const hosts = new LiveHosts('a', 'b')
  t.teardown(() => hosts.remove())
  const rules = hosts.file(
    `*filter\n-A FORWARD -m state --state INVALID -j DROP\n-A FORWARD -p icmp -j ACCEPT\n-A FORWARD ${DROP}\nCOMMIT\n`,
    `${hosts.namespace('busy')}.rules`,
  )
  hosts.on('bridge', 'ip', 'link', 'set', 'lo', 'up')
  const bridge = await hosts.startBridge(`ports:
  tapA: { tap: tapA, netns: ${hosts.namespace('a')} }
  tapB: { tap: tapB, netns: ${hosts.namespace('b')}, mac: 02:00:00:00:00:0b }
rules: ${rules}
${more}`)
  hosts.on('a', 'ip', 'addr', 'add', `${A}/24`, 'dev', 'tapA')
  hosts.on('b', 'ip', 'addr', 'add', `${B}/24`, 'dev', 'tapB')
  hosts.on('a', 'ip', 'neigh', 'replace', OTHER, 'lladdr', '02:00:00:00:00:0b', 'dev', 'tapA')
  hosts.start('a', 'ping', '-q', '-i', '0.01', B)
  const sending = `const s = require('dgram').createSocket('udp4'); setInterval(() => s.send('x', 9, '${OTHER}'), 10)`
  hosts.start('a', process.execPath, '-e', sending)
  return { hosts, bridge }
}

t.test('rates in a pipe: ports, drops, the rules that most packets meet', async (t) => {
  if (!canRunLive(t)) return
  const { hosts } = await busyHosts(t)
  const text = hosts.ask('stats', '--interval', '0.5', '--count', '3')
  t.match(text, { status: 0, stderr: '' })
  const blocks = text.stdout.split(/\n(?=port )/)
  t.equal(blocks.length, 3)
  for (const block of blocks) {
    t.match(block, /^port +rx frames\/s +rx bits\/s +tx frames\/s +tx bits\/s\ntapA +[\d,.]+ .*\ntapB /)
    t.match(block, /^packets\/s +bits\/s {2}rule\n +\d+ +[\d,]+ {2}filter -A FORWARD -p icmp -j ACCEPT\n/m)
  }
  t.match(blocks[2], new RegExp(`^  dropped [\\d.]+/s: filter FORWARD: ${DROP}$`, 'm'))
  t.notMatch(text.stdout, '\x1b')
  const lines = hosts.ask('stats', '--json', '--interval', '1', '--count', '2').stdout.trimEnd().split('\n')
  t.equal(lines.length, 2)
  const { ports, drops, rules, seconds } = JSON.parse(lines[1]) as Rates
  t.ok(seconds > 0.7 && seconds < 1.5, `${seconds}`)
  const near = (value: number, expected: number): boolean => value > expected * 0.5 && value < expected * 1.5
  t.ok(near(ports['tapB'].rxFrames, 100) && near(ports['tapA'].rxFrames, 200), JSON.stringify(ports))
  t.ok(near(ports['tapB'].rxBits, 100 * 98 * 8))
  t.ok(near(drops[`filter FORWARD: ${DROP}`], 100))
  t.equal(rules[0].rule, 'filter -A FORWARD -p icmp -j ACCEPT')
  t.ok(near(rules[0].packets, 200))
  t.match(hosts.ask('stats', '--interval', '0'), {
    status: 2,
    stderr: /--interval 0: expected seconds from 0.1/,
  })
  t.match(hosts.ask('stats', '--count', 'x'), { status: 2, stderr: /--count x: expected a whole number/ })
})

t.test(
  'a terminal is drawn anew; a reader that has seen enough ends it, and so does the bridge',
  async (t) => {
    if (!canRunLive(t) || !needs(t, 'script')) return
    const { hosts, bridge } = await busyHosts(t)
    const stats = `${process.execPath} dist/src/cli/main.js stats --socket ${hosts.socket} --interval 0.2`
    const drawn = hosts.on('bridge', 'script', '-qec', `${stats} --count 2`, '/dev/null').stdout
    t.equal(drawn.split('\x1b[H\x1b[Jport').length, 3)
    t.equal(hosts.on('bridge', 'sh', '-c', `${stats} | head -n 1`).status, 0)
    const watching = hosts.start('bridge', 'sh', '-c', stats)
    let said = ''
    watching.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text))
    await once(watching.stdout!, 'data')
    t.equal(await bridge.end('SIGTERM'), 0)
    await once(watching, 'exit')
    t.equal(watching.exitCode, 1)
    t.match(said, /is the bridge running\?|hung up/)
  },
)

t.test('Prometheus is told at the address of the file', async (t) => {
  if (!canRunLive(t)) return
  const { hosts, bridge } = await busyHosts(t, 'metrics: 127.0.0.1:9100\n')
  const scrape = (): string =>
    hosts.on(
      'bridge',
      process.execPath,
      '-e',
      "fetch('http://127.0.0.1:9100/metrics').then((r) => r.text()).then((text) => process.stdout.write(text))",
    ).stdout
  hosts.on('a', 'ping', '-c', '3', '-i', '0.1', B)
  const text = scrape()
  const valueOf = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1) ?? NaN,
    )
  t.ok(valueOf('br100_port_received_frames_total{port="tapA",bridge="br100"}') >= 3)
  t.ok(valueOf('br100_port_transmitted_bytes_total{port="tapB",bridge="br100"}') >= 3 * 98)
  t.ok(valueOf(`br100_dropped_frames_total{reason="filter FORWARD: ${DROP}"`) > 0)
  t.ok(valueOf('br100_fdb_entries') >= 2)
  t.ok(valueOf('br100_conntrack_entries') >= 1)
  t.ok(valueOf('br100_table_rules_packets_total{table="filter"') >= 6)
  const second = hosts.runBridge('ports: { tapC: { tap: tapC } }\nmetrics: 127.0.0.1:9100\n')
  t.match(second, { status: 1, stderr: /^br100: listen EADDRINUSE: .*127.0.0.1:9100\n$/ })
  t.not(hosts.on('bridge', 'ip', 'link', 'show', 'tapC').status, 0, 'nothing is left')
  const wrong = hosts.runBridge('ports: { tapC: { tap: tapC } }\nmetrics: everywhere\n')
  t.match(wrong, { status: 1, stderr: /yaml:2: metrics: everywhere: expected an address and a port/ })
  t.equal(await bridge.end('SIGTERM'), 0)
  t.equal(scrape(), '')
})
