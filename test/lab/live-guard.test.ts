/** The guard of a live port, against a host that forges through the kernel's own stack. */
import t from 'tap'
import { readFileSync, writeFileSync } from 'node:fs'
import { ANSWERED, LiveHosts, canRunLive } from './live-hosts.js'

const [A, B, FORGED] = ['10.99.0.1', '10.99.0.2', '10.99.0.77']
const [MAC_A, OTHER_MAC] = ['02:00:00:00:00:0a', '02:00:00:00:00:66']

t.setTimeout(120_000)

for (const rules of [null, '*filter\n-A FORWARD -s 10.99.0.77\nCOMMIT\n'])
  t.test(rules === null ? 'without rules' : 'before rules', async (t) => {
    if (!canRunLive(t)) return
    const hosts = new LiveHosts('a', 'b')
    t.teardown(() => hosts.remove())
    const guard = `, guard: { mac: '${MAC_A}', ip: ${A}, dhcpServer: ${B} }`
    const config = `ports:
  tapA: { tap: tapA, netns: ${hosts.namespace('a')}, mac: '${MAC_A}'${guard} }
  tapB: { tap: tapB, netns: ${hosts.namespace('b')} }
${rules === null ? '' : `rules: ${hosts.file(rules, 'guarded.rules')}`}
`
    const bridge = await hosts.startBridge(config)
    hosts.on('a', 'ip', 'addr', 'add', `${A}/24`, 'dev', 'tapA')
    hosts.on('b', 'ip', 'addr', 'add', `${B}/24`, 'dev', 'tapB')
    const probe = (source: string): string =>
      hosts.on('a', process.execPath, 'dist/test/lab/probe.js', source, B, '3').stdout
    const drops = (): Record<string, number> =>
      JSON.parse(hosts.ask('show', 'drops', '--json').stdout) as Record<string, number>

    t.equal(probe(A), '3 sent, 3 answered\n')
    t.equal(probe(FORGED), '3 sent, 0 answered\n')
    t.match(drops(), { 'ip-spoof': 3 })

    hosts.on('a', 'ip', 'addr', 'add', `${FORGED}/24`, 'dev', 'tapA')
    hosts.on('a', 'ip', 'neigh', 'flush', 'dev', 'tapA')
    hosts.on('a', 'ping', '-c', '2', '-i', '0.2', '-W', '1', '-I', FORGED, B)
    t.ok(drops()['arp-spoof'] > 0, 'ARP in the name of another')
    hosts.on('a', 'ip', 'addr', 'del', `${FORGED}/24`, 'dev', 'tapA')

    hosts.on('a', 'ip', 'link', 'set', 'tapA', 'address', OTHER_MAC)
    t.equal(probe(A), '3 sent, 0 answered\n')
    t.ok(drops()['mac-spoof'] > 0, 'from another MAC address')
    t.notMatch(hosts.ask('show', 'fdb').stdout, OTHER_MAC, 'which is not learned')

    writeFileSync(hosts.config, readFileSync(hosts.config, 'utf8').replace(guard, ''))
    bridge.child.kill('SIGHUP')
    await bridge.hasSaid(/port tapA changed/)
    const before = drops()
    t.match(hosts.on('a', 'ping', '-c', '3', '-i', '0.1', '-w', '10', B).stdout, ANSWERED, 'without a guard')
    t.equal(drops()['mac-spoof'], before['mac-spoof'])
    if (rules !== null) t.match(hosts.ask('show', 'rules').stdout, /^\[0:0\] -A FORWARD -s 10.99.0.77/m)
    t.equal(await bridge.end('SIGTERM'), 0)
  })
