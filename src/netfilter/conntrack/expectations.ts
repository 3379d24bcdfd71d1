/** Connections that others have announced: what fits one is RELATED to it (nf_conntrack_expect). */
import type { Microseconds } from '../../core/clock.js'

/** How long an announced connection is waited for: that of the helpers for FTP and TFTP. */
const PATIENCE: Microseconds = 300_000_000

/** A connection that another one, `master`, has announced: from any port of `source`. */
export interface Expectation {
  master: number
  source: number
  destination: number
  port: number
  /** With the zone in the upper half, as in an entry. */
  protocol: number
}

/** What is waited for: of each connection the last one that it has announced. */
export interface Expectations {
  /** Announced and not come yet, whose time may be over. */
  readonly count: number
  /** Whether it is waited for now: not where another connection has announced the same. */
  announce(expected: Expectation, now: Microseconds): boolean
  /** The connection that has announced one like this, which is not waited for any more; 0 for none. */
  claim(source: number, destination: number, ports: number, protocol: number, now: Microseconds): number
  /** The connection is over, and what it has announced is not waited for. */
  forget(master: number): void
}

function isSame(a: Expectation, b: Expectation): boolean {
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
  ): number {
    for (const [master, one] of byMaster) {
      if (!isSame(one, { master, source, destination, port: ports & 0xffff, protocol })) continue
      byMaster.delete(master)
      return one.until > now ? master : 0
    }
    return 0
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
