/**
 * Local variables of the functions that established.ts compiles, whose parts share them: they are put into one
 * another, since calls within WebAssembly take a tenth of the time that a packet does.
 */
import { constant, returnWhen } from '../../packet/wasm.js'
import type { Code } from '../../packet/wasm.js'

/** Parameters: offsets of the headers and of the end in the memory; the word PROTOCOL of an entry. */
export const [L3, L4, DATAGRAM_END, PROTOCOL] = [0, 1, 2, 3]
/** How many. */
export const PARAMETERS = 4
/** The connection, once it is found. */
export const [REFERENCE, ENTRY] = [4, 5]
/** What the sum and the search have for themselves, one after the other. */
export const SCRATCH = [6, 7, 8, 9] as const
/** The first one of the protocol's own. */
export const OWN = 10

/** The function ends with 0: the packet is for the tracker. */
export function giveUpWhen(condition: Code): Code {
  return returnWhen(condition, constant(0))
}
