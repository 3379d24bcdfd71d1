/**
 * Lists of numbers, each kept once and known by a number of its own. Number 0 is the empty list.
 *
 *     pool    one list behind another; behind the last, the one that is being made
 *     start   where each list begins, and where the last ends
 *     table   hash table of the lists' numbers, open addressing, 0 where free
 */

/** Lists by number. */
export interface ListPool {
  /** How many lists. */
  readonly size: () => number
  /** Appends to the list that is being made. */
  push(value: number): void
  /** Gives up the list that is being made. */
  discard(): void
  /** Ends it, and returns its number; -1 where the pool is full. */
  intern(): number
  /** The list's values are `values()[begin(list)]` up to `values()[begin(list + 1)]`, until the next `push`. */
  begin(list: number): number
  values(): Int32Array
}

/** @param limit how many numbers all lists together may have. */
export function createListPool(limit: number): ListPool {
  let pool = new Int32Array(1 << 12)
  let start = new Int32Array(1 << 10)
  let table = new Int32Array(1 << 11)
  let count = 1
  let used = 0
  let end = 0

  function push(value: number): void {
    if (end === pool.length) pool = doubled(pool)
    pool[end++] = value
  }

  function intern(): number {
    if (end === used) return 0
    let slot = hash(used, end) & (table.length - 1)
    for (; table[slot] !== 0; slot = (slot + 1) & (table.length - 1)) {
      if (!isSame(table[slot])) continue
      end = used
      return table[slot]
    }
    if (end > limit) return -1
    table[slot] = count++
    used = end
    if (count === start.length) start = doubled(start)
    start[count] = used
    if (count * 2 > table.length) rehash()
    return count - 1
  }

  function isSame(list: number): boolean {
    const from = start[list]
    if (start[list + 1] - from !== end - used) return false
    for (let i = used, j = from; i < end; i++, j++) if (pool[i] !== pool[j]) return false
    return true
  }

  function hash(from: number, to: number): number {
    let h = 0x811c9dc5 | 0
    for (let i = from; i < to; i++) h = Math.imul(h ^ pool[i] ^ (h >>> 15), 0x01000193)
    return h ^ (h >>> 13)
  }

  function rehash(): void {
    table = new Int32Array(table.length * 2)
    for (let list = 1; list < count; list++) {
      let slot = hash(start[list], start[list + 1]) & (table.length - 1)
      while (table[slot] !== 0) slot = (slot + 1) & (table.length - 1)
      table[slot] = list
    }
  }

  return {
    size: () => count,
    push,
    discard: () => void (end = used),
    intern,
    begin: (list) => start[list],
    values: () => pool,
  }
}

/** A copy of twice the length. */
export function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
