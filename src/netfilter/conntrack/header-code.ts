/** Fields of headers, as code for WebAssembly: what the readers of src/wire give, of a header at a local variable. */
import {
  and,
  constant,
  get,
  load,
  load16,
  load8,
  set,
  shiftLeft,
  shiftRight,
  swapped,
} from '../../packet/wasm.js'
import type { Code } from '../../packet/wasm.js'

/** Offsets in the headers of IPv4, TCP and UDP (ports are at 0 in both). */
const [ADDRESSES, DATA_OFFSET, FLAGS] = [12, 12, 13]
const [WINDOW, UDP_LENGTH, UDP_CHECKSUM] = [14, 4, 6]
const OPTIONS = 20
/** IPv4's field, and its bits with the bytes exchanged. */
const [FRAGMENT_OFFSET, OFFSET_BITS] = [6, 0xff1f]

/** The four bytes at `offset`, as the number that they are, into `to`. */
function setWord(to: number, at: number, offset: number): Code {
  return [...set(to, load(get(at), offset)), ...set(to, swapped(to))]
}

/** The sender's address. */
export const setSource = (to: number, l3: number): Code => setWord(to, l3, ADDRESSES)
/** The receiver's. */
export const setDestination = (to: number, l3: number): Code => setWord(to, l3, ADDRESSES + 4)
/** Both ports, the sender's in the upper half. */
export const setPorts = (to: number, l4: number): Code => setWord(to, l4, 0)
/** TCP's sequence number. */
export const setSequenceNumber = (to: number, l4: number): Code => setWord(to, l4, 4)
/** TCP's acknowledgment number. */
export const setAcknowledgmentNumber = (to: number, l4: number): Code => setWord(to, l4, 8)

/** Not 0 for a second or further fragment. */
export const fragmentOffset = (l3: number): Code =>
  and(load16(get(l3), FRAGMENT_OFFSET), constant(OFFSET_BITS))
/** Where both addresses are. */
export const addressesAt = ADDRESSES
/** TCP's header in bytes. */
export const dataOffset = (l4: number): Code =>
  shiftLeft(shiftRight(load8(get(l4), DATA_OFFSET), constant(4)), constant(2))
/** TCP's flags. */
export const flags = (l4: number): Code => load8(get(l4), FLAGS)
/** TCP's window, its bytes exchanged. */
export const windowBytes = (l4: number): Code => load16(get(l4), WINDOW)
/** The first four bytes of TCP's options, the first one lowest. */
export const firstOptions = (l4: number): Code => load(get(l4), OPTIONS)
/** UDP's length, its bytes exchanged. */
export const udpLengthBytes = (l4: number): Code => load16(get(l4), UDP_LENGTH)
/** UDP's checksum; its bytes are exchanged, but only 0 means something. */
export const udpChecksum = (l4: number): Code => load16(get(l4), UDP_CHECKSUM)
