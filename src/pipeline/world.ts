/** The world around the rules of a bridge: the node they stand in, what they remember together, where their words go. */
import type { Conntrack } from '../netfilter/conntrack/conntrack.js'
import type { Packet } from '../netfilter/packet.js'
import type { AddressSet, Runtime } from '../netfilter/runtime.js'
import { addressType, interfaceAddress } from './node-view.js'
import type { NodeDescription } from './node-view.js'

/** Where what rules cause goes. */
export interface Effects {
  /** A line of `-j LOG` or `-j TRACE`. */
  log(line: string): void
  /** A packet of `-j NFLOG`. */
  nflog: Runtime['nflog']
  /** The answer of `-j REJECT`. */
  reject(packet: Packet, type: string): void
}

/** What rules cause is not wanted: they are only asked. */
export const SILENT: Effects = { log: () => {}, nflog: () => {}, reject: () => {} }

/** A world with this node in it. The random numbers are the same each time, so that a replay can be repeated. */
export function createWorld(
  node: NodeDescription,
  sets: ReadonlyMap<string, AddressSet>,
  effects: Effects,
  connections: Conntrack | null = null,
): Runtime {
  const kept = new Map<string, unknown>()
  let state = 0x9e3779b9
  return {
    ...effects,
    connections,
    sets,
    addressType: (address, interfaceName) => addressType(node, address, interfaceName),
    interfaceAddress: (destination) => interfaceAddress(node, destination),
    shared<T>(name: string, make: () => T): T {
      if (!kept.has(name)) kept.set(name, make())
      return kept.get(name) as T
    },
    /** Marsaglia's xorshift, 13 17 5. */
    random(): number {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state >>> 0
    },
  }
}
