/**
 * iperf3 through a live bridge with rules that track connections, TCP and UDP, while its file is read anew every second:
 * the connection lives on, nothing is lost, memory does not grow. A few seconds; `npm run soak` 10 minutes.
 */
import t from 'tap'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { needs } from '../tools.js'
import { SOAK } from '../soak.js'
import { ANSWERED, LiveHosts, canRunLive } from './live-hosts.js'

const [A, B] = ['10.99.0.1', '10.99.0.2']
const SECONDS = { uring: SOAK ? 600 : 6, rw: SOAK ? 60 : 6 }
/** What a garbage-collected process may have more of at one time than at another, in kB. */
const MEMORY_VARIES = 48_000

const RULES = `*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -p icmp -j ACCEPT
-A FORWARD -p tcp --dport 5201 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -p udp --dport 5201 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`

interface Sum {
  bits_per_second: number
  bytes: number
  lost_packets?: number
  packets?: number
}

/** Resident kilobytes of a process. */
function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])
}

t.setTimeout(1_200_000)

for (const io of ['uring', 'rw'] as const)
  t.test(`by ${io}`, { timeout: 900_000 }, async (t) => {
    if (!canRunLive(t) || !needs(t, 'iperf3')) return
    const hosts = new LiveHosts('a', 'b')
    t.teardown(() => hosts.remove())
    const config = `ports:
  tapA: { tap: tapA, netns: ${hosts.namespace('a')} }
  tapB: { tap: tapB, netns: ${hosts.namespace('b')} }
rules: ${hosts.file(RULES, 'iperf.rules')}
`
    const bridge = await hosts.startBridge(config, '--io', io)
    const pid = bridge.child.pid!
    hosts.on('a', 'ip', 'addr', 'add', `${A}/24`, 'dev', 'tapA')
    hosts.on('b', 'ip', 'addr', 'add', `${B}/24`, 'dev', 'tapB')
    hosts.start('b', 'iperf3', '-s', '--forceflush')
    t.match(hosts.on('a', 'ping', '-c', '3', '-i', '0.1', '-w', '10', B).stdout, ANSWERED)

    /** What iperf3 says at its end; meanwhile the bridge reads its file every second. */
    async function run(seconds: number, ...options: string[]): Promise<Sum> {
      const client = hosts.start('a', 'iperf3', '-c', B, '-t', `${seconds}`, '--json', ...options)
      let said = ''
      client.stdout!.setEncoding('utf8').on('data', (text: string) => (said += text))
      const ended = once(client, 'exit')
      while (client.exitCode === null) {
        await sleep(1000)
        bridge.child.kill('SIGHUP')
      }
      await ended
      const { end, error } = JSON.parse(said) as { end: { sum_received?: Sum; sum?: Sum }; error?: string }
      if (error !== undefined) throw new Error(error)
      return end.sum_received ?? end.sum!
    }

    /** Frames that came to a queue that was full: of the bridge, as it was too slow, or of the receiver's device. */
    function lost(): number {
      const [{ stats64 }] = JSON.parse(
        hosts.on('a', 'ip', '-j', '-s', 'link', 'show', 'tapA').stdout,
      ) as Array<{ stats64: { tx: { dropped: number } } }>
      const drops = JSON.parse(hosts.ask('show', 'drops', '--json').stdout) as Record<string, number>
      return stats64.tx.dropped + (drops['tx-full'] ?? 0)
    }

    await run(4) // whatever grows once has grown
    const before = residentOf(pid)
    const tcp = await run(SECONDS[io])
    t.comment(`TCP ${(tcp.bits_per_second / 1e9).toFixed(1)} Gbit/s`)
    t.ok(tcp.bits_per_second > 1e8, `TCP: ${tcp.bits_per_second} bit/s`)
    const reverse = await run(Math.min(SECONDS[io], 10), '--reverse')
    t.ok(reverse.bits_per_second > 1e8, `TCP the other way: ${reverse.bits_per_second} bit/s`)
    const lostBefore = lost()
    const udp = await run(Math.min(SECONDS[io], 60), '--udp', '--bitrate', '50M', '--length', '1000')
    t.ok(udp.packets! > 10_000, `UDP: ${udp.packets} datagrams, iperf3 missed ${udp.lost_packets}`)
    t.equal(lost() - lostBefore, 0, 'UDP: none was lost before the receiver had it')
    const grown = residentOf(pid) - before
    t.ok(grown < MEMORY_VARIES, `${grown} kB more than before, which were ${before}`)
    t.match(hosts.ask('show', 'conntrack').stdout, /tcp .*dport=5201/)
    t.ok(bridge.stderr.split('rules read anew').length > SECONDS[io] / 2, 'the file was read all the while')
    t.equal(await bridge.end('SIGTERM'), 0)
  })
