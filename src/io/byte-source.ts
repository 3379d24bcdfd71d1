/**
 * Where a capture's bytes come from: a file, standard input, either of them gzip-compressed (seen by its
 * magic, RFC 1952 §2.3.1). Bounded memory: bytes are read when they are asked for.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
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
  if (path === '-') return new StreamSource(path, process.stdin, null, await isGzipStream(process.stdin))
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    const size = stat.isFile() ? stat.size : null
    if (size !== null) {
      const file = openSync(path, 'r')
      if (!isGzipFile(file)) return new FileSource(path, file, size)
      closeSync(file)
    }
    const stream = createReadStream(path)
    return new StreamSource(path, stream, size, size === null ? await isGzipStream(stream) : true)
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

/** Looks at the first bytes of a stream and puts them back. */
async function isGzipStream(stream: Readable): Promise<boolean> {
  let seen = Buffer.alloc(0)
  while (seen.length < GZIP_MAGIC.length) {
    const chunk = (stream.read() ?? (await readable(stream))) as Buffer | null
    if (chunk === null) break
    seen = Buffer.concat([seen, chunk])
  }
  if (seen.length > 0) stream.unshift(seen)
  return seen.length >= 2 && GZIP_MAGIC.every((byte, i) => seen[i] === byte)
}

/** The next chunk, or null at the end. */
function readable(stream: Readable): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('error', onError)
      settle()
    }
    const onReadable = (): void => {
      const chunk = stream.read() as Buffer | null
      if (chunk !== null) done(() => resolve(chunk))
    }
    const onEnd = (): void => done(() => resolve(null))
    const onError = (error: Error): void => done(() => reject(error))
    stream.on('readable', onReadable).on('end', onEnd).on('error', onError)
    if (stream.readableEnded) onEnd()
  })
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
  bytesRead = 0
  readonly #path: string
  readonly #input: Readable
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(path: string, input: Readable, size: number | null, isGzip: boolean) {
    this.#path = path
    this.#input = input
    this.size = size
    input.on('data', (chunk: Buffer) => (this.bytesRead += chunk.length)).pause()
    const bytes = isGzip ? input.pipe(createGunzip()) : input
    // `pipe` does not pass errors on.
    if (isGzip) input.on('error', (error) => bytes.destroy(error))
    this.#chunks = bytes[Symbol.asyncIterator]() as AsyncIterator<Buffer>
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
    await this.#chunks.return?.()
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
