/** `br100 run`: a bridge over live ports, until it is told to stop. */
import type { Server } from 'node:net'
import { defaultSocket, listenAt } from '../control/control-socket.js'
import type { RunConfig } from '../control/run-config.js'
import { readRunConfig, splitPort } from '../control/run-config.js'
import { MEANS } from '../io/live.js'
import type { Means } from '../io/live.js'
import type { LiveOptions, RulesText } from '../pipeline/live-messages.js'
import type { LiveBridge } from '../pipeline/live.js'
import { startLive } from '../pipeline/live.js'
import { UsageError, printError } from './errors.js'
import { conntrackOptions, describe, nodeOptions, readRulesFile, readSetsFile } from './inputs.js'
import { readWhole } from './read-whole.js'

const DEFAULT_BRIDGE = 'br100'

/** Runs the bridge of this file. Returns the exit status. */
export async function runCommand(path: string, { io = 'auto' }: { io?: string }): Promise<number> {
  if (!MEANS.includes(io as Means)) throw new UsageError(`--io ${io}: expected one of ${MEANS.join(', ')}`)
  const config = readRunConfig(path)
  const name = config.bridge ?? DEFAULT_BRIDGE
  const bridge = await startLive(await optionsOf(config, io as Means))
  const control = await listen(config.control ?? defaultSocket(name), bridge)
  const stop = (): void => void bridge.stop().catch(() => {})
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  if (config.rules !== undefined) process.on('SIGHUP', () => void reload(bridge, config.rules!))
  process.stderr.write(`br100: ${name}: ${Object.keys(config.ports).join(', ')} (${bridge.means})\n`)
  await bridge.ended.finally(() => control.close())
  return 0
}

/** A bridge that nobody can speak to is stopped. */
async function listen(path: string, bridge: LiveBridge): Promise<Server> {
  try {
    return await listenAt(path, async (request) => {
      if ('show' in request) return { shown: await bridge.show(request.show) }
      await bridge.replaceRules(request.rules)
      return { done: true }
    })
  } catch (error) {
    await bridge.stop()
    throw error
  }
}

/** Rules are read and checked here, so that their mistakes are told before anything is opened. */
async function optionsOf(config: RunConfig, means: Means): Promise<LiveOptions> {
  const ports = Object.entries(config.ports).map(([name, port]) => ({ name, ...splitPort(port) }))
  const { bridge: fdb = {}, stations = [] } = nodeOptions(config)
  if (config.rules !== undefined) await readRulesFile(config.rules)
  if (config.sets !== undefined) await readSetsFile(config.sets)
  return {
    node: describe(config.bridge ?? DEFAULT_BRIDGE, { ...config, ports: ownPorts(config) }),
    means,
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
