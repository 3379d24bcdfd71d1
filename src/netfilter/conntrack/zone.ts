/**
 * The word PROTOCOL of an entry: the protocol in its lowest byte, the zone in its upper half, and between them whether
 * only one direction is in the zone; the other one is in zone 0 then. Zones keep connections of equal addresses apart.
 */
import { ORIGINAL } from './entry.js'

/** Only what goes the way of the first packet is in the zone; or only the answers are. */
export const [ONLY_ORIGINAL, ONLY_REPLY] = [0x100, 0x200]
/** Either: the directions are in different zones. */
export const ONE_SIDED: number = ONLY_ORIGINAL | ONLY_REPLY
const PROTOCOL_BITS = 0xff

/** The word as one direction has it: its protocol and its own zone. */
export function sideOf(word: number, direction: number): number {
  if ((word & ONE_SIDED) === 0) return word
  const isIn = (word & (direction === ORIGINAL ? ONLY_ORIGINAL : ONLY_REPLY)) !== 0
  return isIn ? word & ~ONE_SIDED : word & PROTOCOL_BITS
}

/** Its zone as `conntrack -L` prints it behind both tuples, or '' where it has none there. */
export function zoneText(word: number): string {
  return (word & ONE_SIDED) !== 0 || word >>> 16 === 0 ? '' : `zone=${word >>> 16}`
}

/** The same behind the tuple of a direction, which alone is in the zone. */
export function sideZoneText(word: number, direction: number): string {
  if ((word & ONE_SIDED) === 0) return ''
  const zone = sideOf(word, direction) >>> 16
  return zone === 0 ? '' : `zone-${direction === ORIGINAL ? 'orig' : 'reply'}=${zone}`
}

/** Whether two words are the same in this direction. */
export function isSameSide(a: number, b: number, direction: number): boolean {
  return sideOf(a, direction) === sideOf(b, direction)
}
