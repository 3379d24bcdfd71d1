/** What rules and packets of the comparison are made from: few values, so that they meet. */
import type { TableName } from '../../src/netfilter/hook.js'
import { PORTS } from './bridge-under-test.js'
import type { Random } from './random.js'

/** Where a rule will stand. */
export interface Place {
  table: TableName
  chain: string
  /** Chains of the user's own that it may jump to: those behind its own, so that nothing goes in circles. */
  later: readonly string[]
}

/** The node's own is 10.0.0.1/24, if it has one. */
export const ADDRESSES: readonly string[] = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.4',
  '10.0.0.130',
  '10.0.0.255',
  '10.0.0.0',
  '10.0.1.1',
  '192.168.0.1',
  '127.0.0.1',
  '224.0.0.1',
  '224.0.0.251',
  '255.255.255.255',
  '0.0.0.0',
]

const station = (host: number): string => `02:00:00:00:00:${host.toString(16).padStart(2, '0')}`

/** All of the bridge's network, so that the node need not ask: address → MAC address. */
export const NEIGHBOURS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 253 }, (_, i) => [`10.0.0.${i + 2}`, station(i + 2)]),
)

/** Those that send and are sent to, each at home behind one of the ports. */
export const STATIONS: readonly string[] = [2, 3, 4, 130, 153].map(station)

/** The port that a station stays behind most of the time. */
export function home(station: string): string {
  const ports = Object.keys(PORTS)
  return ports[STATIONS.indexOf(station) % ports.length]
}

export const PORT_NUMBERS: readonly number[] = [
  0, 1, 22, 53, 67, 80, 443, 1000, 1023, 1024, 8080, 65_534, 65_535,
]

/** `! ` now and then. */
export function not(random: Random): string {
  return random.chance(20) ? '! ' : ''
}

/** A port, or a range of them, as `--dport` takes it. */
export function portRange(random: Random): string {
  const ports = random.picks(2, PORT_NUMBERS).sort((a, b) => a - b)
  return random.pick([
    `${ports[0]}`,
    `${ports[0]}`,
    `${ports[0]}:${ports[1]}`,
    `${ports[0]}:`,
    `:${ports[1]}`,
  ])
}
