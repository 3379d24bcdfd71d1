/** A bridge with rules, the kernel's or ours: how tests set it up, feed it and see what became of the frames. */

/** Name of the bridge, and of the node's interface on it. */
export const BRIDGE = 'br100'
export const BRIDGE_MAC = '02:00:00:00:01:00'
/** Its ports and their own addresses, in the order in which they are added. */
export const PORTS: Readonly<Record<string, string>> = {
  eth2: '02:00:00:00:01:01',
  vnet0: '02:00:00:00:01:02',
  vnet1: '02:00:00:00:01:03',
}

/** What differs from bridge to bridge. */
export interface BridgeOptions {
  /** The node's address on the bridge, `10.0.0.1/24`; null: it has none. */
  address: string | null
  /** Whom it can answer: address → MAC address. */
  neighbours?: Readonly<Record<string, string>>
  /** Packets that are not for it go on (ip_forward). */
  forwards?: boolean
  /** What hosts may send, by port, as in a node file. */
  guards?: Readonly<Record<string, { mac?: string; ip?: string; dhcpServer?: string }>>
}

/** A frame that is to enter by a port. */
export interface Entering {
  port: string
  frame: Uint8Array
}

/** A frame that left by a port, for the `cause`th of those that entered, from 0. */
export interface Leaving {
  cause: number
  port: string
  frame: Uint8Array
}

/** What became of frames. */
export interface Outcome {
  left: Leaving[]
  /** As `iptables-save -c` prints them, without comments. */
  counters: string
  /** As `conntrack -L` prints them; none where no rule asks for connections. */
  connections: string[]
}

/** Either bridge. */
export interface BridgeUnderTest {
  /** Puts these rules in place of all that were there. Returns null, or why they are refused; then there are none. */
  load(rules: string): string | null
  /** Lets the frames in, one after another, by a bridge that has learned nothing. */
  run(entering: readonly Entering[]): Promise<Outcome>
}
