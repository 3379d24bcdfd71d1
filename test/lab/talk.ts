/** What conversations are made from: who talks, by which ports. Few of each, so that conversations collide. */
import { BRIDGE_MAC } from './bridge-under-test.js'
import type { Draft } from './draft.js'
import type { Random } from './random.js'
import { STATIONS } from './values.js'

/** A datagram as its sender makes it; how it is addressed on the wire is not its matter. */
export type Message = Partial<Draft> & Pick<Draft, 'source' | 'destination' | 'protocol'>

/** One conversation: it goes on with each message, and ends when it likes. `seen` are datagrams of the last frames. */
export type Talk = (random: Random, seen: readonly Uint8Array[]) => Generator<Message, void>

/** The node's address; it is talked to, but talks itself only where rules make it. */
export const NODE = '10.0.0.1'
/** Hosts, one behind each port: address → MAC address. */
export const HOSTS: Readonly<Record<string, string>> = {
  '10.0.0.2': STATIONS[0],
  '10.0.0.3': STATIONS[1],
  '10.0.0.4': STATIONS[2],
}
/** MAC addresses of all that can be talked to alone. */
export const MACS: Readonly<Record<string, string>> = { ...HOSTS, [NODE]: BRIDGE_MAC }
/** Addresses of many. */
export const GROUPS: Readonly<Record<string, string>> = {
  '255.255.255.255': 'ff:ff:ff:ff:ff:ff',
  '10.0.0.255': 'ff:ff:ff:ff:ff:ff',
  '224.0.0.1': '01:00:5e:00:00:01',
  '224.0.0.251': '01:00:5e:00:00:fb',
}
/** TCP's and UDP's. */
export const CLIENT_PORTS: readonly number[] = [1000, 1001]
export const SERVER_PORTS: readonly number[] = [22, 53]

const ADDRESSES = Object.keys(HOSTS)

/** Two who talk, the one that begins first; the second one is the node now and then. */
export function pair(random: Random): [client: string, server: string] {
  const client = random.pick(ADDRESSES)
  const others = ADDRESSES.filter((one) => one !== client)
  return [client, random.chance(8) ? NODE : random.pick(others)]
}

/** Bytes of data, none most of the time. */
export function data(random: Random): Uint8Array {
  return new Uint8Array(random.pick([0, 0, 1, 4, 100, 1000])).fill(0x61)
}
