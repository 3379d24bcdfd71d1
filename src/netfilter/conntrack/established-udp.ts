/** A datagram of an answered UDP connection, in WebAssembly: what the tracker of datagrams.ts does with it. */
import {
  constant,
  either,
  get,
  isAbove,
  isBelow,
  isGreaterF64,
  isLess,
  isZero,
  set,
  subtract,
  swapped16,
} from '../../packet/wasm.js'
import type { Definition } from '../../packet/wasm.js'
import * as udp from '../../wire/udp.js'
import { checkSum } from './checksum-code.js'
import { ASSURED, STREAM_SINCE } from './entry.js'
import type { EntryCode } from './entry-code.js'
import { DATAGRAM_END, ENTRY, L4, OWN, PARAMETERS, REFERENCE, giveUpWhen } from './established-locals.js'
import { findEntry } from './find-code.js'
import { udpChecksum, udpLengthBytes } from './header-code.js'
import type { ConntrackTimeouts } from './timeouts.js'

/** `NAME(l3, l4, end, protocol)`: the reference of its connection; 0, and nothing is changed. */
export function establishedDatagram(
  name: string,
  entries: EntryCode,
  { udp_timeout, udp_timeout_stream }: Readonly<ConntrackTimeouts>,
  verifiesChecksums: boolean,
): Definition {
  const { addStatus, double, now, expireIn } = entries
  const [left, length, sums] = [OWN, OWN + 1, OWN + 2]
  const sum = verifiesChecksums ? checkSum(sums) : []
  return {
    name,
    parameters: PARAMETERS,
    locals: sums - PARAMETERS,
    vectors: 1,
    body: [
      set(left, subtract(get(DATAGRAM_END), get(L4))),
      giveUpWhen(isLess(get(left), constant(udp.HEADER_LENGTH))),
      set(length, udpLengthBytes(L4)),
      set(length, swapped16(length)),
      giveUpWhen(isAbove(get(length), get(left))),
      giveUpWhen(isBelow(get(length), constant(udp.HEADER_LENGTH))),
      // Without a sum there is nothing to check, and the tracker knows that.
      giveUpWhen(isZero(udpChecksum(L4))),
      ...sum,
      ...findEntry(entries),
      either(
        isGreaterF64(now, double(ENTRY, STREAM_SINCE)),
        [...addStatus(ENTRY, ASSURED), ...expireIn(ENTRY, udp_timeout_stream)],
        expireIn(ENTRY, udp_timeout),
      ),
    ],
    result: get(REFERENCE),
  }
}
