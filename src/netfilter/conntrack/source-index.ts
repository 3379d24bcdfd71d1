/**
 * Connections by who began them: address, port and protocol. A sender keeps the address that it was given for
 * another connection (find_appropriate_src).
 */
import * as entries from './entry.js'

// An imported constant is loaded and checked at each use.
const { BY_SOURCE, PORTS, PROTOCOL, SOURCE } = entries

/** Chains of entries, the one that came last first. */
export interface SourceIndex {
  insert(entry: number): void
  remove(entry: number): void
  /** The newest entry of this sender, or the next older one than `after`; 0 for none. */
  find(source: number, port: number, protocol: number, after: number): number
}

/** An index over these entries of a table, empty. `bits`: of the number of chains. */
export function createSourceIndex(words: Int32Array, bits: number): SourceIndex {
  const heads = new Int32Array(1 << bits)
  const shift = 32 - bits

  function home(source: number, port: number, protocol: number): number {
    const mixed =
      Math.imul(source ^ Math.imul(port, 0x85ebca6b), 0x9e3779b1) ^ Math.imul(protocol, 0xc2b2ae35)
    return Math.imul(mixed ^ (mixed >>> 15), 0x27d4eb2f) >>> shift
  }

  const homeOf = (entry: number): number =>
    home(words[entry + SOURCE], words[entry + PORTS] >>> 16, words[entry + PROTOCOL])

  function insert(entry: number): void {
    const at = homeOf(entry)
    words[entry + BY_SOURCE] = heads[at]
    heads[at] = entry
  }

  function remove(entry: number): void {
    const at = homeOf(entry)
    if (heads[at] === entry) {
      heads[at] = words[entry + BY_SOURCE]
      return
    }
    let before = heads[at]
    while (words[before + BY_SOURCE] !== entry) before = words[before + BY_SOURCE]
    words[before + BY_SOURCE] = words[entry + BY_SOURCE]
  }

  function find(source: number, port: number, protocol: number, after: number): number {
    let entry = after === 0 ? heads[home(source, port, protocol)] : words[after + BY_SOURCE]
    while (entry !== 0 && !isOf(entry, source, port, protocol)) entry = words[entry + BY_SOURCE]
    return entry
  }

  function isOf(entry: number, source: number, port: number, protocol: number): boolean {
    return (
      words[entry + SOURCE] === (source | 0) &&
      words[entry + PORTS] >>> 16 === port &&
      words[entry + PROTOCOL] === protocol
    )
  }

  return { insert, remove, find }
}
