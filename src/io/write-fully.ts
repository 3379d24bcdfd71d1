/** Writing all of something, synchronously, whoever reads it. */
import { writeSync } from 'node:fs'

/** The file descriptor of standard output. */
export const STDOUT = 1

const RETRY_MILLISECONDS = 5

/** Writes `length` bytes from `from` on; throws the system's error, with `path` in its message. */
export function writeFully(
  file: number,
  path: string,
  bytes: Uint8Array,
  from: number,
  length: number,
): void {
  for (let written = 0; written < length;)
    written += writeOnce(file, path, bytes, from + written, length - written)
}

/** A pipe whose reader is slow says so (EAGAIN): what is asked for then is a little patience. */
function writeOnce(file: number, path: string, bytes: Uint8Array, from: number, length: number): number {
  try {
    return writeSync(file, bytes, from, length)
  } catch (error) {
    const failure = error as NodeJS.ErrnoException
    if (failure.code !== 'EAGAIN') throw Object.assign(failure, { message: `${path}: ${failure.message}` })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS)
    return 0
  }
}
