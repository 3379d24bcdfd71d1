/** What a live bridge has counted, for who asks often: numbers, and no text is made of rules or connections. */
import { timeOfDay } from '../core/clock.js'
import { chainsInOrder } from '../netfilter/rule-text.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { AttachedRules } from './attach-rules.js'
import { portReports } from './bridge-state.js'
import type { PortReport } from './bridge-state.js'
import type { Dataplane } from './dataplane.js'

/** Packets and bytes that a table's rules have counted, all together. */
export interface TableCounters {
  table: string
  packets: number
  bytes: number
}

/** What the policy of a built-in chain has counted. */
export interface PolicyCounters extends TableCounters {
  chain: string
  policy: string
}

/** Everything. */
export interface LiveCounters {
  ports: Record<string, PortReport>
  /** What became of the frames received; as in the report. */
  forwarded: number
  flooded: number
  delivered: number
  dropped: number
  drops: Record<string, number>
  /** Stations that are known. */
  stations: number
  /** Connections that are remembered; null where none are tracked. */
  connections: number | null
  tables: TableCounters[]
  policies: PolicyCounters[]
  /** Packets and bytes of each rule, in the order in which iptables-save prints them. */
  rules: number[]
  /** Another number means other rules. */
  rulesNumber: number
}

/** Reads the counters. */
export type CountNow = (attached: AttachedRules | null) => LiveCounters

/** Of this bridge. */
export function createLiveCounters(plane: Dataplane, losing: Losing): CountNow {
  let known: RuleSet | null = null
  let rulesNumber = 0
  return (attached) => {
    const rules = attached?.engine.rules ?? null
    if (rules !== known) rulesNumber++
    known = rules
    const { forwarded, flooded, delivered, dropped } = plane.totals
    return {
      ports: portReports(plane),
      forwarded,
      flooded,
      delivered,
      dropped,
      drops: { ...Object.fromEntries(plane.drops.entries()), ...lossesOf(losing) },
      stations: plane.bridge.fdb.count(timeOfDay()),
      connections: attached?.connections?.table.count ?? null,
      ...ruleCounters(rules),
      rulesNumber,
    }
  }
}

/** Where frames are lost outside the bridge. */
export type Losing = ReadonlyArray<{ losses(): Record<string, number> }>

/** Frames that the bridge had sent on before a device refused them, or has never seen, by reason. */
export function lossesOf(losing: Losing): Record<string, number> {
  const lost: Record<string, number> = {}
  for (const [reason, frames] of losing.flatMap((one) => Object.entries(one.losses())))
    if (frames > 0) lost[reason] = (lost[reason] ?? 0) + frames
  return lost
}

function ruleCounters(set: RuleSet | null): Pick<LiveCounters, 'tables' | 'policies' | 'rules'> {
  const found = { tables: [] as TableCounters[], policies: [] as PolicyCounters[], rules: [] as number[] }
  for (const table of set?.tables.values() ?? []) {
    const sum = { table: table.name, packets: 0, bytes: 0 }
    for (const { name: chain, policy, packets, bytes, rules } of chainsInOrder(table)) {
      if (policy !== null) found.policies.push({ table: table.name, chain, policy, packets, bytes })
      for (const rule of rules) {
        found.rules.push(rule.packets, rule.bytes)
        sum.packets += rule.packets
        sum.bytes += rule.bytes
      }
    }
    found.tables.push(sum)
  }
  return found
}
