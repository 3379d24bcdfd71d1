/**
 * What a frame leaves for the garbage collector, in steady state: how much the heap grew while frames were
 * bridged between two memory ports, by Node's own heap counter, in a stretch without a collection. Beside it,
 * for the record, a whole replay: an upper bound, in which setting up counts, and each collection as all that
 * it can have taken away.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BURST } from '../src/packet/burst.js'
import { replay } from '../src/pipeline/replay.js'
import { captureFolder, writeCapture } from './capture-files.js'
import type { Question, Sample } from './harness.js'
import { createNullBridge } from './memory-ports.js'
import type { NullBridge } from './memory-ports.js'

/** V8's young generation at its largest: what one collection may have taken away. */
const YOUNG_GENERATION = 16 * 1024 * 1024
const TURNS = 100_000
const FRAMES = TURNS * 2 * BURST
const FILE_BYTES = 500_000_000
const FRAME_BYTES = 60
const FILE_FRAMES = Math.floor((FILE_BYTES - 24) / (FRAME_BYTES + 16))

export const garbage: Question = {
  name: 'garbage',
  title: 'garbage on the hot path, by the heap counter',
  unit: 'bytes a frame',
  lessIsBetter: true,
  ours: 'br100',
  expected: (contender, count) => count === (contender === 'br100' ? FRAMES : FILE_FRAMES),
  bars: [],
  limit: { bar: 0.001, reach: 0.0001 },
  rounds: 3,
  async contenders() {
    const { folder, remove } = captureFolder()
    const { path } = writeCapture(folder, FRAME_BYTES, FILE_BYTES)
    const bridge = createNullBridge()
    const whole = async (): Promise<Sample> => {
      let frames = 0
      const bytes = await grown(async () => {
        const report = await replay({ inputs: [{ port: 'a', path }] })
        frames = report.ports['a'].rxFrames
      })
      return { value: bytes / frames, count: frames }
    }
    const contenders = [
      { name: 'br100', run: () => memoryPorts(bridge) },
      { name: 'br100, a replay from start to end', run: whole },
    ]
    return { contenders, end: remove }
  },
}

async function memoryPorts({ plane, turn }: NullBridge): Promise<Sample> {
  for (let i = 0; i < 1000; i++) turn(0)
  const { txFrames } = plane.counters
  const before = txFrames[0] + txFrames[1]
  const bytes = await grown(() => {
    for (let i = 0; i < TURNS; i++) turn(0)
  })
  return { value: bytes / FRAMES, count: txFrames[0] + txFrames[1] - before }
}

/** Bytes by which the heap grew meanwhile; a collection counts as all that it can have taken away. */
export async function grown(work: () => void | Promise<void>): Promise<number> {
  let collections = 0
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length))
  observer.observe({ entryTypes: ['gc'] })
  const before = process.memoryUsage().heapUsed
  await work()
  const after = process.memoryUsage().heapUsed
  await nextTurn()
  observer.disconnect()
  return Math.max(0, after - before) + collections * YOUNG_GENERATION
}
