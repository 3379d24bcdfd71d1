/** The kernel's clock tick, in which its matches reckon: what they allow depends on it. */
import { MICROSECONDS_PER_SECOND } from '../../core/clock.js'
import type { Microseconds } from '../../core/clock.js'

/** Ticks a second, as in Debian's kernels (CONFIG_HZ). */
export const HZ = 250

const MICROSECONDS_PER_JIFFY = MICROSECONDS_PER_SECOND / HZ

/** The tick that a point in time is in. */
export function jiffies(now: Microseconds): number {
  return Math.floor(now / MICROSECONDS_PER_JIFFY)
}

/** Ticks that passed between two. None where the clock was set back, which the kernel's never is. */
export function elapsed(from: number, to: number): number {
  return to > from ? to - from : 0
}
