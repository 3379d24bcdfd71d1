/**
 * The only file that reads a clock. Everything else is handed the time, so that ageing, leases and timeouts
 * run on a capture's time stamps as they run on the wall's, and no test ever waits.
 */

/** A point in time or a length of it: microseconds. As a point, since 1970-01-01T00:00:00Z. */
export type Microseconds = number

/** Factor between the clock's unit and seconds. */
export const MICROSECONDS_PER_SECOND = 1_000_000

/** A clock that only goes forward, from an arbitrary start: for measuring how long something took. */
export function stopwatch(): Microseconds {
  return performance.now() * 1000
}

/** The time of day, which goes forward as evenly as the stopwatch does whatever is done to the system's clock. */
export function timeOfDay(): Microseconds {
  return (performance.timeOrigin + performance.now()) * 1000
}

/** A capture's time stamp as a point in time. */
export function fromTimestamp(seconds: number, nanoseconds: number): Microseconds {
  return seconds * MICROSECONDS_PER_SECOND + nanoseconds * 0.001
}
