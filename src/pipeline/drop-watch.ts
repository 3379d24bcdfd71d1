/** Which drops are counted while one frame is on its way, in the words of the report. */
import { FIRST_RULE, FRAGMENT_TIMEOUT, FRAGMENT_TOO_FAR } from '../core/drops.js'
import type { Drops } from '../core/drops.js'

/** Looks on. */
export interface DropWatch {
  /** A frame begins its way. */
  begin(): void
  /** What was counted since then: `dropped: REASON`, `dropped 3: REASON; dropped: …`, or ''. */
  text(): string
}

/** These are counted when another frame comes: they are no news of that one. */
const OF_EARLIER_FRAMES = new Set([FRAGMENT_TIMEOUT, FRAGMENT_TOO_FAR])

/** Over these counters. */
export function createDropWatch(drops: Drops): DropWatch {
  const fixed = new Float64Array(drops.fixed.length)
  let rules = new Float64Array(drops.rules.length)

  function begin(): void {
    fixed.set(drops.fixed)
    if (rules.length !== drops.rules.length) rules = new Float64Array(drops.rules.length)
    rules.set(drops.rules)
  }

  function text(): string {
    let found = ''
    for (let i = 0; i < fixed.length; i++)
      if (drops.fixed[i] !== fixed[i] && !OF_EARLIER_FRAMES.has(i))
        found = join(found, i, drops.fixed[i] - fixed[i])
    // A rule that has dropped for the first time may have made the array longer.
    for (let i = 0; i < drops.rules.length; i++) {
      const before = i < rules.length ? rules[i] : 0
      if (drops.rules[i] !== before) found = join(found, FIRST_RULE + i, drops.rules[i] - before)
    }
    return found
  }

  function join(found: string, reason: number, frames: number): string {
    const one = `dropped${frames === 1 ? '' : ` ${frames}`}: ${drops.nameOf(reason)}`
    return found === '' ? one : `${found}; ${one}`
  }

  return { begin, text }
}
