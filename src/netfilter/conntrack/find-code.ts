/** The search of the table (table.ts, `search`), as code for WebAssembly. */
import {
  add,
  and,
  constant,
  forever,
  get,
  isDifferent,
  isEqual,
  isGreaterF64,
  isZero,
  leaveWhen,
  load,
  set,
  shiftLeft,
} from '../../packet/wasm.js'
import type { Code } from '../../packet/wasm.js'
import * as entry from './entry.js'
import type { EntryCode } from './entry-code.js'
import { ENTRY, L3, L4, PROTOCOL, REFERENCE, SCRATCH, giveUpWhen } from './established-locals.js'
import { fragmentOffset, setDestination, setPorts, setSource } from './header-code.js'

const { CONFIRMED, DESTINATION, DYING, EXPIRES, HAS_POLICY, NEXT, PORTS, SEEN_REPLY, SOURCE } = entry
const { SEQUENCE_ADJUSTED } = entry
/** Of STATUS: what is asked, and what must be there. */
const WANTED = CONFIRMED | SEEN_REPLY
const ASKED = WANTED | DYING | HAS_POLICY | SEQUENCE_ADJUSTED

/** Finds the connection, and its entry; gives up where there is none that was answered, or more is to be asked of it. */
export function findEntry({ word, status, double, now, heads, hash }: EntryCode): Code[] {
  const [source, destination, ports, tuple] = SCRATCH
  const home = hash.homeCode(source, destination, ports, PROTOCOL)
  const isSame = and(
    isEqual(word(tuple, PORTS), get(ports)),
    and(isEqual(word(tuple, SOURCE), get(source)), isEqual(word(tuple, DESTINATION), get(destination))),
  )
  return [
    giveUpWhen(fragmentOffset(L3)),
    setSource(source, L3),
    setDestination(destination, L3),
    setPorts(ports, L4),
    set(REFERENCE, load(shiftLeft(home, constant(2)), heads.byteOffset)),
    forever(
      leaveWhen(isZero(get(REFERENCE))),
      // An entry's tuple by its reference: three words further for the answers'.
      set(tuple, add(get(REFERENCE), shiftLeft(and(get(REFERENCE), constant(1)), constant(1)))),
      leaveWhen(isSame),
      set(REFERENCE, word(REFERENCE, NEXT)),
    ),
    giveUpWhen(isZero(get(REFERENCE))),
    set(ENTRY, and(get(REFERENCE), constant(~1))),
    giveUpWhen(isDifferent(word(ENTRY, entry.PROTOCOL), get(PROTOCOL))),
    giveUpWhen(isDifferent(status(ENTRY, ASKED), constant(WANTED))),
    giveUpWhen(isZero(isGreaterF64(double(ENTRY, EXPIRES), now))),
  ]
}
