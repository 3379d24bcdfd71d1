/**
 * Where a capture's bytes come from: a file, standard input, either of them gzip-compressed (seen by its
 * magic, RFC 1952 §2.3.1). Bounded memory: bytes are read when they are asked for.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs'
import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CaptureError, fromSystemError } from './capture-error.js'

/** Bytes in their order, once. */
export interface ByteSource {
  /** Bytes read from the file itself, compressed or not: for showing progress. */
  readonly bytesRead: number
  /** Bytes that the file has, or null where that is not known. */
  readonly size: number | null
  /** Why the bytes ended before they should have, or null. */
  readonly cut: string | null
  /** Fills `into` from its start, wholly but at the end; returns how many bytes. 0 is the end. */
  read(into: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** Opens a file, or standard input for '-'. Throws a CaptureError where that is not possible. */
export async function openSource(path: string): Promise<ByteSource> {
  try {
    if (path === '-') return await openStream(path, process.stdin, null)
    const stat = statSync(path)
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    const size = stat.isFile() ? stat.size : null
    if (size !== null) {
      const file = openSync(path, 'r')
      if (!isGzipFile(file)) return new FileSource(path, file, size)
      closeSync(file)
    }
    return await openStream(path, createReadStream(path), size)
  } catch (error) {
    throw fromSystemError(path, error)
  }
}

const GZIP_MAGIC = [0x1f, 0x8b]

function isGzipFile(file: number): boolean {
  const start = new Uint8Array(GZIP_MAGIC.length)
  readSync(file, start, 0, start.length, 0)
  return GZIP_MAGIC.every((byte, i) => start[i] === byte)
}

/** The chunks of a stream, those that were looked at first. */
async function* rejoin(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

/** Reads a stream's first bytes, until there are enough to tell what it is. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let seen = Buffer.alloc(0)
  while (seen.length < GZIP_MAGIC.length) {
    const { value, done } = await chunks.next()
    if (done === true) break
    seen = Buffer.concat([seen, value])
  }
  return seen
}

/** Opens what is no plain file: its beginning tells whether it is gzip-compressed. */
async function openStream(path: string, input: Readable, size: number | null): Promise<ByteSource> {
  const progress = { bytesRead: 0 }
  const chunks = counted(input, progress)
  const first = await firstBytes(chunks)
  const whole = rejoin(first, chunks)
  if (!GZIP_MAGIC.every((byte, i) => first[i] === byte))
    return new StreamSource(path, input, size, progress, whole)
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

/**
 * A plain file, read straight to where the bytes are wanted, and synchronously: 1 GB takes 80 ms so, 130 ms by
 * way of libuv's threads, which leave the bytes in another core's cache and wake this one up for each chunk.
 */
class FileSource implements ByteSource {
  readonly size: number
  readonly cut = null
  bytesRead = 0
  readonly #path: string
  readonly #file: number

  constructor(path: string, file: number, size: number) {
    this.#path = path
    this.#file = file
    this.size = size
  }

  async read(into: Uint8Array): Promise<number> {
    let filled = 0
    while (filled < into.length) {
      const bytesRead = this.#readOnce(into, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    this.bytesRead += filled
    return filled
  }

  async close(): Promise<void> {
    closeSync(this.#file)
  }

  #readOnce(into: Uint8Array, from: number): number {
    try {
      return readSync(this.#file, into, from, into.length - from, this.bytesRead + from)
    } catch (error) {
      throw fromSystemError(this.#path, error)
    }
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
    let filled = 0
    while (filled < into.length) {
      if (this.#rest.length === 0 && !(await this.#next())) break
      const piece = this.#rest.subarray(0, into.length - filled)
      into.set(piece, filled)
      filled += piece.length
      this.#rest = this.#rest.subarray(piece.length)
    }
    return filled
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
