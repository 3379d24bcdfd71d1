/** What is measured between two hosts: small datagrams, TCP, and the round trip of a lone ping. */
import { fileURLToPath } from 'node:url'
import type { Host } from './setting.js'
import { finished, outputOf, said } from './command.js'
import type { Done } from './command.js'
import type { Spaces } from './spaces.js'

/** Two hosts, and the namespaces that they are in. */
export interface Pair {
  spaces: Spaces
  from: Host
  to: Host
}

const DATAGRAMS = fileURLToPath(new URL('./datagrams.js', import.meta.url))
/** discard (RFC 863); and how long nothing may come before nothing ever will, in seconds. */
const [DISCARD, UNTIL_FIRST] = ['9', 3]
/** As short as an Ethernet frame can be: 60 bytes without FCS. */
const SMALL = '18'
/** A ping is lone where the one before has long come back. */
const [PINGS_A_SECOND, PING_INTERVAL] = [50, '0.02']
const MICROSECONDS = 1000

/** Gives the hosts their addresses, by which each knows the other. */
export async function giveAddresses(spaces: Spaces, hosts: readonly [Host, Host]): Promise<void> {
  const one = async ({ place, device, mac, mtu, address }: Host, other: Host): Promise<void> => {
    const commands = [
      `link set ${device} address ${mac} ${mtu === null ? '' : `mtu ${mtu}`} up`,
      `addr add ${address}/32 dev ${device}`,
      `route replace ${other.address}/32 dev ${device}`,
      `neigh replace ${other.address} lladdr ${other.mac} dev ${device} nud permanent`,
    ]
    await spaces.run(place, ['ip', '-batch', '-'], commands.join('\n'))
  }
  await one(hosts[0], hosts[1])
  await one(hosts[1], hosts[0])
}

/** Each speaks once, so that a bridge knows where it is: also where nobody may answer. */
export async function makeKnown({ spaces, from, to }: Pair): Promise<void> {
  const once = (one: Host, other: Host): Promise<Done> =>
    spaces.attempt(one.place, ['ping', '-n', '-c', '1', '-W', '1', other.address])
  await Promise.all([once(from, to), once(to, from)])
}

/** Round trips of lone pings in microseconds, those that were answered. */
export async function roundTrips({ spaces, from, to }: Pair, seconds: number): Promise<number[]> {
  const count = String(Math.ceil(PINGS_A_SECOND * seconds))
  const limit = String(Math.ceil(seconds) + 2)
  const command = ['ping', '-n', '-c', count, '-i', PING_INTERVAL, '-w', limit, to.address]
  const { stdout } = await spaces.attempt(from.place, command)
  return [...stdout.matchAll(/ time=([\d.]+) ms/g)].map(([, time]) => Number(time) * MICROSECONDS)
}

/** A flood of datagrams. */
export interface Flood {
  sent: number
  received: number
  /** Received a second, from the first to the last. */
  rate: number
}

/** Sends small datagrams as fast as it goes. */
export async function flood({ spaces, from, to }: Pair, seconds: number): Promise<Flood> {
  const program = (...words: string[]): string[] => [process.execPath, DATAGRAMS, ...words]
  const counting = program('count', to.address, DISCARD, String(UNTIL_FIRST + seconds))
  const counter = spaces.start(to.place, counting)
  const counted = finished(counter)
  await said(counter, 'stdout', /listening/)
  const sent = await spaces.run(from.place, program('send', to.address, DISCARD, String(seconds), SMALL))
  const { received, seconds: took } = lastLine(outputOf(await counted, counting))
  return { sent: lastLine(sent)['sent'], received, rate: took > 0 ? received / took : 0 }
}

function lastLine(text: string): Record<string, number> {
  return JSON.parse(text.trim().split('\n').at(-1)!) as Record<string, number>
}

/** Gbit/s of one TCP connection, as iperf3's receiver has it; null where there is none. */
export async function bulk({ spaces, from, to }: Pair, seconds: number): Promise<number | null> {
  const server = spaces.start(to.place, ['iperf3', '-s', '-1', '--forceflush'])
  const served = finished(server)
  await said(server, 'stdout', /listening/)
  const command = ['iperf3', '-c', to.address, '-t', String(seconds), '-J', '--connect-timeout', '2000']
  const { status, stdout } = await spaces.attempt(from.place, command)
  server.kill('SIGTERM')
  await served
  if (status !== 0) return null
  const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } }
  return end.sum_received.bits_per_second / 1e9
}
