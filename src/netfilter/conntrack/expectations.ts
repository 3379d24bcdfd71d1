/** Connections that others have announced: what fits one is RELATED to it (nf_conntrack_expect). */
import type { Microseconds } from '../../core/clock.js'

/** How long an announced connection is waited for: that of the helpers for FTP and TFTP. */
const PATIENCE: Microseconds = 300_000_000

/** The addresses, and the port of the destination, that a connection gets because another one has them. */
export interface Following {
  source: number
  destination: number
  port: number
}

/** A connection that another one, `master`, has announced: from any port of `source`. */
export interface Expectation {
  master: number
  source: number
  destination: number
  port: number
  /** With the zone in the upper half, as in an entry. */
  protocol: number
  /** How it is translated, whatever rules say; null: as they say. */
  follows: Following | null
}

/** What is waited for: of each connection the last one that it has announced. */
export interface Expectations {
  /** Announced and not come yet, whose time may be over. */
  readonly count: number
  /** Whether it is waited for now: not where another connection has announced the same. */
  announce(expected: Expectation, now: Microseconds): boolean
  /** What was announced and is like this, which is not waited for any more; null: nothing. */
  claim(
    source: number,
    destination: number,
    ports: number,
    protocol: number,
    now: Microseconds,
  ): Expectation | null
  /** What the connection has announced is not waited for any more. */
  forget(master: number): void
}

type Ends = Omit<Expectation, 'master' | 'follows'>

function isSame(a: Ends, b: Ends): boolean {
  return (
    a.protocol === b.protocol && a.source === b.source && a.destination === b.destination && a.port === b.port
  )
}

/** Nothing is waited for. */
export function createExpectations(): Expectations {
  const byMaster = new Map<number, Expectation & { until: Microseconds }>()

  function announce(expected: Expectation, now: Microseconds): boolean {
    for (const [master, one] of byMaster)
      if (master !== expected.master && one.until > now && isSame(one, expected)) return false
    byMaster.set(expected.master, { ...expected, until: now + PATIENCE })
    return true
  }

  function claim(
    source: number,
    destination: number,
    ports: number,
    protocol: number,
    now: Microseconds,
  ): Expectation | null {
    const wanted = { source, destination, port: ports & 0xffff, protocol }
    for (const [master, one] of byMaster) {
      if (!isSame(one, wanted)) continue
      byMaster.delete(master)
      return one.until > now ? one : null
    }
    return null
  }

  return {
    get count() {
      return byMaster.size
    },
    announce,
    claim,
    forget: (master) => byMaster.delete(master),
  }
}
