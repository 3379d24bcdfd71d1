/** Reading pcap inside the process: our reader against pcap-parser, 200 MB of 60-byte frames, every record visited. */
import { createReadStream } from 'node:fs'
import pcapParser from 'pcap-parser'
import { stopwatch } from '../src/core/clock.js'
import { END, STARVED, openCapture, windowBytes } from '../src/io/capture-reader.js'
import { Memory } from '../src/packet/memory.js'
import { captureFolder, writeCapture } from './capture-files.js'
import type { CaptureFile } from './capture-files.js'
import type { Contender, Question, Sample } from './harness.js'

const BYTES = 200_000_000
const FRAME_BYTES = 60

export const captureScan: Question = {
  name: 'capture-scan',
  title: 'reading pcap inside the process, 60-byte frames',
  unit: 'MB/s',
  lessIsBetter: false,
  ours: 'br100',
  expected: Math.floor((BYTES - 24) / (FRAME_BYTES + 16)),
  bars: [{ against: 'pcap-parser', bar: 10, reach: 30 }],
  rounds: 5,
  async contenders() {
    const { folder, remove } = captureFolder()
    const file = writeCapture(folder, FRAME_BYTES, BYTES)
    const theirs: Contender = { name: 'pcap-parser', run: () => parse(file) }
    return { contenders: [{ name: 'br100', run: () => scan(file) }, theirs], end: remove }
  },
}

async function scan(file: CaptureFile): Promise<Sample> {
  const started = stopwatch()
  const reader = await openCapture(file.path, new Memory(windowBytes()))
  let count = 0
  for (;;) {
    const state = reader.next()
    if (state === END) break
    if (state === STARVED) await reader.fill()
    else count++
  }
  await reader.close()
  return { value: file.bytes / (stopwatch() - started), count }
}

async function parse(file: CaptureFile): Promise<Sample> {
  const started = stopwatch()
  let count = 0
  await new Promise<void>((resolve, reject) => {
    const parser = pcapParser.parse(createReadStream(file.path))
    parser.on('packet', () => count++)
    parser.on('end', resolve)
    parser.on('error', reject)
  })
  return { value: file.bytes / (stopwatch() - started), count }
}
