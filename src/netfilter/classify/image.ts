/**
 * The tables of a set before they are in memory: addresses are given out first, since tables hold addresses
 * of other tables, and the memory is made once its size is known.
 */
import { TABLES, instantiatePhases } from './phases.js'
import type { Phases } from './phases.js'

const PAGE = 65_536
const CACHE_LINE = 64

/** Tables and their addresses. */
export interface Image {
  /** Keeps room for a table of so many bytes, from a cache line on, and returns its address. */
  reserve(bytes: number): number
  /** Says what is to be at an address that was reserved. */
  fill(address: number, table: Int32Array | Uint16Array | Uint8Array): void
  /** `reserve` and `fill` in one. */
  place(table: Int32Array | Uint16Array | Uint8Array): number
  /** Makes the memory, with the tables in it. */
  link(): { memory: WebAssembly.Memory; phases: Phases; bytes: number }
}

/** An image without tables. */
export function createImage(): Image {
  const filled: Array<{ address: number; table: Int32Array | Uint16Array | Uint8Array }> = []
  let next = TABLES
  const reserve: Image['reserve'] = (bytes) => {
    const address = next
    next = Math.ceil((next + bytes) / CACHE_LINE) * CACHE_LINE
    return address
  }
  const fill: Image['fill'] = (address, table) => void filled.push({ address, table })
  const place: Image['place'] = (table) => {
    const address = reserve(table.byteLength)
    fill(address, table)
    return address
  }
  const link: Image['link'] = () => {
    const pages = Math.ceil(next / PAGE)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    const bytes = new Uint8Array(memory.buffer)
    for (const { address, table } of filled)
      bytes.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), address)
    return { memory, phases: instantiatePhases(memory), bytes: pages * PAGE }
  }
  return { reserve, fill, place, link }
}

/** A part of the way of a burst; `end` is four times the number of headers. */
export type Stage = (phases: Phases, end: number) => void

/** An engine for some of the rules: its tables are in the image, and its stages lower the results. */
export interface Engine {
  stages: Stage[]
  /** What it is, in a line: for those who look into a compiled set. */
  description: string
}
