/** What the node itself is, as far as rules ask: its addresses, and what an address is to it. */
import type { AddressType } from '../netfilter/runtime.js'
import { maskOf } from '../netfilter/numbers.js'

/** A node with one interface, the bridge's own. Addresses are unsigned. */
export interface NodeDescription {
  /** Name of the bridge, which is the interface's too. */
  bridge: string
  /** Six bytes, or null where none is known: nothing is sent from it then. */
  mac: Uint8Array | null
  /** MAC addresses of ports, by the ports' names: a frame to one is the node's only if it came in there. */
  portMacs: Readonly<Record<string, Uint8Array>>
  addresses: ReadonlyArray<{ address: number; prefixLength: number }>
  routes: ReadonlyArray<{ to: { address: number; prefixLength: number }; via: number }>
  /** It passes on what is not for it (ip_forward). */
  forwards: boolean
  /** Address as text → MAC address. */
  neighbours: Readonly<Record<string, Uint8Array>>
}

/** A node that nothing is known of. */
export function anonymousNode(bridge: string): NodeDescription {
  return { bridge, mac: null, portMacs: {}, addresses: [], routes: [], forwards: false, neighbours: {} }
}

/** Every node has it, on `lo`. */
const LOOPBACK = 0x7f000001
const LIMITED_BROADCAST = 0xffffffff
/** Every IPv4 interface is in this group. */
const ALL_HOSTS = 0xe0000001

const isMulticast = (address: number): boolean => address >>> 28 === 0xe
/** 127.0.0.0/8. */
export const isLoopback = (address: number): boolean => address >>> 24 === 127

/**
 * What an address is to the node (inet_addr_type): from the bridge's or from `lo`'s point of view alone where
 * an interface is named. Since Linux 5.14 the lowest address of a network is not a broadcast any more.
 */
export function addressType(node: NodeDescription, address: number, interfaceName: string): AddressType {
  if (address === 0 || address === LIMITED_BROADCAST) return 'BROADCAST'
  if (isMulticast(address)) return 'MULTICAST'
  if (isLoopback(address)) return interfaceName === '' || interfaceName === 'lo' ? 'LOCAL' : 'UNICAST'
  if (interfaceName !== '' && interfaceName !== node.bridge) return 'UNICAST'
  if (isOwn(node, address)) return 'LOCAL'
  return isSubnetBroadcast(node, address) ? 'BROADCAST' : 'UNICAST'
}

function isSubnetBroadcast({ addresses }: NodeDescription, address: number): boolean {
  return addresses.some(
    (own) => own.prefixLength < 31 && (own.address | ~maskOf(own.prefixLength)) >>> 0 === address,
  )
}

/**
 * Whether the node takes in a datagram that came in by its bridge, in the order in which ip_route_input asks:
 * its own addresses, the broadcasts, the group of all hosts; never from a source that cannot be one.
 */
export function isForNode(node: NodeDescription, source: number, destination: number): boolean {
  if (isMulticast(source) || source === LIMITED_BROADCAST || isOwn(node, source)) return false
  if (isMulticast(destination)) return destination === ALL_HOSTS && !isLoopback(source)
  if (destination === LIMITED_BROADCAST || (source === 0 && destination === 0)) return true
  if (source === 0 || destination === 0 || isLoopback(source) || isLoopback(destination)) return false
  return addressType(node, destination, '') !== 'UNICAST'
}

function isOwn({ addresses }: NodeDescription, address: number): boolean {
  return address === LOOPBACK || addresses.some((own) => own.address === address)
}

/** Who is sent to for a destination: itself on the bridge's network, or a gateway; null: there is no way. */
export function nextHop({ addresses, routes }: NodeDescription, destination: number): number | null {
  if (addresses.some((own) => isWithin(own, destination))) return destination
  const fitting = routes.filter(({ to }) => isWithin(to, destination))
  if (addresses.length === 0 || fitting.length === 0) return null
  return fitting.reduce((best, one) => (one.to.prefixLength > best.to.prefixLength ? one : best)).via
}

/** The address under which the node writes to a destination, or its first one (inet_select_addr); null: it has none. */
export function interfaceAddress({ addresses }: NodeDescription, destination: number | null): number | null {
  const near = addresses.find((own) => destination !== null && isWithin(own, destination))
  return (near ?? addresses[0])?.address ?? null
}

function isWithin(network: { address: number; prefixLength: number }, address: number): boolean {
  return ((network.address ^ address) & maskOf(network.prefixLength)) === 0
}

/** Whether the node has a way to send to an address: on the bridge's network, or by a route. */
export function isReachable(node: NodeDescription, address: number): boolean {
  return nextHop(node, address) !== null
}
