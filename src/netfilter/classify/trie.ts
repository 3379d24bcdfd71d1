/**
 * A prefix tree as a table: 16 bits of the address, then 8, then 8.
 *
 *     [0, 65536)      by the upper 16 bits of the address
 *     blocks of 256   by the next 8 bits, or by the last 8
 *
 * An entry at or above 0 is the number of the longest prefix; below 0, its lower 31 bits are where the next block begins.
 */
import type { PrefixTree } from './prefix-tree.js'

const ROOT = 65_536
const BLOCK = 256
const IS_BLOCK = 1 << 31

/** The table of a tree. Its numbers are replaced by `leaves[number]`, each at or above 0. */
export function buildTrie({ count, value, length }: PrefixTree, leaves: Int32Array): Int32Array {
  let table = new Int32Array(ROOT)
  let used = ROOT

  // In preorder a prefix comes after all that are around it and before all inside it: what it overwrites
  // is never a block.
  const paint = (at: number, width: number, leaf: number): void => {
    table.fill(leaf, at, at + width)
  }
  const blockAt = (at: number): number => {
    if (table[at] < 0) return table[at] & ~IS_BLOCK
    if (used + BLOCK > table.length) table = enlarged(table)
    paint(used, BLOCK, table[at])
    table[at] = used | IS_BLOCK
    used += BLOCK
    return used - BLOCK
  }

  for (let i = 0; i < count; i++) {
    const [v, l, leaf] = [value[i], length[i], leaves[i]]
    if (l <= 16) paint(v >>> 16, 1 << (16 - l), leaf)
    else if (l <= 24) paint(blockAt(v >>> 16) + ((v >>> 8) & 0xff), 1 << (24 - l), leaf)
    else paint(blockAt(blockAt(v >>> 16) + ((v >>> 8) & 0xff)) + (v & 0xff), 1 << (32 - l), leaf)
  }
  return table.slice(0, used)
}

function enlarged(table: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(table.length * 2)
  larger.set(table)
  return larger
}
