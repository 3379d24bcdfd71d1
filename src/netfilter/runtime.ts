/** What rules may ask and cause beside the packet at hand. Whoever runs them provides it. */
import type { Conntrack } from './conntrack/conntrack.js'
import type { Packet } from './packet.js'

/** What an address is to the node (RTN_… of the kernel's routing). */
export type AddressType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT'
  | 'THROW'

/** An ipset: who is in it. Bytes and dimensions are the set's own. */
export interface AddressSet {
  readonly name: string
  /** Addresses or ports that an entry has, 1 or 2. */
  readonly dimensions: number
  /**
   * Whether the packet's fields are in it; `sources[i]` says that dimension i is the source's. With `nomatch`, whether
   * they are in an entry that is marked so, in a set that can have some.
   */
  has(packet: Packet, sources: readonly boolean[], nomatch: boolean): boolean
}

/** The world around rules. */
export interface Runtime {
  /** Connections, if they are tracked: from when rules ask for them on. */
  readonly connections: Conntrack | null
  /** What this address is to the node; with an interface, as seen from it alone ('' = all). */
  addressType(address: number, interfaceName: string): AddressType
  /**
   * The node's own address, unsigned, as one that writes to `destination` would see it; of null the first one. null
   * where the node has none.
   */
  interfaceAddress(destination: number | null): number | null
  /** Sets by name, from an `ipset save` file. */
  readonly sets: ReadonlyMap<string, AddressSet>
  /**
   * What rules that name the same thing have in common (a list of `recent`, a table of `hashlimit`): made by the
   * first that asks for it.
   */
  shared<T>(name: string, make: () => T): T
  /** 32 random bits, unsigned. */
  random(): number
  /** A line of the kernel's log, without time and host. */
  log(line: string): void
  /** A packet for a group of NFLOG, `size` bytes of its datagram at most; null is all of it. */
  nflog(packet: Packet, group: number, prefix: string, size: number | null): void
  /** Sends what REJECT answers. `type` as in `--reject-with`. */
  reject(packet: Packet, type: string): void
}
