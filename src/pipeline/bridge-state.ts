/** What a bridge has come to, at any moment: what it has carried and dropped, and which stations it knows. */
import { MICROSECONDS_PER_SECOND } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import type { Dataplane } from './dataplane.js'

/** Frames and bytes of a port; bytes are those on the wire, without preamble and FCS. */
export interface PortReport {
  rxFrames: number
  rxBytes: number
  txFrames: number
  txBytes: number
}

/** A bridge. */
export interface BridgeState {
  /** By name, in the order in which they were added. */
  ports: Record<string, PortReport>
  /** Frames that left by the one port behind which their station is known to be. */
  forwarded: number
  /** Frames that left by every port that takes floods. */
  flooded: number
  /** Frames that went to the node itself and left by no port. */
  delivered: number
  dropped: number
  /** Reason → frames. */
  drops: Record<string, number>
  /** What has not aged. `port` is null for the node itself, `age` seconds since the station was last seen, 0 for a static one. */
  fdb: Array<{ mac: Uint8Array; port: string | null; age: number; static: boolean }>
  /** Stations found behind another port than before. */
  moved: number
  /** Frames whose source was not learned because the forwarding database was full. */
  notLearned: number
}

/** The state at the time `now`. */
export function bridgeState(plane: Dataplane, now: Microseconds): BridgeState {
  const { bridge, drops, portNames, totals } = plane
  const { forwarded, flooded, delivered, dropped } = totals
  return {
    ports: portReports(plane),
    forwarded,
    flooded,
    delivered,
    dropped,
    drops: Object.fromEntries(drops.entries()),
    fdb: bridge.fdb.stations(now).map(({ mac, port, age, isStatic }) => ({
      mac,
      port: portNames[port] ?? null,
      age: age / MICROSECONDS_PER_SECOND,
      static: isStatic,
    })),
    moved: bridge.fdb.moved,
    notLearned: bridge.fdb.notLearned,
  }
}

/** Frames and bytes of each port, by its name. */
export function portReports({ counters, portNames }: Dataplane): Record<string, PortReport> {
  return Object.fromEntries(
    portNames.flatMap((name, port) =>
      name === ''
        ? []
        : [
            [
              name,
              {
                rxFrames: counters.rxFrames[port],
                rxBytes: counters.rxBytes[port],
                txFrames: counters.txFrames[port],
                txBytes: counters.txBytes[port],
              },
            ],
          ],
    ),
  )
}
