/** How gzip-compressed bytes are told from others (RFC 1952 §2.3.1). */

/** Bytes that it takes to tell. */
export const GZIP_MAGIC_LENGTH = 2

/** Whether a file that starts so is gzip-compressed. */
export function isGzip(start: Uint8Array): boolean {
  return start.length >= GZIP_MAGIC_LENGTH && start[0] === 0x1f && start[1] === 0x8b
}
