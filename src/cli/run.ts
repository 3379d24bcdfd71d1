/** `br100 run`: a bridge over live ports, until it is told to stop. */
import type { RunConfig } from '../control/run-config.js'
import { readRunConfig, splitPort } from '../control/run-config.js'
import type { LiveOptions, RulesText } from '../pipeline/live-messages.js'
import type { LiveBridge } from '../pipeline/live.js'
import { startLive } from '../pipeline/live.js'
import { printError } from './errors.js'
import { conntrackOptions, describe, nodeOptions, readRulesFile, readSetsFile } from './inputs.js'
import { readWhole } from './read-whole.js'

const DEFAULT_BRIDGE = 'br100'

/** Runs the bridge of this file. Returns the exit status. */
export async function runCommand(path: string): Promise<number> {
  const config = readRunConfig(path)
  const bridge = await startLive(await optionsOf(config))
  const name = config.bridge ?? DEFAULT_BRIDGE
  const stop = (): void => void bridge.stop().catch(() => {})
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  if (config.rules !== undefined) process.on('SIGHUP', () => void reload(bridge, config.rules!))
  process.stderr.write(`br100: ${name}: ${Object.keys(config.ports).join(', ')} (${bridge.means})\n`)
  await bridge.ended
  return 0
}

/** Rules are read and checked here, so that their mistakes are told before anything is opened. */
async function optionsOf(config: RunConfig): Promise<LiveOptions> {
  const ports = Object.entries(config.ports).map(([name, port]) => ({ name, ...splitPort(port) }))
  const { bridge: fdb = {}, stations = [] } = nodeOptions(config)
  if (config.rules !== undefined) await readRulesFile(config.rules)
  if (config.sets !== undefined) await readSetsFile(config.sets)
  return {
    node: describe(config.bridge ?? DEFAULT_BRIDGE, { ...config, ports: ownPorts(config) }),
    ports,
    fdb,
    localAddresses: nodeOptions({ ...config, ports: ownPorts(config) }).localAddresses ?? [],
    stations,
    rules: config.rules === undefined ? null : textOf(config.rules),
    sets: config.sets === undefined ? null : textOf(config.sets),
    conntrack: conntrackOptions(config),
  }
}

/** A TAP's address is that of the host behind it, a network card's the node's own. */
function ownPorts({ ports }: RunConfig): RunConfig['ports'] {
  return Object.fromEntries(Object.entries(ports).filter(([, { packet }]) => packet !== undefined))
}

function textOf(path: string): RulesText {
  return { path, text: Buffer.from(readWhole(path)).toString() }
}

async function reload(bridge: LiveBridge, path: string): Promise<void> {
  try {
    await readRulesFile(path)
    await bridge.replaceRules(textOf(path))
    process.stderr.write(`br100: ${path}: rules read anew\n`)
  } catch (error) {
    printError(error)
    process.stderr.write(`br100: ${path}: the rules stay as they were\n`)
  }
}
