/** Timeouts under names, for connections of which `-j CT --timeout` has said that they last so long. */
import * as icmp from '../../wire/icmp.js'
import * as sctp from '../../wire/sctp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import { createGeneric, createGre, createIcmp, createUdp } from './datagrams.js'
import { createSctp } from './sctp.js'
import type { ConnectionTable } from './table.js'
import { createTcp } from './tcp.js'
import type { ConntrackTimeouts } from './timeouts.js'
import type { ProtocolTracker } from './tracker.js'
import { GRE } from './tuple.js'

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
  const trackers = Object.values(policies).map((own) => {
    const timeouts = { ...usual, ...own }
    return {
      generic: createGeneric(table, timeouts),
      known: new Map([
        [tcp.PROTOCOL, createTcp(table, timeouts, verifies)],
        [udp.PROTOCOL, createUdp(table, timeouts, verifies)],
        [sctp.PROTOCOL, createSctp(table, timeouts, verifies)],
        [icmp.PROTOCOL, createIcmp(table, timeouts, verifies)],
        [GRE, createGre(table, timeouts)],
      ]),
    }
  })
  return (policy, protocol) => {
    const { known, generic } = trackers[policy - 1]
    return known.get(protocol) ?? generic
  }
}
