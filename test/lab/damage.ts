/** What can be wrong with a frame, or make it something that is no IPv4 at all. */
import { mendHeader } from './draft.js'
import type { Random } from './random.js'

const ETHERNET = 14

/** Each makes another frame of one. */
export const damages: ReadonlyArray<(frame: Uint8Array, random: Random) => Uint8Array> = [
  // The header's checksum, version, length, total length.
  (frame, random) => changed(frame, 10 + random.below(2), (byte) => byte ^ 1),
  (frame) => mended(changed(frame, 0, (byte) => (byte & 15) | 0x60)),
  (frame, random) => mended(changed(frame, 0, () => 0x40 | random.below(5))),
  (frame) => mended(changed(frame, 0, () => 0x4f)),
  (frame) => mended(changed(frame, 3, (byte) => byte + 40)),
  (frame, random) =>
    mended(
      changed(
        changed(frame, 2, () => 0),
        3,
        () => random.below(28),
      ),
    ),
  // The transport's header: its checksum's place in TCP and UDP, its length's place.
  (frame) => changed(frame, 36, (byte) => byte ^ 0x55),
  (frame) => changed(frame, 26, (byte) => byte ^ 0x55),
  (frame, random) => changed(frame, 25, () => random.below(12)),
  (frame, random) => changed(frame, 32, () => random.below(16) << 4),
  // The frame ends too early: in the transport's header, in IPv4's, in none.
  (frame, random) => frame.slice(0, Math.min(frame.length, random.between(ETHERNET, 60))),
  (frame, random) => shortened(frame, random.between(0, 30)),
  // ARP, IPv6, an unknown protocol, a length in place of a type.
  (frame, random) => typed(frame, random.pick([0x0806, 0x86dd, 0x88b6, 0x0026])),
]

function changed(frame: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const b = frame.slice()
  if (ETHERNET + at < b.length) b[ETHERNET + at] = change(b[ETHERNET + at])
  return b
}

function mended(frame: Uint8Array): Uint8Array {
  if (frame.length >= ETHERNET + 20) mendHeader(frame)
  return frame
}

/** The datagram says so, too: what is cut off is the transport's header, as far as it goes. */
function shortened(frame: Uint8Array, behindHeader: number): Uint8Array {
  const total = Math.min(frame.length - ETHERNET, (frame[ETHERNET] & 15) * 4 + behindHeader)
  const b = frame.slice(0, ETHERNET + total)
  if (total < 20) return b
  b[ETHERNET + 2] = total >> 8
  b[ETHERNET + 3] = total & 255
  return mended(b)
}

function typed(frame: Uint8Array, type: number): Uint8Array {
  const b = frame.slice()
  b[12] = type >> 8
  b[13] = type & 255
  return b
}
