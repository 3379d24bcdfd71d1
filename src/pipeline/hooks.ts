/**
 * Where bridged IPv4 frames meet rules, as with bridge-nf-call-iptables=1 (net/bridge/br_netfilter_hooks.c):
 *
 *   validate and trim → put fragments together → PREROUTING → learn, look up → for each copy FORWARD → POSTROUTING; the node's own INPUT
 *
 * Only untagged IPv4 enters; everything else passes without being asked. Interfaces are the bridge, ports the
 * physical devices. What IP itself takes in without the bridge (frames to link-local groups, the node's copy of a
 * frame with a priority tag) meets PREROUTING and INPUT as any packet of an interface does.
 */
import type { Drops } from '../core/drops.js'
import type { Conntrack } from '../netfilter/conntrack/conntrack.js'
import { UNTRACKED } from '../netfilter/conntrack/entry.js'
import { PASSED, TROUBLES, WANTED } from '../netfilter/engine.js'
import type { Engine } from '../netfilter/engine.js'
import { FORWARD, INPUT, POSTROUTING, PREROUTING } from '../netfilter/hook.js'
import { ACCEPT } from '../netfilter/verdict.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { locate } from '../packet/locate.js'
import { sameMac } from '../wire/address.js'
import * as ethernet from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import * as sctp from '../wire/sctp.js'
import * as tcp from '../wire/tcp.js'
import { OK, TRUNCATED } from '../wire/reason.js'
import * as vlan from '../wire/vlan.js'
import { createJudge } from './judge.js'
import type { CurrentPacket, Judge } from './judge.js'
import { isForNode } from './node-view.js'
import type { NodeDescription } from './node-view.js'
import type { Pieces, Reassembly } from './reassembly.js'
import { createReroute } from './reroute.js'
import { createSettledPath } from './settled-path.js'
import { takesOptions } from './received-options.js'

const { HEADER_LENGTH: ETHERNET, IPV4 } = ethernet
const [TCP, SCTP] = [tcp.PROTOCOL, sctp.PROTOCOL]
const PPPOE_SESSION = 0x8864
/** Of PPPoE (RFC 2516 §4), and the protocol of PPP. */
const PPPOE_HEADER = 8
/** Where the IPv4 header of a frame with one tag is. */
const TAGGED = ETHERNET + vlan.HEADER_LENGTH

/** The hooks of a bridge. Each returns OK, or the reason why the packet is dropped. */
export interface Hooks {
  /** A packet comes, before the bridge has looked at it. */
  begin?(slot: number): void
  /** That packet has left, been delivered or dropped. */
  end?(): void
  /** Checks the packet before anything is asked, and trims it to the length that its IPv4 header tells. */
  admit(slot: number): number
  /**
   * Where connections are tracked fragments are put together first. Takes over an admitted packet, and returns the
   * one to go on with, or NONE.
   */
  gather(slot: number): number
  /** What the packet that `gather` has returned last was made of. */
  readonly pieces: Pieces
  /**
   * Whether more of the datagram was looked into as one than its first piece had: it is in one piece since, and not cut
   * again as it came.
   */
  isPulled(slot: number): boolean
  /** Before anything is learned or looked up. */
  prerouting(slot: number): number
  /** For the copy that leaves by port `to`. */
  forward(slot: number, to: number): number
  /** For the node's own copy. */
  input(slot: number): number
  /** What no bridge forwards, to 01:80:c2:00:00:02 … 0f, is an IP packet of the port itself. */
  ownOfPort(slot: number): void
}

/** What tracks connections, where that is done. */
export interface Tracking {
  connections: Conntrack
  reassembly: Reassembly
  /** The bridge learns where a packet came from that does not reach it. */
  learnFrom(slot: number): void
}

/** What came in one frame. */
const WHOLE: Pieces = { count: 0, ends: new Int32Array(0), largest: 0 }

/** The hooks over these rules. `portNames` may grow. */
export function createHooks(
  arena: Arena,
  drops: Drops,
  engine: Engine,
  node: NodeDescription,
  portNames: readonly string[],
  current: CurrentPacket,
  tracking: Tracking | null,
): Hooks {
  const { start, length, port, time, mark, traced, connection, connectionInfo, etherType, l3, protocol } =
    arena
  const { bytes } = arena.memory
  const judge = createJudge(arena, drops, engine, node, current)
  const connections = tracking?.connections ?? null
  const { goesOn, passes } = createSettledPath(arena, engine, connections)
  const { ways } = engine
  const judgeWay = ways === null ? judge : createJudge(arena, drops, ways.judge, node, current)
  const otherPorts = Object.entries(node.portMacs)

  const reroute = createReroute(arena, drops, node, (slot) => tracking?.learnFrom(slot))
  const clash = drops.register(TROUBLES.confirm)

  const isIpv4 = (slot: number): boolean => etherType[slot] === IPV4 && l3[slot] === ETHERNET

  function admit(slot: number): number {
    locate(arena, slot)
    mark[slot] = traced[slot] = connectionInfo[slot] = 0
    const at = start[slot]
    if (isCutInEncapsulation(slot)) return TRUNCATED
    if (!isIpv4(slot)) return OK
    const refusal = ipv4.check(bytes, at + ETHERNET, at + length[slot])
    if (refusal !== OK) return refusal
    length[slot] = ETHERNET + ipv4.totalLength(bytes, at + ETHERNET)
    return OK
  }

  function gather(slot: number): number {
    if (tracking === null) return slot
    const whole = tracking.reassembly.gather(slot, isIpv4(slot))
    if (whole !== NONE && whole !== slot) mark[whole] = traced[whole] = connectionInfo[whole] = 0
    return whole
  }

  /** The kernel makes a header writable as a whole to see a CRC right (sctp_error), or to change ports. */
  function isPulled(slot: number): boolean {
    if (connections === null) return false
    const inFirst = tracking!.reassembly.pieces.ends[0]
    const isTracked = connectionInfo[slot] >> 1 !== UNTRACKED
    if (protocol[slot] === SCTP && inFirst < sctp.HEADER_LENGTH && isTracked && connections.verifiesChecksums)
      return true
    const header =
      protocol[slot] === TCP ? tcp.HEADER_LENGTH : protocol[slot] === SCTP ? sctp.HEADER_LENGTH : 0
    return inFirst < header && connection[slot] !== 0 && connections.isTranslated(connection[slot])
  }

  function prerouting(slot: number): number {
    if (!isIpv4(slot) || goesOn(slot)) return OK
    const l3 = start[slot] + ETHERNET
    const destination = ipv4.destination(bytes, l3)
    const refusal = judge(PREROUTING, slot, node.bridge, portNames[port[slot]], '')
    if (refusal !== OK || ipv4.destination(bytes, l3) === destination) return refusal
    return reroute(slot)
  }

  /** Behind a first tag, another one and the header of PPPoE must be there as a whole (nf_bridge_encap_header_len). */
  function isCutInEncapsulation(slot: number): boolean {
    const at = start[slot]
    const outer = ethernet.etherType(bytes, at)
    const header = outer === ethernet.VLAN || outer === ethernet.SERVICE_VLAN ? TAGGED : ETHERNET
    const type = header === ETHERNET ? outer : vlan.etherType(bytes, at + ETHERNET - 2)
    const wanted = type === ethernet.VLAN ? vlan.HEADER_LENGTH : type === PPPOE_SESSION ? PPPOE_HEADER : 0
    return length[slot] < header + wanted
  }

  function forward(slot: number, to: number): number {
    if (!isIpv4(slot)) return OK
    const said = passes(slot, to)
    if (said === PASSED) return OK
    return said === WANTED ? learnWay(slot, to) : judgeForward(judge, slot, to)
  }

  function learnWay(slot: number, to: number): number {
    ways!.watch()
    const refusal = judgeForward(judgeWay, slot, to)
    ways!.remember(connection[slot], connectionInfo[slot] & 1, port[slot], to, refusal === OK)
    return refusal
  }

  function judgeForward(asked: Judge, slot: number, to: number): number {
    const [from, into] = [portNames[port[slot]], portNames[to]]
    const refusal = asked(FORWARD, slot, node.bridge, from, into)
    return refusal === OK ? asked(POSTROUTING, slot, '', from, into) : refusal
  }

  function input(slot: number): number {
    if (!isConfirmed(slot)) return clash
    if (isForOtherPort(slot)) return OK
    if (!isIpv4(slot)) return isPriorityTagged(slot) ? receive(slot, TAGGED, node.bridge) : OK
    if (!isTakenIn(start[slot] + ETHERNET)) return OK
    return judge(INPUT, slot, node.bridge, portNames[port[slot]], '')
  }

  /**
   * What the bridge hands to the node beside what it sends on has begun its connection, even if all that was to be
   * sent on was dropped (br_nf_local_in, Linux 6.8): frames to groups, and to the addresses of other ports.
   */
  function isConfirmed(slot: number): boolean {
    if (tracking === null || connection[slot] === 0 || connectionInfo[slot] === 0 || !isIpv4(slot))
      return true
    if (node.mac !== null && sameMac(bytes, start[slot], node.mac, 0)) return true
    const own = node.portMacs[portNames[port[slot]]]
    if (own !== undefined && sameMac(bytes, start[slot], own, 0)) return true
    const direction = connectionInfo[slot] & 1
    return tracking.connections.confirmEntry(connection[slot], direction, time[slot]) === ACCEPT
  }

  function ownOfPort(slot: number): void {
    locate(arena, slot)
    mark[slot] = traced[slot] = connectionInfo[slot] = 0
    if (isIpv4(slot)) receive(slot, ETHERNET, portNames[port[slot]])
    else if (isPriorityTagged(slot)) receive(slot, TAGGED, portNames[port[slot]])
  }

  /** What the bridge has not shown to rules meets them as any IP packet of an interface does (ip_rcv). */
  function receive(slot: number, header: number, inInterface: string): number {
    const at = start[slot] + header
    if (ipv4.check(bytes, at, start[slot] + length[slot]) !== OK) return OK
    // Where connections are tracked fragments are put together first, which nobody does here.
    if (tracking !== null && ipv4.isFragment(bytes, at)) return OK
    const refusal = judge(PREROUTING, slot, inInterface, '', '')
    return refusal === OK && isTakenIn(at) ? judge(INPUT, slot, inInterface, '', '') : refusal
  }

  /** INPUT is asked about whole datagrams (ip_local_deliver), and the node does not put fragments together yet. */
  function isTakenIn(at: number): boolean {
    if (ipv4.isFragment(bytes, at) || !takesOptions(bytes, at)) return false
    return isForNode(node, ipv4.source(bytes, at), ipv4.destination(bytes, at))
  }

  /** VLAN 0 is none: the tag has only a priority (IEEE 802.1Q §9.6). */
  function isPriorityTagged(slot: number): boolean {
    const tag = start[slot] + ETHERNET - 2
    return etherType[slot] === IPV4 && l3[slot] === TAGGED && vlan.identifier(bytes, tag) === 0
  }

  /** The bridge hands over what is for any of its ports; IP takes it only from the port itself (PACKET_OTHERHOST). */
  function isForOtherPort(slot: number): boolean {
    for (const [name, mac] of otherPorts)
      if (name !== portNames[port[slot]] && sameMac(bytes, start[slot], mac, 0)) return true
    return false
  }

  return {
    admit,
    gather,
    pieces: tracking?.reassembly.pieces ?? WHOLE,
    isPulled,
    prerouting,
    forward,
    input,
    ownOfPort,
  }
}
