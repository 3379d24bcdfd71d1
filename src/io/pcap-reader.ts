/*
 * pcap files (draft-ietf-opsawg-pcap): a file header, then records.
 *
 *   magic 4 · version major 2 · minor 2 · (zone, accuracy) 8 · snap length 4 · link type 4 (upper 6 bits: FCS)
 *   seconds 4 · micro- or nanoseconds 4 · captured length 4 · original length 4 · frame
 */
import { CaptureError } from './capture-error.js'
import { END, MAX_CAPTURED_LENGTH, RECORD, STARVED } from './capture.js'
import type { CaptureInterface, CaptureReader, OpenCapture } from './capture.js'
import type { ByteWindow } from './byte-window.js'
import { mustBeEthernet } from './link-type.js'

/** How a file of one magic is read. */
export interface PcapVariant {
  littleEndian: boolean
  /** Nanoseconds in a unit of the time stamp's second half. */
  unit: number
}

/** The first four bytes, in hexadecimal. */
export const PCAP_MAGICS: Record<string, PcapVariant | undefined> = {
  d4c3b2a1: { littleEndian: true, unit: 1000 },
  a1b2c3d4: { littleEndian: false, unit: 1000 },
  '4d3cb2a1': { littleEndian: true, unit: 1 },
  a1b23c4d: { littleEndian: false, unit: 1 },
}

const FILE_HEADER = 24
const RECORD_HEADER = 16
const SECOND = 1_000_000_000
/** Above it: how long the FCS is, and whether the file says so. */
const LINK_TYPE_MASK = 0x03ffffff

/** A reader of the file that the window stands at. Throws a CaptureError where its header is no good. */
export function createPcapReader({ path, window }: OpenCapture, variant: PcapVariant): CaptureReader {
  const snapLength = readFileHeader(path, window, variant)
  return pcapReader(path, window, variant, { name: '', linkType: 1, snapLength })
}

function readFileHeader(path: string, window: ByteWindow, { littleEndian }: PcapVariant): number {
  const { from, to, memory } = window
  if (to - from < FILE_HEADER)
    throw new CaptureError(
      `${path}: offset ${to - from}: cut in the file header, which has ${FILE_HEADER} bytes`,
    )
  const header = new DataView(memory.bytes.buffer, from, FILE_HEADER)
  const [major, minor] = [header.getUint16(4, littleEndian), header.getUint16(6, littleEndian)]
  if (major !== 2 || minor !== 4)
    throw new CaptureError(`${path}: offset 4: version ${major}.${minor}, expected 2.4`)
  mustBeEthernet(path, 20, header.getUint32(20, littleEndian) & LINK_TYPE_MASK)
  window.from += FILE_HEADER
  return header.getUint32(16, littleEndian)
}

function pcapReader(
  path: string,
  window: ByteWindow,
  variant: PcapVariant,
  only: CaptureInterface,
): CaptureReader {
  const { littleEndian, unit } = variant
  const view = new DataView(window.memory.bytes.buffer)
  // Captured: an imported constant is loaded and checked at every use.
  const [header, longest, second, found] = [RECORD_HEADER, MAX_CAPTURED_LENGTH, SECOND, RECORD]
  const reader: CaptureReader = {
    path,
    format: 'pcap',
    interfaces: [only],
    flaw: null,
    frameAt: 0,
    capturedLength: 0,
    originalLength: 0,
    seconds: 0,
    nanoseconds: 0,
    interfaceIndex: 0,
    outbound: false,
    plain: littleEndian ? { window, unit } : null,
    size: window.source.size,
    bytesRead: () => window.source.bytesRead,
    next,
    fill: () => window.advance(),
    close: () => window.source.close(),
  }

  function next(): number {
    const at = window.from
    const left = window.to - at
    if (left < header) return starved(header)
    const capturedLength = view.getUint32(at + 8, littleEndian)
    if (capturedLength > longest) return refuseLength(capturedLength)
    if (left < header + capturedLength) return starved(header + capturedLength)
    const nanoseconds = view.getUint32(at + 4, littleEndian) * unit
    reader.seconds = view.getUint32(at, littleEndian)
    reader.nanoseconds = nanoseconds
    if (nanoseconds >= second) carry()
    reader.capturedLength = capturedLength
    reader.originalLength = view.getUint32(at + 12, littleEndian)
    reader.frameAt = at + header
    window.from = at + header + capturedLength
    return found
  }

  /** A second half of a whole second or more: written so by some tools, and meant as what it adds up to. */
  function carry(): void {
    reader.seconds += Math.floor(reader.nanoseconds / SECOND)
    reader.nanoseconds %= SECOND
  }

  function starved(wanted: number): number {
    if (!window.atEnd) return STARVED
    reader.flaw = flawAt(path, window, wanted)
    return END
  }

  function refuseLength(length: number): number {
    const offset = window.offsetOf(window.from) + 8
    reader.flaw = `${path}: offset ${offset}: captured length ${length}, expected at most ${MAX_CAPTURED_LENGTH}`
    return END
  }

  return reader
}

/** What to say of a capture whose window has no more bytes, where a record of `wanted` bytes should begin. */
export function flawAt(path: string, window: ByteWindow, wanted: number): string | null {
  const left = window.to - window.from
  const { cut } = window.source
  if (left === 0 && cut === null) return null
  const offset = window.offsetOf(window.from)
  const what = left === 0 ? 'cut between two records' : `cut in a record: ${left} bytes of at least ${wanted}`
  return `${path}: offset ${offset}: ${what}${cut === null ? '' : `, ${cut}`}`
}
