/** `br100 run`: a bridge over live ports, until it is told to stop. */
import { dirname } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { ControlError, defaultSocket, listenAt } from '../control/control-socket.js'
import type { Listening, PortRequest, Request } from '../control/control-socket.js'
import type { MetricsServer } from '../control/metrics-server.js'
import { portChanges } from '../control/port-changes.js'
import type { LivePortConfig, RunConfig } from '../control/run-config.js'
import { parsePort, readRunConfig, splitPort } from '../control/run-config.js'
import { MEANS } from '../io/live.js'
import type { Means } from '../io/live.js'
import { startCapture } from '../pipeline/capture-stream.js'
import type { LiveOptions, RulesText } from '../pipeline/live-messages.js'
import type { LiveBridge } from '../pipeline/live.js'
import { startLive } from '../pipeline/live.js'
import { UsageError, printError } from './errors.js'
import { conntrackOptions, describe, nodeOptions, readRulesFile, readSetsFile } from './inputs.js'
import { readWhole } from './read-whole.js'
import { DEFAULT_BRIDGE } from './socket.js'

/** A bridge at work, the folder that paths in its file begin in, and the ports that it has. */
interface Running {
  bridge: LiveBridge
  folder: string
  ports: Record<string, LivePortConfig>
}

/** Runs the bridge of this file in a worker that was prepared. Returns the exit status. */
export async function runCommand(
  path: string,
  { io = 'auto' }: { io?: string },
  worker: Worker,
): Promise<number> {
  if (!MEANS.includes(io as Means)) throw new UsageError(`--io ${io}: expected one of ${MEANS.join(', ')}`)
  const config = readRunConfig(path)
  const name = config.bridge ?? DEFAULT_BRIDGE
  const bridge = await startLive(await optionsOf(config, io as Means), say, worker)
  const running = { bridge, folder: dirname(path), ports: config.ports }
  const control = await listen(config.control ?? defaultSocket(name), running)
  const metrics = await listenForMetrics(config, running, control)
  const stop = (): void => void bridge.stop().catch(() => {})
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.on('SIGHUP', () => void reload(running, path))
  process.stderr.write(`br100: ${name}: ${Object.keys(config.ports).join(', ')} (${bridge.means})\n`)
  await bridge.ended.finally(() => {
    control.close()
    metrics?.close()
  })
  return 0
}

function say(line: string): void {
  process.stderr.write(`br100: ${line}\n`)
}

/** A bridge that nobody can speak to is stopped. */
async function listen(path: string, running: Running): Promise<Listening> {
  try {
    return await listenAt(
      path,
      async (request) => answer(request, running),
      async (wanted) => startCapture(running.bridge, wanted),
    )
  } catch (error) {
    await running.bridge.stop()
    throw error
  }
}

/** What asks for metrics, and the library for them, are loaded only where they are wanted. */
async function listenForMetrics(
  { metrics, bridge: name = DEFAULT_BRIDGE }: RunConfig,
  { bridge }: Running,
  control: Listening,
): Promise<MetricsServer | null> {
  if (metrics === undefined) return null
  const { serveMetrics } = await import('../control/metrics-server.js')
  try {
    return await serveMetrics(metrics, name, async () => bridge.counters())
  } catch (error) {
    control.close()
    await bridge.stop()
    throw error
  }
}

async function answer(request: Request, running: Running): Promise<unknown> {
  if ('show' in request) return { shown: await running.bridge.show(request.show) }
  if ('counters' in request) return { counted: await running.bridge.counters() }
  if ('rules' in request) await running.bridge.replaceRules(request.rules)
  else await changePort(request.port, running)
  return { done: true }
}

async function changePort(request: PortRequest, { bridge, folder, ports }: Running): Promise<void> {
  if ('remove' in request) {
    await bridge.changePort({ remove: request.remove })
    delete ports[request.remove]
    return
  }
  const { add: name, settings } = request
  const port = parsePort(name, settings, folder)
  const device = deviceOf(port)
  if (Object.values(ports).some((other) => deviceOf(other) === device))
    throw new ControlError(`${device}: another port has this device`)
  await bridge.changePort({ add: { name, ...splitPort(port) } })
  ports[name] = port
}

const deviceOf = ({ tap, packet, qemu }: LivePortConfig): string => tap ?? packet ?? qemu!

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

/** What the file says now of ports and rules; where it has mistakes everything stays as it was. */
async function reload(running: Running, path: string): Promise<void> {
  let config: RunConfig
  try {
    config = readRunConfig(path)
  } catch (error) {
    printError(error)
    process.stderr.write(`br100: ${path}: everything stays as it was\n`)
    return
  }
  await reloadPorts(running, config)
  if (config.rules !== undefined) await reloadRules(running.bridge, config.rules)
}

/** One after another: a port that cannot be opened keeps no other from coming. */
async function reloadPorts(running: Running, config: RunConfig): Promise<void> {
  for (const { name, verb, change } of portChanges(running.ports, config.ports)) {
    try {
      await running.bridge.changePort(change)
      if (verb === 'removed') delete running.ports[name]
      else running.ports[name] = config.ports[name]
      process.stderr.write(`br100: port ${name} ${verb}\n`)
    } catch (error) {
      printError(error)
    }
  }
}

async function reloadRules(bridge: LiveBridge, path: string): Promise<void> {
  try {
    await readRulesFile(path)
    await bridge.replaceRules(textOf(path))
    process.stderr.write(`br100: ${path}: rules read anew\n`)
  } catch (error) {
    printError(error)
    process.stderr.write(`br100: ${path}: the rules stay as they were\n`)
  }
}
