/**
 * Opens what a capture's bytes come from: a file, standard input, either of them gzip-compressed. Bounded
 * memory: bytes are read when they are asked for.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs'
import type { ByteSource } from './byte-source.js'
import { fromSystemError } from './capture-error.js'
import { GZIP_MAGIC_LENGTH, isGzip } from './gzip-magic.js'

/** Opens a file, or standard input for '-'. Throws a CaptureError where that is not possible. */
export async function openSource(path: string): Promise<ByteSource> {
  try {
    if (path === '-') return await (await streams()).openStream(path, process.stdin, null)
    const stat = statSync(path)
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    const size = stat.isFile() ? stat.size : null
    if (size !== null) {
      const file = openSync(path, 'r')
      if (!isGzipFile(file)) return new FileSource(path, file, size)
      closeSync(file)
    }
    return await (await streams()).openStream(path, createReadStream(path), size)
  } catch (error) {
    throw fromSystemError(path, error)
  }
}

/** Pipes and gzip are loaded when they are met: it takes a while. */
function streams(): Promise<typeof import('./stream-source.js')> {
  return import('./stream-source.js')
}

function isGzipFile(file: number): boolean {
  const start = new Uint8Array(GZIP_MAGIC_LENGTH)
  readSync(file, start, 0, start.length, 0)
  return isGzip(start)
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
    try {
      const length = readSync(this.#file, into, 0, into.length, this.bytesRead)
      this.bytesRead += length
      return length
    } catch (error) {
      throw fromSystemError(this.#path, error)
    }
  }

  async close(): Promise<void> {
    closeSync(this.#file)
  }
}
