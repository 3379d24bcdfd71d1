/** What replay and explain are given alike: captures, the node's file, the rules' file. */
import type { NodeConfig } from '../control/node.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { AddressSet } from '../netfilter/runtime.js'
import type { ConntrackOptions } from '../netfilter/conntrack/conntrack.js'
import type { NodeDescription } from '../pipeline/node-view.js'
import type { ReplayInput, ReplayOptions } from '../pipeline/replay.js'
import { UsageError } from './errors.js'
import { readWhole } from './read-whole.js'

/** The captures of a lone file or of `--port NAME=FILE` options. Throws a UsageError. */
export function parseInputs(file: string | undefined, ports: string[]): ReplayInput[] {
  if (file !== undefined && ports.length > 0)
    throw new UsageError(
      `${file}: a lone file and --port do not go together: give every file as --port NAME=FILE`,
    )
  if (file !== undefined) return [{ port: null, path: file }]
  if (ports.length === 0)
    throw new UsageError('replay: no capture given: expected FILE or --port NAME=FILE …')
  const inputs = ports.map(parsePort)
  const names = inputs.map(({ port }) => port)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new UsageError(`--port ${twice}: given twice, expected one file for each port`)
  if (inputs.filter(({ path }) => path === '-').length > 1)
    throw new UsageError('--port: standard input given twice, expected it once')
  return inputs
}

function parsePort(text: string): ReplayInput {
  const equals = text.indexOf('=')
  const [port, path] = [text.slice(0, equals), text.slice(equals + 1)]
  if (equals < 1 || path === '') throw new UsageError(`--port ${text}: expected NAME=FILE`)
  if (/[\s/]/.test(port) || port === '.' || port === '..')
    throw new UsageError(`--port ${text}: ${port}: a port's name has no space and no /`)
  return { port, path }
}

/** YAML and its schema are loaded only where there is a node file. */
export async function readNodeFile(path: string, inputs: ReplayInput[]): Promise<NodeConfig> {
  const { readNode } = await import('../control/node.js')
  return readNode(
    path,
    inputs.flatMap(({ port }) => port ?? []),
  )
}

/** Rules are loaded, and what reads them, only where they are asked for. */
export async function readRulesFile(path: string): Promise<RuleSet> {
  const { readRules } = await import('./rules.js')
  return readRules(path)
}

/** Sets that `-m set` names, from what `ipset save` prints. */
export async function readSetsFile(path: string): Promise<ReadonlyMap<string, AddressSet>> {
  const { readSets } = await import('../netfilter/ipset.js')
  return readSets(path, readWhole(path))
}

/** What rules may ask of the node. */
export function describe(bridge: string, node: NodeConfig | null): NodeDescription {
  const {
    mac = null,
    address = [],
    routes = [],
    neighbours = {},
    ports = {},
    ip_forward = false,
  } = node ?? {}
  const macs = Object.entries(ports).flatMap(([name, port]) =>
    port.mac === undefined ? [] : [[name, port.mac] as const],
  )
  return {
    bridge,
    mac,
    portMacs: Object.fromEntries(macs),
    addresses: address,
    routes,
    forwards: ip_forward,
    neighbours,
  }
}

/** How the node tracks connections. */
export function conntrackOptions(node: NodeConfig | null): ConntrackOptions {
  const { max, acct, policies = {}, ...given } = node?.conntrack ?? {}
  const set = <T>(settings: Record<string, T | undefined>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(settings).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])),
    )
  return {
    ...set({ most: max, accounting: acct }),
    timeouts: set(given),
    policies: Object.fromEntries(Object.entries(policies).map(([name, own]) => [name, set(own)])),
  }
}

/** What a replay takes of the node's file. */
export function nodeOptions(node: NodeConfig): Partial<ReplayOptions> {
  const ports = Object.values(node.ports)
  return {
    bridge: {
      ...(node.ageing_time === undefined ? {} : { ageingTime: node.ageing_time }),
      ...(node.max_learned === undefined ? {} : { maxLearned: node.max_learned }),
    },
    ports: node.ports,
    localAddresses: [node.mac, ...ports.map(({ mac }) => mac)].flatMap((mac) => mac ?? []),
    stations: node.stations,
  }
}
