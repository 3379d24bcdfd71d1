/** Bytes from a pipe, or from anything gzip-compressed. */
import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { ByteSource } from './byte-source.js'
import { CaptureError, fromSystemError } from './capture-error.js'
import { GZIP_MAGIC_LENGTH, isGzip } from './gzip-magic.js'

/** The chunks of a stream, those that were looked at first. */
async function* rejoin(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

/** Reads a stream's first bytes, until there are enough to tell what it is. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let seen = Buffer.alloc(0)
  while (seen.length < GZIP_MAGIC_LENGTH) {
    const { value, done } = await chunks.next()
    if (done === true) break
    seen = Buffer.concat([seen, value])
  }
  return seen
}

/** Opens `input`, whose beginning tells whether it is gzip-compressed; `path` is what messages name. */
export async function openStream(path: string, input: Readable, size: number | null): Promise<ByteSource> {
  const progress = { bytesRead: 0 }
  const chunks = counted(input, progress)
  const first = await firstBytes(chunks)
  const whole = rejoin(first, chunks)
  if (!isGzip(first)) return new StreamSource(path, input, size, progress, whole)
  const unzipped = createGunzip()
  // What goes wrong is seen by whoever reads the end of the pipe.
  pipeline(Readable.from(whole), unzipped, () => {})
  return new StreamSource(path, input, size, progress, unzipped[Symbol.asyncIterator]())
}

interface Progress {
  bytesRead: number
}

async function* counted(input: Readable, progress: Progress): AsyncGenerator<Buffer> {
  for await (const chunk of input as AsyncIterable<Buffer>) {
    progress.bytesRead += chunk.length
    yield chunk
  }
}

/** A pipe, or anything gzip-compressed. */
class StreamSource implements ByteSource {
  readonly size: number | null
  cut: string | null = null
  readonly #path: string
  readonly #input: Readable
  readonly #progress: Progress
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(
    path: string,
    input: Readable,
    size: number | null,
    progress: Progress,
    chunks: AsyncIterator<Buffer>,
  ) {
    this.#path = path
    this.#input = input
    this.#progress = progress
    this.#chunks = chunks
    this.size = size
  }

  get bytesRead(): number {
    return this.#progress.bytesRead
  }

  async read(into: Uint8Array): Promise<number> {
    // What there is now, and no waiting for more: a pipe may be slow.
    if (this.#rest.length === 0 && !(await this.#next())) return 0
    const piece = this.#rest.subarray(0, into.length)
    into.set(piece)
    this.#rest = this.#rest.subarray(piece.length)
    return piece.length
  }

  async close(): Promise<void> {
    this.#input.destroy()
  }

  async #next(): Promise<boolean> {
    if (this.cut !== null) return false
    try {
      const { value, done } = await this.#chunks.next()
      if (done !== true) this.#rest = value
      return done !== true
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'Z_BUF_ERROR') {
        this.cut = 'the gzip stream is cut'
        return false
      }
      if (code?.startsWith('Z_'))
        throw new CaptureError(`${this.#path}: the gzip stream is damaged: ${message}`)
      throw fromSystemError(this.#path, error)
    }
  }
}
