/** A live bridge: its worker, begun, told and ended. */
import type { Worker } from 'node:worker_threads'
import type { MemoryPort } from '../io/memory-port.js'
import { DeviceError, loadNative } from '../io/native.js'
import type { CaptureOrder } from './captures.js'
import { createFarEnds } from './far-ends.js'
import type { FarEnds } from './far-ends.js'
import type { LiveCounters } from './live-counters.js'
import type {
  Answer,
  LiveOptions,
  Order,
  PortChange,
  RulesText,
  Show,
  Shown,
  WorkerStart,
  WorkerPort,
} from './live-messages.js'
import { prepareWorker } from './live-worker.js'
import { anonymousNode } from './node-view.js'

/** A bridge that carries frames. */
export interface LiveBridge {
  /** The system calls that move its frames. */
  readonly means: string
  /** Other rules from the next burst on. Rejects with a RulesError, and the old ones stay. */
  replaceRules(rules: RulesText): Promise<void>
  /** A port comes, goes, or has other switches. Rejects with what could not be done, and nothing has changed then. */
  changePort(change: PortChange): Promise<void>
  /** The far end of the memory port of this name. Throws a DeviceError where there is none. */
  memoryPort(name: string): MemoryPort
  /** What it has come to. */
  show(show: Show): Promise<Shown>
  /** What it has counted. */
  counters(): Promise<LiveCounters>
  /** Captures frames from now on. Rejects with what is wrong with the order. */
  beginCapture(capture: CaptureOrder): Promise<void>
  /** Frames that were captured until now still come. */
  endCapture(id: number): void
  /** What is under way leaves, the devices are closed. */
  stop(): Promise<void>
  /** Fulfilled when it has stopped; rejects where it has come to an end by itself. */
  readonly ended: Promise<void>
}

/** An error of the worker under its name. */
function errorOf({ name, message }: { name: string; message: string }): Error {
  const error = name === 'Error' ? new DeviceError(message) : new Error(message)
  error.name = name === 'Error' ? 'DeviceError' : name
  return error
}

/** What a live bridge is where its options do not say. */
const DEFAULTS: LiveOptions = {
  node: anonymousNode('br100'),
  means: 'auto',
  ports: [],
  fdb: {},
  localAddresses: [],
  stations: [],
  rules: null,
  sets: null,
  conntrack: {},
}

/** Ports, and what is to be other than it is by itself: no rules, no addresses, whatever system calls there are. */
export type LiveStart = Pick<LiveOptions, 'ports'> & Partial<LiveOptions>

/**
 * Opens the ports and carries frames. Rejects with what could not be opened, and nothing is left open then. `say` is told
 * of guests that are hung up on, a line each time. `worker` is one that was prepared.
 */
export async function startLive(
  options: LiveStart,
  say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  worker = prepareWorker(),
): Promise<LiveBridge> {
  const native = loadNative()
  const wake = native.openEvent()
  const farEnds = createFarEnds(() => native.signalEvent(wake), say)
  const ports: WorkerPort[] = []
  try {
    for (const port of options.ports) ports.push(await farEnds.open(port))
  } catch (error) {
    farEnds.closeAll()
    native.closeDescriptor(wake)
    throw error
  }
  const start: WorkerStart = { options: { ...DEFAULTS, ...options, ports }, wake, bell: farEnds.bell }
  return begin(worker, start, farEnds)
}

/** Begins the worker; its wake-up is closed when it has ended, and the far ends are. */
async function begin(worker: Worker, start: WorkerStart, farEnds: FarEnds): Promise<LiveBridge> {
  const native = loadNative()
  const { wake } = start
  const waiting: Array<(answer: Answer) => void> = []
  let failure: Error | null = null
  let hasEnded = false
  worker.on('message', (answer: Answer) => {
    if (answer.said === 'frames') farEnds.look()
    else if (waiting.length > 0) waiting.shift()!(answer)
    else if (answer.said === 'refused') failure = errorOf(answer)
  })
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => {
      farEnds.closeAll()
      hasEnded = true
      native.closeDescriptor(wake)
      for (const reply of waiting.splice(0)) reply({ said: 'stopped' })
      if (failure === null) resolve()
      else reject(failure)
    })
  })
  const answer = async (): Promise<Answer> => new Promise((resolve) => void waiting.push(resolve))
  const order = (what: Order): void => {
    if (hasEnded) return
    worker.postMessage(what, what.order === 'capture' ? [what.capture.out] : [])
    native.signalEvent(wake)
  }
  /** Answers come in the order of the questions. */
  const ask = async (what: Order): Promise<Answer> => {
    const replied = answer()
    order(what)
    return replied
  }
  const replied = answer()
  worker.ref()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
  worker.postMessage(start)
  // Where it says why it cannot begin, and ends, either may be first.
  const first = (await Promise.race([replied, ended])) ?? (await replied)
  if (first.said !== 'started') {
    await ended
    throw first.said === 'refused' ? errorOf(first) : new DeviceError('the bridge did not start')
  }
  return {
    means: first.means,
    async replaceRules(rules) {
      const said = await ask({ order: 'rules', rules })
      if (said.said === 'refused') throw errorOf(said)
    },
    async changePort(change) {
      const told = 'add' in change ? { add: await farEnds.open(change.add) } : change
      const said = await ask({ order: 'port', change: told })
      const isRefused = said.said === 'refused'
      if ('add' in change && isRefused) farEnds.close(change.add.name)
      if ('remove' in change && !isRefused) farEnds.close(change.remove)
      if (isRefused) throw errorOf(said)
    },
    memoryPort: farEnds.memoryPort,
    async counters() {
      const said = await ask({ order: 'counters' })
      if (said.said === 'counted') return said.counted
      throw said.said === 'refused' ? errorOf(said) : new DeviceError('the bridge has stopped')
    },
    async beginCapture(capture) {
      const said = await ask({ order: 'capture', capture })
      if (said.said === 'refused') throw errorOf(said)
    },
    endCapture: (id) => order({ order: 'end-capture', id }),
    async show(show) {
      const said = await ask({ order: 'show', show })
      if (said.said === 'shown') return said.shown
      throw said.said === 'refused' ? errorOf(said) : new DeviceError('the bridge has stopped')
    },
    async stop() {
      order({ order: 'stop' })
      await ended
    },
    ended,
  }
}
