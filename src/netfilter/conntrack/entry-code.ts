/** Fields of entries (entry.ts) and the table's own, as code for WebAssembly: local variables have an entry's number, or a side's. */
import {
  addF64,
  and,
  constant,
  constantF64,
  get,
  load,
  loadF64,
  or,
  shiftLeft,
  store,
  storeF64,
} from '../../packet/wasm.js'
import type { Code } from '../../packet/wasm.js'
import { EXPIRES, STATUS } from './entry.js'
import type { ConnectionTable } from './table.js'

/** Reads and writes words of a table. */
export interface EntryCode extends Pick<ConnectionTable, 'heads' | 'hash'> {
  /** The word `field` words from the local variable's one. */
  word(local: number, field: number): Code
  setWord(local: number, field: number, value: Code): Code
  /** The bits that are asked for, of STATUS. */
  status(entry: number, bits: number): Code
  addStatus(entry: number, bits: number): Code
  /** A double, of an even number of words. */
  double(entry: number, field: number): Code
  /** The packet's time, microseconds. */
  now: Code
  /** The connection ends so many seconds from now. */
  expireIn(entry: number, seconds: number): Code
}

const SECOND = 1_000_000

/** For the entries of this table; `clock` has the time of the packet at hand. */
export function createEntryCode({ words, heads, hash }: ConnectionTable, clock: Float64Array): EntryCode {
  const address = (local: number): Code => shiftLeft(get(local), constant(2))
  const offset = (field: number): number => words.byteOffset + field * 4
  const word: EntryCode['word'] = (local, field) => load(address(local), offset(field))
  const setWord: EntryCode['setWord'] = (local, field, value) => store(address(local), value, offset(field))
  const now = loadF64(constant(clock.byteOffset))
  return {
    heads,
    hash,
    word,
    setWord,
    status: (entry, bits) => and(word(entry, STATUS), constant(bits)),
    addStatus: (entry, bits) => setWord(entry, STATUS, or(word(entry, STATUS), constant(bits))),
    double: (entry, field) => loadF64(address(entry), offset(field)),
    now,
    expireIn: (entry, seconds) =>
      storeF64(address(entry), addF64(now, constantF64(seconds * SECOND)), offset(EXPIRES)),
  }
}
