/** The largest resident memory of `br100 replay` on 1 GB of pcap, as the system accounts for it (/usr/bin/time). */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { captureFolder, writeCapture } from './capture-files.js'
import type { Contender, Question } from './harness.js'

const GIGABYTE = 1_000_000_000
const FRAME_BYTES = 1514
const BR100 = fileURLToPath(new URL('../../node_modules/.bin/br100', import.meta.url))

export const residentMemory: Question = {
  name: 'resident-memory',
  title: 'resident memory replaying 1 GB',
  unit: 'MB',
  lessIsBetter: true,
  ours: 'br100',
  expected: (_, count) => count === Math.floor((GIGABYTE - 24) / (FRAME_BYTES + 16)),
  bars: [],
  limit: { bar: 200, reach: 100 },
  rounds: 3,
  async contenders() {
    const { folder, remove } = captureFolder()
    const { path } = writeCapture(folder, FRAME_BYTES, GIGABYTE)
    return { contenders: [{ name: 'br100', run: () => measure(path) }], end: remove }
  },
}

function measure(path: string): ReturnType<Contender['run']> {
  const { stdout, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', BR100, 'replay', path, '--json'], {
    encoding: 'utf8',
  })
  const report = JSON.parse(stdout) as { ports: Record<string, { rxFrames: number }> }
  return {
    value: (Number(stderr.trim().split('\n').at(-1)) * 1024) / 1e6,
    count: Object.values(report.ports)[0].rxFrames,
  }
}
