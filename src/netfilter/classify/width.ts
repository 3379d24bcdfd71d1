/** How wide the rules' address masks are: rules with a wide source and with a wide destination do not go together well. */
import type { FiveFieldRule } from './rule.js'

/** Prefixes shorter than this are wide. */
const WIDE = 8

/** Whether a mask has all its ones in front. */
export function isPrefix(mask: number): boolean {
  return (~mask & (~mask + 1)) === 0
}

/** Three parts, without the empty ones: those with a wide source, those with a wide destination only, the others. */
export function partsByWidth(rules: readonly FiveFieldRule[], numbers: Int32Array): Int32Array[] {
  const isWide = (mask: number): boolean => Math.clz32(~mask) < WIDE
  const partOf = (i: number): number =>
    isWide(rules[i].sourceMask) ? 2 : isWide(rules[i].destinationMask) ? 1 : 0
  const parts = [0, 1, 2].map((part) => numbers.filter((i) => partOf(i) === part))
  return parts.filter(({ length }) => length > 0)
}
