/** How deep the chains of a table jump: generated functions call one another, and a stack has an end. */
import { jumpsOf } from '../reach.js'
import type { Table } from '../rule.js'

/** The most jumps from a built-in chain to the deepest that it leads to. There are no loops on that way. */
export function depthOf({ chains }: Table): number {
  const depths = new Map<string, number>()
  const waiting = [...chains.values()].flatMap(({ name, policy }) => (policy === null ? [] : [name]))
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (depths.has(name)) continue
    const next = jumpsOf(chains.get(name)!)
    const unknown = next.filter((chain) => !depths.has(chain))
    if (unknown.length > 0) waiting.push(name, ...unknown)
    else
      depths.set(
        name,
        next.reduce((deepest, chain) => Math.max(deepest, depths.get(chain)! + 1), 0),
      )
  }
  return [...depths.values()].reduce((deepest, depth) => Math.max(deepest, depth), 0)
}
