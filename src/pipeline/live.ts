/** A live bridge: its worker, begun, told and ended. */
import { Worker } from 'node:worker_threads'
import { DeviceError, loadNative } from '../io/native.js'
import type { CaptureOrder } from './captures.js'
import type { LiveCounters } from './live-counters.js'
import type { Answer, LiveOptions, Order, PortChange, RulesText, Show, Shown } from './live-messages.js'

/** A bridge that carries frames. */
export interface LiveBridge {
  /** The system calls that move its frames. */
  readonly means: string
  /** Other rules from the next burst on. Rejects with a RulesError, and the old ones stay. */
  replaceRules(rules: RulesText): Promise<void>
  /** A port comes, goes, or has other switches. Rejects with what could not be done, and nothing has changed then. */
  changePort(change: PortChange): Promise<void>
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

/** Opens the ports and carries frames. Rejects with what could not be opened, and nothing is left open then. */
export async function startLive(options: LiveOptions): Promise<LiveBridge> {
  const native = loadNative()
  const wake = native.openEvent()
  const worker = new Worker(new URL('./crank.js', import.meta.url), { workerData: { options, wake } })
  const waiting: Array<(answer: Answer) => void> = []
  let failure: Error | null = null
  let hasEnded = false
  worker.on('message', (answer: Answer) => {
    if (waiting.length > 0) waiting.shift()!(answer)
    else if (answer.said === 'refused') failure = errorOf(answer)
  })
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', () => {
      hasEnded = true
      native.closeDescriptor(wake)
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
  const first = await Promise.race([answer(), ended])
  if (first === undefined || first.said !== 'started') {
    await ended
    throw first?.said === 'refused' ? errorOf(first) : new DeviceError('the bridge did not start')
  }
  return {
    means: first.means,
    async replaceRules(rules) {
      const said = await ask({ order: 'rules', rules })
      if (said.said === 'refused') throw errorOf(said)
    },
    async changePort(change) {
      const said = await ask({ order: 'port', change })
      if (said.said === 'refused') throw errorOf(said)
    },
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
