/*
 * pcap files (draft-ietf-opsawg-pcap): a file header, then records.
 *
 *   magic 4 · version major 2 · minor 2 · (zone, accuracy) 8 · snap length 4 · link type 4 (upper bits: FCS)
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

/** A reader of the file that the window stands at. Throws a CaptureError where its header is no good. */
export function createPcapReader({ path, window }: OpenCapture, variant: PcapVariant): CaptureReader {
  const snapLength = readFileHeader(path, window, variant)
  return new PcapReader(path, window, variant, { name: '', linkType: 1, snapLength })
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
  mustBeEthernet(path, 20, header.getUint32(20, littleEndian) & 0x0fffffff)
  window.from += FILE_HEADER
  return header.getUint32(16, littleEndian)
}

class PcapReader implements CaptureReader {
  readonly path: string
  readonly format = 'pcap'
  readonly interfaces: readonly CaptureInterface[]
  truncation: string | null = null
  frameAt = 0
  capturedLength = 0
  originalLength = 0
  seconds = 0
  nanoseconds = 0
  readonly interfaceIndex = 0
  readonly outbound = false
  readonly #window: ByteWindow
  readonly #view: DataView
  readonly #littleEndian: boolean
  readonly #unit: number

  constructor(path: string, window: ByteWindow, { littleEndian, unit }: PcapVariant, only: CaptureInterface) {
    this.path = path
    this.interfaces = [only]
    this.#window = window
    this.#view = new DataView(window.memory.bytes.buffer)
    this.#littleEndian = littleEndian
    this.#unit = unit
  }

  get bytesRead(): number {
    return this.#window.source.bytesRead
  }

  get size(): number | null {
    return this.#window.source.size
  }

  next(): number {
    const window = this.#window
    const view = this.#view
    const littleEndian = this.#littleEndian
    const at = window.from
    const left = window.to - at
    if (left < RECORD_HEADER) return this.#starved(RECORD_HEADER)
    const capturedLength = view.getUint32(at + 8, littleEndian)
    if (capturedLength > MAX_CAPTURED_LENGTH) this.#refuseLength(capturedLength)
    if (left < RECORD_HEADER + capturedLength) return this.#starved(RECORD_HEADER + capturedLength)
    this.seconds = view.getUint32(at, littleEndian)
    this.nanoseconds = view.getUint32(at + 4, littleEndian) * this.#unit
    if (this.nanoseconds >= SECOND) this.#carry()
    this.capturedLength = capturedLength
    this.originalLength = view.getUint32(at + 12, littleEndian)
    this.frameAt = at + RECORD_HEADER
    window.from = at + RECORD_HEADER + capturedLength
    return RECORD
  }

  fill(): Promise<void> {
    return this.#window.advance()
  }

  close(): Promise<void> {
    return this.#window.source.close()
  }

  /** A second half of a whole second or more: written so by some tools, and meant as what it adds up to. */
  #carry(): void {
    this.seconds += Math.floor(this.nanoseconds / SECOND)
    this.nanoseconds %= SECOND
  }

  #starved(wanted: number): number {
    const window = this.#window
    if (!window.atEnd) return STARVED
    this.truncation = truncationOf(this.path, window, wanted)
    return END
  }

  #refuseLength(length: number): never {
    const offset = this.#window.offsetOf(this.#window.from) + 8
    throw new CaptureError(
      `${this.path}: offset ${offset}: captured length ${length}, expected at most ${MAX_CAPTURED_LENGTH}`,
    )
  }
}

/** What to say of a capture whose window has no more bytes, where a record of `wanted` bytes should begin. */
export function truncationOf(path: string, window: ByteWindow, wanted: number): string | null {
  const left = window.to - window.from
  const { cut } = window.source
  if (left === 0 && cut === null) return null
  const offset = window.offsetOf(window.from)
  const what = left === 0 ? 'cut between two records' : `cut in a record: ${left} bytes of at least ${wanted}`
  return `${path}: offset ${offset}: ${what}${cut === null ? '' : `, ${cut}`}`
}
