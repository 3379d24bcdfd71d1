/**
 * The kernel's own time, jiffies, in which its limits count: what they decide depends on how coarse it is. A
 * jiffy is 4 ms here, as in the kernels of Debian (CONFIG_HZ=250).
 */
import { MICROSECONDS_PER_SECOND } from '../../core/clock.js'
import type { Microseconds } from '../../core/clock.js'

/** Jiffies a second. */
export const HZ = 250
const MICROSECONDS_PER_JIFFY = MICROSECONDS_PER_SECOND / HZ
const MILLISECONDS_PER_JIFFY = 1000 / HZ

/** The jiffy that a point in time is in. */
export function jiffiesAt(now: Microseconds): number {
  return Math.floor(now / MICROSECONDS_PER_JIFFY)
}

/** As msecs_to_jiffies: what is begun counts. */
export function millisecondsToJiffies(milliseconds: number): number {
  return Math.ceil(milliseconds / MILLISECONDS_PER_JIFFY)
}
