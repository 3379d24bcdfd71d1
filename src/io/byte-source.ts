/** Where a capture's bytes come from, whatever that is. */

/** Bytes in their order, once. */
export interface ByteSource {
  /** Bytes read from the file itself, compressed or not: for showing progress. */
  readonly bytesRead: number
  /** Bytes that the file has, or null where that is not known. */
  readonly size: number | null
  /** Why the bytes ended before they should have, or null. */
  readonly cut: string | null
  /** Puts bytes into `into` from its start on, as many as are at hand but one at least; how many. 0 is the end. */
  read(into: Uint8Array): Promise<number>
  close(): Promise<void>
}
