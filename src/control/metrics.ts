/**
 * What a live bridge has counted, as Prometheus reads it. Labels are ports, reasons for drops, chains and tables; of
 * rules only sums, as there may be thousands.
 */
import { Counter, Gauge, Registry } from 'prom-client'
import type { LiveCounters, TableCounters } from '../pipeline/live-counters.js'

type Labels = Record<string, string>
type Value = [labels: Labels, value: number]

/** The text, and what it is called in HTTP. */
export interface Exposition {
  type: string
  text: string
}

/** The exposition of the bridge of this name. */
export async function metricsOf(bridge: string, counters: LiveCounters): Promise<Exposition> {
  const registry = new Registry()
  registry.setDefaultLabels({ bridge })
  const add = (name: string, help: string, labelNames: string[], values: Value[]): void => {
    const counter = new Counter({ name: `br100_${name}_total`, help, labelNames, registers: [registry] })
    for (const [labels, value] of values) counter.inc(labels, value)
  }
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `br100_${name}`, help, registers: [registry] }).set(value)

  addPorts(add, counters)
  const { forwarded, flooded, delivered, dropped } = counters
  const fates = Object.entries({ forwarded, flooded, delivered, dropped })
  add(
    'frames',
    'Frames received, by what became of them.',
    ['fate'],
    fates.map(([fate, n]) => [{ fate }, n]),
  )
  const drops = Object.entries(counters.drops).map(([reason, n]): Value => [{ reason }, n])
  add('dropped_frames', 'Frames and copies dropped, by reason.', ['reason'], drops)
  gauge('fdb_entries', 'Stations in the forwarding database.', counters.stations)
  if (counters.connections !== null)
    gauge('conntrack_entries', 'Connections that are remembered.', counters.connections)
  addRules(add, counters)
  return { type: registry.contentType, text: await registry.metrics() }
}

type Add = (name: string, help: string, labelNames: string[], values: Value[]) => void

function addPorts(add: Add, { ports }: LiveCounters): void {
  const entries = Object.entries(ports)
  for (const [key, name, help] of [
    ['rxFrames', 'port_received_frames', 'Frames that came in by the port.'],
    ['rxBytes', 'port_received_bytes', 'Their bytes, without preamble and FCS.'],
    ['txFrames', 'port_transmitted_frames', 'Frames that left by the port.'],
    ['txBytes', 'port_transmitted_bytes', 'Their bytes, without preamble and FCS.'],
  ] as const)
    add(
      name,
      help,
      ['port'],
      entries.map(([port, counted]) => [{ port }, counted[key]]),
    )
}

function addRules(add: Add, { tables, policies }: LiveCounters): void {
  const both = <T extends TableCounters>(
    name: string,
    what: string,
    all: T[],
    labelsOf: (one: T) => Labels,
  ): void => {
    if (all.length === 0) return
    const labelNames = Object.keys(labelsOf(all[0]))
    add(
      `${name}_packets`,
      `Packets that ${what} counted.`,
      labelNames,
      all.map((one) => [labelsOf(one), one.packets]),
    )
    add(
      `${name}_bytes`,
      `Bytes that ${what} counted.`,
      labelNames,
      all.map((one) => [labelsOf(one), one.bytes]),
    )
  }
  both('chain_policy', 'the policy of the chain has', policies, ({ table, chain }) => ({ table, chain }))
  both('table_rules', 'all rules of the table have', tables, ({ table }) => ({ table }))
}
