/** What a capture is to whoever reads one: records, one after another, in place. */
import type { ByteWindow } from './byte-window.js'

/** What `next` returns at the end of the capture. */
export const END = 0
/** What `next` returns with a record. */
export const RECORD = 1
/** What `next` returns when bytes are wanted: await `fill()`, then call it again. */
export const STARVED = 2

/** The longest frame that is read, as in libpcap and Wireshark. */
export const MAX_CAPTURED_LENGTH = 262_144

/** Where frames were captured: an interface of a pcapng file, or the one of a pcap file. */
export interface CaptureInterface {
  /** As the file names it; '' where it does not. */
  name: string
  /** Always 1, Ethernet: other captures are refused. */
  linkType: number
  /** Bytes of a frame that were captured at most; 0 is no limit. */
  snapLength: number
}

/** The record at hand. */
export interface CaptureRecord {
  /** Offset in the memory of the frame's first byte. */
  frameAt: number
  /** Bytes of it that are there, and that were on the wire. */
  capturedLength: number
  originalLength: number
  /** Since 1970-01-01T00:00:00Z; nanoseconds from 0 to 999,999,999. */
  seconds: number
  nanoseconds: number
  /** Index into the reader's `interfaces`. */
  interfaceIndex: number
  /** The file says that the interface sent it (epb_flags of pcapng). */
  outbound: boolean
}

/** Records that follow one another in a window; the second half of their time stamps counts `unit` nanoseconds. */
export interface PlainRecords {
  window: ByteWindow
  unit: number
}

/** A capture that is being read. */
export interface CaptureReader extends CaptureRecord {
  /** As it was given; '-' is standard input. */
  readonly path: string
  readonly format: 'pcap' | 'pcapng'
  /** All that were met so far, those of earlier sections first. */
  readonly interfaces: readonly CaptureInterface[]
  /** Why reading ended early (the file is cut, or malformed from there on), as a message, or null; known at END. */
  flaw: string | null
  /** How records of a pcap file in this machine's byte order lie in memory, for pcap-records.ts; else null. */
  readonly plain: PlainRecords | null
  /** Bytes that the file has, compressed as it may be; null for a pipe. */
  readonly size: number | null
  /** How many of them were read. */
  bytesRead(): number
  /**
   * RECORD, and the fields of CaptureRecord describe the next record until `fill` is called; STARVED; or END.
   * Throws a CaptureError where a pcapng file's first block is no good.
   */
  next(): number
  /** Reads on. */
  fill(): Promise<void>
  close(): Promise<void>
}

/** What a reader of one format needs: the window stands at the file's first byte. */
export interface OpenCapture {
  path: string
  window: ByteWindow
}
