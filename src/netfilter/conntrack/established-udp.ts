/** A datagram of an answered UDP connection, in WebAssembly: what the tracker of datagrams.ts does with it. */
import {
  and,
  call,
  constant,
  either,
  get,
  isAbove,
  isBelow,
  isGreaterF64,
  isLess,
  isZero,
  or,
  returnWhen,
  set,
  subtract,
  swapped16,
} from '../../packet/wasm.js'
import type { Definition } from '../../packet/wasm.js'
import * as udp from '../../wire/udp.js'
import { ASSURED, STREAM_SINCE } from './entry.js'
import type { EntryCode } from './entry-code.js'
import { FIND, IS_WRONG } from './established-functions.js'
import { udpChecksum, udpLengthBytes } from './header-code.js'
import type { ConntrackTimeouts } from './timeouts.js'

/** `takeDatagram(l3, l4, end, protocol)`: the reference of its connection; 0, and nothing is changed. */
export function establishedDatagram(
  { addStatus, double, now, expireIn }: EntryCode,
  { udp_timeout, udp_timeout_stream }: Readonly<ConntrackTimeouts>,
  verifiesChecksums: boolean,
): Definition {
  const [l3, l4, end, protocol, left, length, reference, entry] = [0, 1, 2, 3, 4, 5, 6, 7]
  const isWrong = call(IS_WRONG, get(l3), get(l4), get(end), get(protocol))
  return {
    name: 'takeDatagram',
    parameters: 4,
    locals: 4,
    body: [
      set(left, subtract(get(end), get(l4))),
      returnWhen(isLess(get(left), constant(udp.HEADER_LENGTH)), constant(0)),
      set(length, udpLengthBytes(l4)),
      set(length, swapped16(length)),
      returnWhen(
        or(isAbove(get(length), get(left)), isBelow(get(length), constant(udp.HEADER_LENGTH))),
        constant(0),
      ),
      ...(verifiesChecksums ? [returnWhen(and(isZero(isZero(udpChecksum(l4))), isWrong), constant(0))] : []),
      set(reference, call(FIND, get(l3), get(l4), get(protocol))),
      returnWhen(isZero(get(reference)), constant(0)),
      set(entry, and(get(reference), constant(~1))),
      either(
        isGreaterF64(now, double(entry, STREAM_SINCE)),
        [...addStatus(entry, ASSURED), ...expireIn(entry, udp_timeout_stream)],
        expireIn(entry, udp_timeout),
      ),
    ],
    result: get(reference),
  }
}
