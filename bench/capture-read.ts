/**
 * Reading 1 GB of pcap, the whole process: `br100 replay FILE`, which reads, learns, looks up and reports,
 * against `tcpdump -r FILE -w /dev/null`, which reads and writes, and `capinfos FILE`, which reads and counts.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stopwatch } from '../src/core/clock.js'
import { captureFolder, writeCapture } from './capture-files.js'
import type { CaptureFile } from './capture-files.js'
import type { Contender, Question, Sample } from './harness.js'

const GIGABYTE = 1_000_000_000
const BR100 = fileURLToPath(new URL('../../node_modules/.bin/br100', import.meta.url))

export const captureRead: Question[] = [
  question(60, { tcpdump: [1.5, 3], capinfos: [3, 10] }),
  question(1514, { tcpdump: [1, 2], capinfos: [3, 10] }),
]

function question(
  frameBytes: number,
  bars: Record<'tcpdump' | 'capinfos', [bar: number, reach: number]>,
): Question {
  const frames = Math.floor((GIGABYTE - 24) / (frameBytes + 16))
  return {
    name: `capture-read-${frameBytes}`,
    title: `reading 1 GB of pcap, ${frameBytes}-byte frames, whole process`,
    unit: 'MB/s',
    lessIsBetter: false,
    ours: 'br100',
    expected: frames,
    bars: Object.entries(bars).map(([against, [bar, reach]]) => ({ against, bar, reach })),
    rounds: 5,
    async contenders() {
      const { folder, remove } = captureFolder()
      const file = writeCapture(folder, frameBytes, GIGABYTE)
      return { contenders: [br100(file), tcpdump(file), capinfos(file)], end: remove }
    },
  }
}

function timed(file: CaptureFile, run: () => number): Sample {
  const started = stopwatch()
  const count = run()
  return { value: file.bytes / (stopwatch() - started), count }
}

function br100(file: CaptureFile): Contender {
  const run = (): number => {
    const report = JSON.parse(execFileSync(BR100, ['replay', file.path, '--json'], { encoding: 'utf8' })) as {
      ports: Record<string, { rxFrames: number }>
    }
    return Object.values(report.ports)[0].rxFrames
  }
  return { name: 'br100', run: () => timed(file, run) }
}

/** tcpdump has no count to print with -w: that it ended well, without a word on a cut file, is what is checked. */
function tcpdump(file: CaptureFile): Contender {
  const run = (): number => {
    const { status, stderr } = spawnSync('tcpdump', ['-r', file.path, '-w', '/dev/null'], {
      encoding: 'utf8',
    })
    return status === 0 && !stderr.includes('truncated') ? file.frames : 0
  }
  return { name: 'tcpdump', run: () => timed(file, run) }
}

function capinfos(file: CaptureFile): Contender {
  const run = (): number => {
    const text = execFileSync('capinfos', ['-M', file.path], { encoding: 'utf8' })
    return Number(/Number of packets:\s+(\d+)/.exec(text)?.[1])
  }
  return { name: 'capinfos', run: () => timed(file, run) }
}
