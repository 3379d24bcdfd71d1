/** Timeouts under names, for connections of which `-j CT --timeout` has said that they last so long. */
import type { ConnectionTable } from './table.js'
import { createProtocols } from './protocols.js'
import type { ConntrackTimeouts } from './timeouts.js'
import type { ProtocolTracker } from './tracker.js'

/** By name; what a policy leaves out is as usual. */
export type TimeoutPolicies = Readonly<Record<string, Partial<ConntrackTimeouts>>>

/** The tracker of a protocol by the policy of this number, from 1 in the order of the policies. */
export type PolicyTrackers = (policy: number, protocol: number) => ProtocolTracker

/** Trackers like those of the usual timeouts, for each policy. */
export function createPolicies(
  table: ConnectionTable,
  usual: Readonly<ConntrackTimeouts>,
  policies: TimeoutPolicies,
  verifies: () => boolean,
): PolicyTrackers {
  const trackers = Object.values(policies).map((own) =>
    createProtocols(table, { ...usual, ...own }, verifies),
  )
  return (policy, protocol) => trackers[policy - 1].trackerOf(protocol)
}
