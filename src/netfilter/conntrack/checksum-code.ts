/**
 * TCP's and UDP's checksum in WebAssembly. Words of 16 bits are added with their bytes exchanged, which gives the same
 * with its bytes exchanged (RFC 1071 §2 B), and all ones are all ones either way.
 */
import {
  NO_VECTOR,
  add,
  addNeighbours,
  and,
  constant,
  forever,
  get,
  isBelow,
  isDifferent,
  lane,
  leaveWhen,
  load16,
  load8,
  loadVector,
  loadVector4,
  loadVector8,
  set,
  shiftLeft,
  shiftRight,
  subtract,
  swapped16,
  when,
} from '../../packet/wasm.js'
import type { Code } from '../../packet/wasm.js'
import { DATAGRAM_END, L3, L4, PROTOCOL, SCRATCH, giveUpWhen } from './established-locals.js'
import { addressesAt } from './header-code.js'

/**
 * Gives up where the sum over pseudo header and segment is not all ones; `sums` is a vector's variable. A segment is
 * 64 KiB at most: sums of so many words fit.
 */
export function checkSum(sums: number): Code[] {
  const [at, left, sum] = SCRATCH
  const take = (loaded: (address: Code) => Code, bytes: number): Code => [
    ...set(sums, addNeighbours(get(sums), loaded(get(at)))),
    ...set(at, add(get(at), constant(bytes))),
  ]
  const isLeft = (bytes: number): Code => and(get(left), constant(bytes))
  const folded = add(and(get(sum), constant(0xffff)), shiftRight(get(sum), constant(16)))
  return [
    set(at, get(L4)),
    set(left, subtract(get(DATAGRAM_END), get(L4))),
    // The pseudo header: both addresses, the protocol, the length.
    set(sums, addNeighbours(NO_VECTOR, loadVector8(add(get(L3), constant(addressesAt))))),
    set(sum, add(shiftLeft(and(get(PROTOCOL), constant(0xff)), constant(8)), swapped16(left))),
    forever(
      leaveWhen(isBelow(get(left), constant(16))),
      take(loadVector, 16),
      set(left, subtract(get(left), constant(16))),
    ),
    when(isLeft(8), take(loadVector8, 8)),
    when(isLeft(4), take(loadVector4, 4)),
    when(isLeft(2), set(sum, add(get(sum), load16(get(at)))), set(at, add(get(at), constant(2)))),
    when(isLeft(1), set(sum, add(get(sum), load8(get(at))))),
    ...[0, 1, 2, 3].map((i) => set(sum, add(get(sum), lane(get(sums), i)))),
    set(sum, folded),
    set(sum, folded),
    giveUpWhen(isDifferent(get(sum), constant(0xffff))),
  ]
}
