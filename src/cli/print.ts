/** br100 print: the frames of a capture, a line each, with their times. */
import { printFrame } from '../inspect/print.js'
import { clip, escape } from '../inspect/text.js'
import { TimeStamp } from '../inspect/time-stamp.js'
import { ByteSink, SINK_BYTES } from '../io/byte-sink.js'
import { END, STARVED, openCapture, windowBytes } from '../io/capture-reader.js'
import type { CaptureReader } from '../io/capture-reader.js'
import { Memory } from '../packet/memory.js'
import { parseCount } from './parse-count.js'

/** Runs the command with commander's options; the exit status, 1 for a file that was cut. */
export async function printCommand(file: string, options: Record<string, unknown>): Promise<number> {
  const count = parseCount(options['count'] as string | undefined)
  const memory = new Memory(windowBytes() + SINK_BYTES)
  const reader = await openCapture(file, memory)
  try {
    await printFrames(reader, memory, count)
  } catch (error) {
    // Whoever read our output has seen enough: `br100 print FILE | head`.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0
    throw error
  } finally {
    await reader.close()
  }
  if (reader.flaw === null) return 0
  process.stderr.write(`br100: ${reader.flaw}\n`)
  return 1
}

/** What was printed before an error in the file is written before the error is thrown. */
async function printFrames(reader: CaptureReader, memory: Memory, count: number): Promise<void> {
  const output = new LineOutput(memory)
  const stamp = new TimeStamp()
  try {
    for (let left = count; left > 0;) {
      const state = reader.next()
      if (state === END) return
      if (state === STARVED) {
        output.flush() // a pipe may be slow: what is known is shown
        await reader.fill()
      } else {
        output.write(lineOf(reader, memory, stamp))
        left--
      }
    }
  } finally {
    output.flush()
  }
}

function lineOf(reader: CaptureReader, memory: Memory, stamp: TimeStamp): string {
  const { frameAt, capturedLength, originalLength } = reader
  const time = stamp.format(reader.seconds, reader.nanoseconds)
  return `${time} ${interfaceText(reader)}${printFrame(memory.bytes, frameAt, capturedLength, originalLength)}\n`
}

/** Where a capture has several interfaces, the name of this frame's, or its number where it has no name. */
function interfaceText({ interfaces, interfaceIndex }: CaptureReader): string {
  if (interfaces.length < 2) return ''
  const name = Buffer.from(interfaces[interfaceIndex].name)
  return name.length === 0 ? `#${interfaceIndex} ` : `${clip(escape(name, 0, name.length))} `
}

/** Lines for standard output, gathered to 64 KiB. Writing waits for a reader that is slow. */
class LineOutput {
  readonly #sink: ByteSink
  readonly #buffer = Buffer.alloc(SINK_BYTES)
  #filled = 0

  constructor(memory: Memory) {
    this.#sink = new ByteSink('-', memory)
  }

  write(line: string): void {
    if (this.#filled + Buffer.byteLength(line) > SINK_BYTES) this.flush()
    this.#filled += this.#buffer.write(line, this.#filled)
  }

  flush(): void {
    const length = this.#filled
    this.#filled = 0
    this.#sink.text(this.#buffer.subarray(0, length))
  }
}
