/**
 * Lists of rules that match by their addresses, in the order of the set. A rule behind another that matches
 * all of its ports and protocols can never be the first to match, and is left out.
 */
import { createListPool, doubled } from './list-pool.js'
import type { ListPool } from './list-pool.js'
import type { PortClasses } from './port-classes.js'

/** Lists by number; number 0 is the empty list. */
export interface CandidateLists {
  pool: ListPool
  /** The list of `list` and this rule, which must not be in it. -1: there is no room for another list. */
  add(list: number, rule: number): number
}

/** @param limit how many rules all lists together may have. */
export function createCandidateLists(
  { services, serviceCount, covers }: PortClasses,
  limit: number,
): CandidateLists {
  const pool = createListPool(limit)
  // What became of each list when the rule `addedRule` was added: a rule meets the same lists again and again.
  let addedRule = new Int32Array(1 << 10).fill(-1)
  let addedTo = new Int32Array(1 << 10)

  function add(list: number, rule: number): number {
    if (addedRule[list] === rule) return addedTo[list]
    const result = extend(list, rule)
    if (pool.size() > addedTo.length) {
      const from = addedTo.length
      addedTo = doubled(addedTo)
      addedRule = doubled(addedRule).fill(-1, from)
    }
    addedRule[list] = rule
    addedTo[list] = result
    return result
  }

  function extend(list: number, rule: number): number {
    const mine = services[rule]
    const to = pool.begin(list + 1)
    let i = pool.begin(list)
    for (let other = 0; i < to && (other = pool.values()[i]) < rule; i++) {
      if (covers[services[other] * serviceCount + mine] === 1) {
        pool.discard()
        return list
      }
      pool.push(other)
    }
    pool.push(rule)
    for (; i < to; i++) {
      const other = pool.values()[i]
      if (covers[mine * serviceCount + services[other]] === 0) pool.push(other)
    }
    return pool.intern()
  }

  return { pool, add }
}
