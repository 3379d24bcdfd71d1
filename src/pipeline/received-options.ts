/** Which IP options the node takes in, in what is written to it (ip_options_compile, ip_rcv_options). */
import * as ipv4 from '../wire/ipv4.js'

const [END, NO_OPERATION] = [0, 1]
const [RECORD_ROUTE, TIMESTAMP, ROUTER_ALERT] = [7, 68, 148]
const [LOOSE_SOURCE_ROUTE, STRICT_SOURCE_ROUTE] = [131, 137]
/** Kinds of time stamps: alone, or with addresses, told or asked for; and the room that one takes less one byte. */
const STAMP_ROOM: Readonly<Record<number, number>> = { 0: 3, 1: 7, 3: 7 }

/** Whether the options of the header at `l3`, which `ipv4.check` has passed, are whole and allowed. */
export function takesOptions(b: Uint8Array, l3: number): boolean {
  const end = l3 + ipv4.headerLength(b, l3)
  const met = new Set<number>()
  for (let at = l3 + ipv4.HEADER_LENGTH; at < end;) {
    const type = b[at]
    if (type === END) return true
    if (type === NO_OPERATION) {
      at++
      continue
    }
    const length = at + 1 < end ? b[at + 1] : 0
    if (length < 2 || at + length > end || !isTaken(b, at, length, met)) return false
    met.add(type)
    at += length
  }
  return true
}

/** Source routes are never accepted (net.ipv4.conf.all.accept_source_route is 0). */
function isTaken(b: Uint8Array, at: number, length: number, met: ReadonlySet<number>): boolean {
  const type = b[at]
  const pointer = b[at + 2]
  switch (type) {
    case LOOSE_SOURCE_ROUTE:
    case STRICT_SOURCE_ROUTE:
      return false
    case RECORD_ROUTE:
      return !met.has(type) && length >= 3 && pointer >= 4 && (pointer > length || pointer + 3 <= length)
    case TIMESTAMP:
      return !met.has(type) && length >= 4 && pointer >= 5 && hasStampRoom(pointer, length, b[at + 3])
    case ROUTER_ALERT:
      return length >= 4
    default:
      return true
  }
}

/** Room for the next stamp; or the count of those that found none, which must not overflow. */
function hasStampRoom(pointer: number, length: number, flags: number): boolean {
  const kind = flags & 0x0f
  if (pointer <= length) return pointer + (STAMP_ROOM[kind] ?? 0) <= length
  return kind === 3 || flags >> 4 !== 15
}
