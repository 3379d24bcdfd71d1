/** br100 capture: frames of a running bridge, into a pcapng file or a line each. */
import { closeSync, openSync } from 'node:fs'
import { captureAt } from '../control/capture-client.js'
import type { RemoteCapture } from '../control/capture-client.js'
import { ControlError } from '../control/control-socket.js'
import { captureLine } from '../inspect/capture-line.js'
import { TimeStamp } from '../inspect/time-stamp.js'
import { createBlockCutter, interfaceName, lostFrames, packetOf } from '../io/pcapng-blocks.js'
import { STDOUT, writeFully } from '../io/write-fully.js'
import { parseFilter } from '../netfilter/frame-filter.js'
import { RuleError } from '../netfilter/rule-error.js'
import { splitWords } from '../netfilter/words.js'
import { UsageError } from './errors.js'
import { parseCount } from './parse-count.js'
import { socketOf } from './socket.js'

const ALL = 'all'

/** What has been captured. */
interface Progress {
  ports: string[]
  frames: number
  lost: number
  /** It has an end, and was not broken off. */
  isWhole: boolean
}

/** Where it goes. */
interface Output {
  /** A whole block, which is of the frame of this number where it has one. */
  take(block: Buffer, progress: Progress): void
  /** No more blocks for now. */
  flush(): void
  close(): void
}

/** Captures until it is stopped, or has as many frames as are wanted. Returns the exit status. */
export async function captureCommand(
  port: string,
  filter: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const count = parseCount(options['count'] as string | undefined)
  const wanted = {
    port: port === ALL ? null : port,
    filter: wordsOf(filter),
    count: Number.isFinite(count) ? count : null,
  }
  const capture = await captureAt(socketOf(options), wanted)
  try {
    const output = outputTo(options['write'] as string | undefined)
    process.stderr.write(`capturing at ${wanted.port ?? 'all ports'}\n`)
    const progress = await follow(capture, output)
    if (!progress.isWhole) throw new ControlError(`${socketOf(options)}: the bridge has hung up`)
    return 0
  } finally {
    capture.close()
  }
}

/** One word that has spaces in it is a whole filter in quotes. Throws a UsageError. */
function wordsOf(filter: readonly string[]): string[] {
  try {
    const words = filter.length === 1 ? splitWords(filter[0]) : [...filter]
    if (words.length > 0) parseFilter(words)
    return words
  } catch (error) {
    if (error instanceof RuleError) throw new UsageError(`filter: ${error.message}`)
    throw error
  }
}

async function follow(capture: RemoteCapture, output: Output): Promise<Progress> {
  const progress = { ports: [], frames: 0, lost: 0, isWhole: false }
  const { stop } = capture
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const cut = createBlockCutter((block) => {
    note(block, progress)
    output.take(block, progress)
  })
  try {
    await capture.read((bytes) => {
      cut(bytes)
      output.flush()
    })
  } catch (error) {
    // Whoever read our output has seen enough: `br100 capture all | head`.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    progress.isWhole = true
  } finally {
    output.close()
  }
  process.stderr.write(`${summary(progress)}\n`)
  return progress
}

function note(block: Buffer, progress: Progress): void {
  const name = interfaceName(block)
  if (name !== null) progress.ports.push(name)
  if (packetOf(block) !== null) progress.frames++
  const lost = lostFrames(block)
  if (lost === null) return
  progress.lost += lost
  progress.isWhole = true
}

function summary({ frames, lost }: Progress): string {
  return `${frames} frames captured, ${lost} not${lost > 0 ? ' (the reader was too slow)' : ''}`
}

function outputTo(path: string | undefined): Output {
  return path === undefined ? lines() : file(path)
}

/** The blocks as they come, written once for all that came together. */
function file(path: string): Output {
  const target = path === '-' ? STDOUT : openSync(path, 'w')
  let blocks: Buffer[] = []
  return {
    take: (block) => void blocks.push(block),
    flush() {
      const bytes = Buffer.concat(blocks)
      blocks = []
      writeFully(target, path, bytes, 0, bytes.length)
    },
    close() {
      if (target !== STDOUT) closeSync(target)
    },
  }
}

/** A line a frame, on standard output. */
function lines(): Output {
  const stamp = new TimeStamp()
  let text = ''
  return {
    take(block, { ports }) {
      const packet = packetOf(block)
      if (packet !== null) text += `${captureLine(block, packet, ports[packet.interface], stamp)}\n`
    },
    flush() {
      const bytes = Buffer.from(text)
      text = ''
      writeFully(STDOUT, 'standard output', bytes, 0, bytes.length)
    },
    close: () => {},
  }
}
