/**
 * What a frame leaves for the garbage collector, in steady state: the bytes allocated on the heap while a
 * capture is replayed through the whole dataplane, and while two memory ports are bridged, divided by frames.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { captureFolder, writeCapture } from './capture-files.js'
import type { Question, Sample } from './harness.js'

const FRAME_BYTES = 60
const SHORT = 100_000_000
const LONG = 500_000_000
const BR100 = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
/** A young generation as small as it gets, so that what is allocated is soon collected, and seen. */
const OPTIONS = [
  '--trace-gc',
  '--semi-space-growth-factor=1',
  '--max-semi-space-size=1',
  '--min-semi-space-size=1',
]

/** The heap bytes collected during a replay, and the frames received, as `--trace-gc` and the report tell. */
function replay(path: string): { collected: number; frames: number } {
  const { stdout } = spawnSync(process.execPath, [...OPTIONS, BR100, 'replay', path, '--json'], {
    encoding: 'utf8',
  })
  const lines = stdout.split('\n')
  const report = JSON.parse(lines.find((line) => line.startsWith('{"ports"'))!) as {
    ports: Record<string, { rxFrames: number }>
  }
  const collected = lines.reduce((sum, line) => {
    const sizes = / (\d+\.\d+) \(\d+\.\d+\) -> (\d+\.\d+) /.exec(line)
    return sizes === null ? sum : sum + (Number(sizes[1]) - Number(sizes[2])) * 1024 * 1024
  }, 0)
  return { collected, frames: Object.values(report.ports)[0].rxFrames }
}

export const garbage: Question = {
  name: 'garbage',
  title: 'garbage on the hot path: heap bytes collected, a longer replay less a shorter one',
  unit: 'bytes a frame',
  lessIsBetter: true,
  ours: 'br100',
  expected: Math.floor((LONG - 24) / (FRAME_BYTES + 16)),
  bars: [],
  limit: { bar: 0.01, reach: 0.001 },
  rounds: 3,
  async contenders() {
    const { folder, remove } = captureFolder()
    const long = writeCapture(folder, FRAME_BYTES, LONG)
    const { folder: other, remove: removeOther } = captureFolder()
    const short = writeCapture(other, FRAME_BYTES, SHORT)
    const run = (): Sample => {
      const [more, less] = [replay(long.path), replay(short.path)]
      return { value: (more.collected - less.collected) / (more.frames - less.frames), count: more.frames }
    }
    const end = (): void => {
      remove()
      removeOther()
    }
    return { contenders: [{ name: 'br100', run }], end }
  },
}
