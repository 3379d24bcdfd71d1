/** A capture that cannot be read. */

/** The message says `FILE: offset N: what is wrong, what is expected`; offsets count decompressed bytes. */
export class CaptureError extends Error {
  override name = 'CaptureError'
}

const SYSTEM_TEXTS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a folder, expected a capture file',
}

/** A system error as an error of the capture; what is not one is returned as it is. */
export function fromSystemError(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? error : new CaptureError(`${path}: ${SYSTEM_TEXTS[code] ?? message}`)
}
