/**
 * A packet as rules see it: where it is on its way, and where its headers are. One object that is filled anew
 * for each packet at each hook: nobody keeps it.
 */
import type { Microseconds } from '../core/clock.js'
import * as ipv4 from '../wire/ipv4.js'
import { INVALID } from './conntrack/entry.js'
import type { Hook } from './hook.js'

/** To this station; to all; to a group; to another station (the kernel's PACKET_HOST … PACKET_OTHERHOST). */
export const [UNICAST, BROADCAST, MULTICAST, OTHER_HOST] = [0, 1, 2, 3]

/**
 * What is known of the checksum of TCP or UDP: nothing; that it is right; that its field has the sum of the pseudo
 * header alone, and who sends the packet on makes it whole; the same of a packet that stands for several segments (the
 * kernel's ip_summed).
 */
export const [UNCHECKED, CHECKED, PARTIAL, PARTIAL_SEGMENTS] = [0, 1, 2, 3]

/** What matches and targets may ask, and what targets may change. */
export class Packet {
  /** The memory that the frame is in. */
  bytes: Uint8Array = new Uint8Array(0)
  /** Offset of the Ethernet header; -1 for a packet that the node itself sends. */
  frame = -1
  /** Offsets of the IPv4 header, of what follows it, and of the datagram's end (by its total length). */
  l3 = 0
  l4 = 0
  end = 0
  /** Bytes behind `end` that are the packet's too: a target may make it longer by as many. `read` makes it 0. */
  room = 0
  /** One of UNCHECKED, CHECKED, PARTIAL, PARTIAL_SEGMENTS. `read` makes it UNCHECKED. */
  checksum = UNCHECKED
  /** Numbers as in the header, addresses unsigned. */
  protocol = 0
  source = 0
  destination = 0
  /** In bytes; above 0 in a second or further fragment, which has no header of its protocol. */
  fragmentOffset = 0
  /** Names of interfaces, '' where there is none: for a bridged frame both are the bridge. */
  inInterface = ''
  outInterface = ''
  /** Names of the bridge's ports, '' where the packet did not come or does not go by one. */
  physicalIn = ''
  physicalOut = ''
  /** The packet only passes through the bridge (`--physdev-is-bridged`). */
  isBridged = false
  /** One of UNICAST, BROADCAST, MULTICAST, OTHER_HOST. */
  type = UNICAST
  /** As `-m mark` sees it, unsigned; it lasts until the packet leaves the node. */
  mark = 0
  /** Its connection (conntrack/entry.ts); 0 where it is none's or nobody tracks. */
  connection = 0
  /** ORIGINAL or REPLY: which way it goes in that. */
  direction = 0
  /** One of INVALID, ESTABLISHED, RELATED, NEW, UNTRACKED of conntrack/entry.ts: bits. */
  connectionState = INVALID
  /** What `-j CT` has said before the packet is tracked: a template's number, 0 for none, and a zone as in the word PROTOCOL. */
  template = 0
  zone = 0
  /** Every rule that acts on it from now on is told of (`-j TRACE`), until the packet leaves the node. */
  isTraced = false
  /** As CLASSIFY sets it, `major << 16 | minor`. */
  priority = 0
  now: Microseconds = 0
  hook: Hook = 0
  /** A match found a header that is cut or malformed: the packet is dropped there and then (hotdrop). */
  isMalformed = false
  /** Packets and bytes that count: the datagram without the Ethernet header. */
  get length(): number {
    return this.end - this.l3
  }

  /**
   * Takes in the IPv4 header at `l3`, which `ipv4.check` has passed; where the packet is, the caller says. Who knows
   * `l4` and the protocol already, from when the packet came in, spares looking for them again.
   */
  read(
    bytes: Uint8Array,
    frame: number,
    l3: number,
    l4 = l3 + ipv4.headerLength(bytes, l3),
    protocol = ipv4.protocol(bytes, l3),
  ): void {
    if (this.bytes !== bytes) this.bytes = bytes // which the garbage collector is told of
    this.frame = frame
    this.l3 = l3
    this.l4 = l4
    this.end = l3 + ipv4.totalLength(bytes, l3)
    this.room = 0
    this.checksum = UNCHECKED
    this.protocol = protocol
    this.source = ipv4.source(bytes, l3)
    this.destination = ipv4.destination(bytes, l3)
    this.fragmentOffset = ipv4.fragmentOffset(bytes, l3)
    this.isMalformed = false
    this.isTraced = false
    this.connection = 0
    this.direction = 0
    this.connectionState = INVALID
    this.template = this.zone = 0
  }
}
