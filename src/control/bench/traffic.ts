/** What is measured between two hosts: small datagrams, TCP, the round trip of a lone ping, and how a bridge begins. */
import { fileURLToPath } from 'node:url'
import { stopwatch } from '../../core/clock.js'
import type { Microseconds } from '../../core/clock.js'
import { BenchError, finished, outputOf, said } from './command.js'
import type { Answered, Deed, Received, Sent } from './host.js'
import type { Host } from './setting.js'
import type { Spaces } from './spaces.js'

/** Two hosts, and the namespaces that they are in. */
export interface Pair {
  spaces: Spaces
  from: Host
  to: Host
}

/** What went from one host to the other, datagrams or bytes. */
export interface Carried extends Sent, Received {
  /** Received a second, from the first to the last; 0 where nothing came. */
  rate: number
}

const HOST = fileURLToPath(new URL('./host.js', import.meta.url))

/** Gives the hosts their addresses, by which each knows the other. */
export async function giveAddresses({ spaces, from, to }: Pair): Promise<void> {
  const one = async ({ place, device, mac, mtu, address }: Host, other: Host): Promise<void> => {
    const commands = [
      `link set ${device} address ${mac} ${mtu === null ? '' : `mtu ${mtu}`} up`,
      `addr add ${address}/32 dev ${device}`,
      `route replace ${other.address}/32 dev ${device}`,
      `neigh replace ${other.address} lladdr ${other.mac} dev ${device} nud permanent`,
    ]
    await spaces.run(place, ['ip', '-batch', '-'], commands.join('\n'))
  }
  await one(from, to)
  await one(to, from)
}

/** Each speaks once, so that a bridge knows where it is: also where nobody may answer. */
export async function makeKnown({ spaces, from, to }: Pair): Promise<void> {
  await Promise.all([pings(spaces, from, to, 0), pings(spaces, to, from, 0)])
}

/** Round trips of lone pings, those that were answered. */
export async function roundTrips({ spaces, from, to }: Pair, seconds: number): Promise<Microseconds[]> {
  return pings(spaces, from, to, seconds)
}

async function pings(spaces: Spaces, from: Host, to: Host, seconds: number): Promise<Microseconds[]> {
  const { trips } = await ask<Answered>(spaces, from, 'ping', to.address, String(seconds))
  return trips
}

/** Small datagrams, sent as fast as it goes. */
export async function flood(pair: Pair, seconds: number): Promise<Carried> {
  return carry(pair, 'send-datagrams', 'count-datagrams', seconds)
}

/** As much as goes through one TCP connection. */
export async function stream(pair: Pair, seconds: number): Promise<Carried> {
  return carry(pair, 'send-stream', 'count-stream', seconds)
}

async function carry({ spaces, from, to }: Pair, send: Deed, count: Deed, seconds: number): Promise<Carried> {
  const counting = commandOf(count, to.address)
  const counter = spaces.start(to.place, counting)
  const counted = finished(counter)
  await said(counter, 'stdout', READY)
  const { sent } = await ask<Sent>(spaces, from, send, to.address, String(seconds))
  const { received, seconds: took } = lastLine(outputOf(await counted, counting)) as Received
  if (received > sent) throw new BenchError(`${send}: ${sent} sent, but ${received} received`)
  return { sent, received, seconds: took, rate: took > 0 ? received / took : 0 }
}

const [READY, CAME] = [/^ready$/m, /"came":true/]

/**
 * How long it takes until the first frame comes through a bridge that is begun by `start`, and what that has made; null
 * where none has come. The hosts try from before that on, once a millisecond.
 */
export async function firstFrame<T>(
  { spaces, from, to }: Pair,
  start: () => Promise<T>,
): Promise<{ began: T; took: Microseconds | null }> {
  const awaiting = spaces.start(to.place, commandOf('await-frame', to.device))
  const sending = spaces.start(from.place, commandOf('send-frames', from.device, to.mac, from.mac))
  try {
    await Promise.all([said(awaiting, 'stdout', READY), said(sending, 'stdout', READY)])
    const since = stopwatch()
    const came = said(awaiting, 'stdout', CAME).then(
      () => stopwatch() - since,
      () => null,
    )
    const began = await start()
    const limit = setTimeout(() => awaiting.kill('SIGKILL'), AT_WORK_BY_NOW)
    const took = await came
    clearTimeout(limit)
    return { began, took }
  } finally {
    for (const child of [awaiting, sending]) child.kill('SIGKILL')
  }
}

/** In milliseconds: what is said to be at work and has carried no frame since then will not carry any. */
const AT_WORK_BY_NOW = 3000

/** Has a host do something to its end: what it has come to. */
async function ask<T>(spaces: Spaces, host: Host, deed: Deed, ...words: string[]): Promise<T> {
  return lastLine(await spaces.run(host.place, commandOf(deed, ...words))) as T
}

function commandOf(deed: Deed, ...words: string[]): string[] {
  return [process.execPath, HOST, deed, ...words]
}

function lastLine(text: string): unknown {
  return JSON.parse(text.trim().split('\n').at(-1)!)
}
