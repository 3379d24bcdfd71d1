/**
 * Where the headers of a packet are: found once, when the first stage asks that reads more than Ethernet, and
 * remembered with the packet.
 */
import { IPV4 } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { OK } from '../wire/reason.js'
import * as vlan from '../wire/vlan.js'
import type { Arena } from './arena.js'

/** What stands for an offset or a protocol that the packet does not have. */
export const ABSENT = -1

/**
 * Sets etherType (behind all tags) and l3 of the packet; of one that carries IPv4 whose header is there and no
 * lie, also l4 and protocol. What it does not have becomes ABSENT.
 */
export function locate(arena: Arena, slot: number): void {
  const { start, length, etherType, l3, l4, protocol } = arena
  const { bytes } = arena.memory
  const at = start[slot]
  const end = at + length[slot]
  etherType[slot] = l3[slot] = l4[slot] = protocol[slot] = ABSENT
  const type = vlan.innerTypeAt(bytes, at, end)
  if (type === -1) return
  etherType[slot] = vlan.tpid(bytes, type)
  l3[slot] = type + 2 - at
  if (etherType[slot] !== IPV4 || ipv4.checkHeader(bytes, type + 2, end) !== OK) return
  l4[slot] = l3[slot] + ipv4.headerLength(bytes, type + 2)
  protocol[slot] = ipv4.protocol(bytes, type + 2)
}
