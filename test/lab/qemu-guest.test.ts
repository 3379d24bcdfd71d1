/** A guest of QEMU behind a `qemu` port, and a namespace behind a TAP, with rules between them. */
import t from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderFor } from '../captures.js'
import { Guest, canRunGuests } from './guest.js'
import { ANSWERED, LiveHosts, canRunLive } from './live-hosts.js'

const [HOST, GUEST, GUEST_MAC] = ['10.99.0.1', '10.99.0.2', '02:00:00:00:00:02']
const MEGABYTE = 1 << 20
const BOOT_SECONDS = 180
t.setTimeout(300_000)

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A program that serves a file at port 8000, and one that prints the checksum of what a web server has. */
const SERVE = `
  const bytes = require('node:fs').readFileSync(process.argv[1])
  require('node:http').createServer((_, reply) => reply.end(bytes)).listen(8000, () => console.log('serving'))`
const FETCH = `
  const hash = require('node:crypto').createHash('sha256')
  fetch(process.argv[1]).then(async (reply) => {
    for await (const piece of reply.body) hash.update(piece)
    console.log(hash.digest('hex'))
  })`

const SCRIPT = `
httpd -p 80 -h /www
ping -c 3 ${HOST}
wget -q -O - http://${HOST}:8000/ | sha256sum
echo guest: all done
`

const RULES = `*filter
:FORWARD DROP
-A FORWARD -m state --state NEW,ESTABLISHED -p icmp -j ACCEPT
-A FORWARD -m state --state ESTABLISHED -p tcp -j ACCEPT
-A FORWARD -m state --state NEW -p tcp -m multiport --dports 80,8000 -j ACCEPT
COMMIT
`

t.test('a guest boots, is pinged and pings; files cross both ways', async (t) => {
  if (!canRunLive(t) || !canRunGuests(t)) return
  const hosts = new LiveHosts('a')
  t.teardown(() => hosts.remove())
  const folder = folderFor(t)
  const [ours, theirs] = [randomBytes(4 * MEGABYTE), randomBytes(4 * MEGABYTE)]
  const port = join(folder, 'vm.sock')
  const bridge = await hosts.startBridge(`ports:
  vm: { qemu: ${port} }
  tapA: { tap: tapA, netns: ${hosts.namespace('a')} }
rules: ${hosts.file(RULES, 'guest.rules')}
`)
  hosts.on('a', 'ip', 'addr', 'add', `${HOST}/24`, 'dev', 'tapA')
  const file = join(folder, 'ours')
  writeFileSync(file, ours)
  const server = hosts.start('a', process.execPath, '-e', SERVE, file)
  await once(server.stdout!, 'data')

  const guest = new Guest(folder, {
    address: `${GUEST}/24`,
    mac: GUEST_MAC,
    port,
    files: { script: SCRIPT, 'www/theirs': theirs },
  })
  t.teardown(() => guest.child.kill('SIGKILL'))
  const began = Date.now()
  await guest.says(/guest: all done/, BOOT_SECONDS)
  t.comment(`the guest was done after ${((Date.now() - began) / 1000).toFixed(1)} s`)
  t.match(guest.console, / 3 packets received/, 'its pings are answered')
  t.match(guest.console, sumOf(ours), 'and it has what it asked for')
  t.match(hosts.on('a', 'ping', '-c', '3', '-w', '15', GUEST).stdout, ANSWERED)
  t.match(hosts.on('a', 'ping', '-c', '3', '-w', '15', '-s', '8000', GUEST).stdout, ANSWERED, 'in fragments')
  t.equal(hosts.on('a', process.execPath, '-e', FETCH, `http://${GUEST}/theirs`).stdout.trim(), sumOf(theirs))
  t.match(hosts.ask('show', 'fdb').stdout, new RegExp(`^vm +${GUEST_MAC}`, 'm'))
  t.match(hosts.ask('show', 'conntrack').stdout, new RegExp(`src=${GUEST} dst=${HOST} .*dport=8000`))
  guest.child.kill('SIGKILL')
  await once(guest.child, 'exit')
  t.match(hosts.on('a', 'ping', '-c', '1', '-W', '1', GUEST).stdout, / 0 received/)
  t.match(hosts.ask('show', 'drops').stdout, /dropped \d+: no-peer/)
  t.equal(await bridge.end('SIGTERM'), 0)
})
