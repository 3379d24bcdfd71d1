/** How fast captured time goes by. */
import { setTimeout as sleep } from 'node:timers/promises'
import { stopwatch } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'

/** Milliseconds that a timer can wait: more, and it goes off at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Lets a replay go on as fast as its captures' clock times `speed`. */
export class Pace {
  /** The latest capture time that may be replayed now. */
  until: Microseconds
  readonly #speed: number
  #captureStart: Microseconds = NaN
  #wallStart: Microseconds = NaN

  constructor(speed: number) {
    this.#speed = speed
    this.until = speed === Infinity ? Infinity : -Infinity
  }

  /** Waits until a frame of capture time `next` is due. The first one is due at once. */
  async wait(next: Microseconds, signal?: AbortSignal): Promise<void> {
    if (Number.isNaN(this.#captureStart)) {
      this.#captureStart = next
      this.#wallStart = stopwatch()
    }
    const due = this.#wallStart + (next - this.#captureStart) / this.#speed
    const millisecondsLeft = (): number => (due - stopwatch()) / 1000
    while (millisecondsLeft() >= 1 && !signal?.aborted) {
      const turn = Math.min(millisecondsLeft(), LONGEST_TIMER)
      // An aborted wait is no failure: the caller looks at the signal.
      await sleep(turn, undefined, signal ? { signal } : {}).catch(() => {})
    }
    const elapsed = (stopwatch() - this.#wallStart) * this.#speed
    this.until = Math.max(next, this.#captureStart + elapsed)
  }
}
