/*
 * pcapng files (draft-ietf-opsawg-pcapng): blocks in sections, each section in its own byte order.
 *
 *   type 4 · total length 4 · body, padded to 4 · total length 4
 *
 * Packets come in enhanced (EPB), simple (SPB) and obsolete packet blocks (OPB); interfaces are described
 * (IDB) before their first packet. What is no packet is skipped, whatever its size, but for its lengths.
 */
import type { ByteWindow } from './byte-window.js'
import { MAX_RECORD } from './byte-window.js'
import { CaptureError } from './capture-error.js'
import { END, MAX_CAPTURED_LENGTH, RECORD, STARVED } from './capture.js'
import type { CaptureInterface, CaptureReader, OpenCapture } from './capture.js'
import { mustBeEthernet } from './link-type.js'
import { flawAt } from './pcap-reader.js'
import { TimestampScale, readTimestampOptions } from './pcapng-time.js'

/** The type of a section header block in hexadecimal: the same in either byte order. */
export const SECTION_HEADER = '0a0d0d0a'

const SHB = 0x0a0d0d0a
const IDB = 1
const OPB = 2
const SPB = 3
const EPB = 6
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const SWAPPED_MAGIC = 0x4d3c2b1a

/** Type and both lengths. */
const FRAMING = 12
const BODY = 8
const TRAILER = 4
const OPTION_END = 0
const IF_NAME = 2
/** `epb_flags` and `pack_flags` are both option 2, 32 bits, of which the lowest two are the direction. */
const PACKET_FLAGS = 2
const OUTBOUND = 2
/** Of all sections together: what a file makes us remember is bounded. */
const MAX_INTERFACES = 65_536

/** The shortest block of each type that is read. */
const SHORTEST = new Map([
  [SHB, 28],
  [IDB, 20],
  [OPB, 32],
  [SPB, 16],
  [EPB, 32],
])

/** A reader of the file that the window stands at. Throws a CaptureError where its first block is no good. */
export function createPcapngReader(capture: OpenCapture): CaptureReader {
  return new PcapngReader(capture)
}

class PcapngReader implements CaptureReader {
  readonly path: string
  readonly format = 'pcapng'
  readonly interfaces: CaptureInterface[] = []
  flaw: string | null = null
  frameAt = 0
  capturedLength = 0
  originalLength = 0
  seconds = 0
  nanoseconds = 0
  interfaceIndex = 0
  outbound = false
  readonly plain = null
  readonly size: number | null
  readonly #window: ByteWindow
  readonly #view: DataView
  readonly #scales: TimestampScale[] = []
  #littleEndian = true
  /** The first section header was read: this is a pcapng file. */
  #isInSection = false
  /** Index of the section's first interface. */
  #sectionBase = 0
  /** Bytes of a block that are still to be passed over, and that it has in all. */
  #toSkip = 0
  #skipped = 0

  constructor({ path, window }: OpenCapture) {
    this.path = path
    this.size = window.source.size
    this.#window = window
    this.#view = new DataView(window.memory.bytes.buffer)
  }

  bytesRead(): number {
    return this.#window.source.bytesRead
  }

  next(): number {
    if (this.flaw !== null) return END
    try {
      return this.#nextPacket()
    } catch (error) {
      if (!(error instanceof CaptureError) || !this.#isInSection) throw error
      this.flaw = error.message
      return END
    }
  }

  #nextPacket(): number {
    for (;;) {
      if (this.#toSkip > 0 && !this.#skip()) return this.#starved(this.#toSkip)
      const window = this.#window
      const at = window.from
      if (window.to - at < FRAMING) return this.#starved(FRAMING)
      const type = this.#view.getUint32(at, this.#littleEndian)
      if (type === SHB) this.#readByteOrder(at)
      const length = this.#blockLength(at, type)
      if (!SHORTEST.has(type)) {
        this.#toSkip = this.#skipped = length
        continue
      }
      if (window.to - at < length) return this.#starved(length)
      this.#checkTrailer(at + length - TRAILER, length)
      window.from = at + length
      if (this.#readBlock(type, at, length)) return RECORD
    }
  }

  fill(): Promise<void> {
    return this.#window.advance()
  }

  close(): Promise<void> {
    return this.#window.source.close()
  }

  /** Reads a block that is there as a whole; whether it was a packet. */
  #readBlock(type: number, at: number, length: number): boolean {
    const end = at + length - TRAILER
    if (type === EPB) return this.#readEnhanced(at, end)
    if (type === SPB) return this.#readSimple(at, end)
    if (type === OPB) return this.#readObsolete(at, end)
    if (type === IDB) this.#readInterface(at, end)
    else this.#readSection(at)
    return false
  }

  /** interface 4 · time stamp high 4, low 4 · captured length 4 · original length 4 · frame · options */
  #readEnhanced(at: number, end: number): boolean {
    const b = at + BODY
    this.#setInterface(b, this.#view.getUint32(b, this.#littleEndian))
    return this.#readPacket(b + 4, end)
  }

  /** interface 2 · drops 2 · then as the enhanced packet block */
  #readObsolete(at: number, end: number): boolean {
    const b = at + BODY
    this.#setInterface(b, this.#view.getUint16(b, this.#littleEndian))
    return this.#readPacket(b + 4, end)
  }

  /** What EPB and OPB have in common, from the time stamp on. */
  #readPacket(b: number, end: number): boolean {
    const view = this.#view
    const littleEndian = this.#littleEndian
    const scale = this.#scales[this.interfaceIndex]
    scale.convert(view.getUint32(b, littleEndian), view.getUint32(b + 4, littleEndian))
    this.seconds = scale.seconds
    this.nanoseconds = scale.nanoseconds
    this.#setFrame(
      b + 16,
      end,
      view.getUint32(b + 8, littleEndian),
      view.getUint32(b + 12, littleEndian),
      b + 8,
    )
    const options = this.frameAt + ((this.capturedLength + 3) & ~3)
    this.outbound = options < end && (this.#flags(options, end) & 3) === OUTBOUND
    return true
  }

  /**
   * original length 4 · frame. It has no time stamp: it gets that of the packet before it. The captured length
   * is the shorter of the original and the interface's snap length.
   */
  #readSimple(at: number, end: number): boolean {
    const b = at + BODY
    this.#setInterface(b, 0)
    const original = this.#view.getUint32(b, this.#littleEndian)
    const { snapLength } = this.interfaces[this.interfaceIndex]
    this.#setFrame(b + 4, end, snapLength === 0 ? original : Math.min(original, snapLength), original, b)
    this.outbound = false
    return true
  }

  #setInterface(at: number, id: number): void {
    this.interfaceIndex = this.#sectionBase + id
    if (this.interfaceIndex >= this.interfaces.length)
      this.#refuse(
        at,
        `interface ${id}, expected one of the ${this.interfaces.length - this.#sectionBase} described so far`,
      )
  }

  #setFrame(at: number, end: number, captured: number, original: number, lengthAt: number): void {
    if (captured > MAX_CAPTURED_LENGTH)
      this.#refuse(lengthAt, `captured length ${captured}, expected at most ${MAX_CAPTURED_LENGTH}`)
    if (captured > end - at)
      this.#refuse(lengthAt, `captured length ${captured}, expected at most ${end - at} in this block`)
    this.frameAt = at
    this.capturedLength = captured
    this.originalLength = original
  }

  /** link type 2 · reserved 2 · snap length 4 · options */
  #readInterface(at: number, end: number): void {
    const view = this.#view
    const linkType = view.getUint16(at + BODY, this.#littleEndian)
    mustBeEthernet(this.path, this.#window.offsetOf(at + BODY), linkType)
    const snapLength = view.getUint32(at + BODY + 4, this.#littleEndian)
    if (this.interfaces.length === MAX_INTERFACES)
      this.#refuse(at, `one more interface, expected at most ${MAX_INTERFACES} in a file`)
    const options = at + BODY + 8
    const nameAt = this.#option(options, end, IF_NAME)
    const name = nameAt === -1 ? '' : this.#text(nameAt + 4, view.getUint16(nameAt + 2, this.#littleEndian))
    this.interfaces.push({ name, linkType, snapLength })
    const valueAt = (code: number): number => this.#option(options, end, code)
    this.#scales.push(readTimestampOptions(view, this.#littleEndian, valueAt))
  }

  /** byte-order magic 4 · version 2, 2 · section length 8 · options. Interfaces are counted from 0 again. */
  #readSection(at: number): void {
    const major = this.#view.getUint16(at + BODY + 4, this.#littleEndian)
    const minor = this.#view.getUint16(at + BODY + 6, this.#littleEndian)
    if (major !== 1) this.#refuse(at + BODY + 4, `version ${major}.${minor}, expected 1.0`)
    this.#sectionBase = this.interfaces.length
    this.#isInSection = true
  }

  #readByteOrder(at: number): void {
    const magic = this.#view.getUint32(at + BODY, true)
    if (magic !== BYTE_ORDER_MAGIC && magic !== SWAPPED_MAGIC)
      this.#refuse(
        at + BODY,
        `byte-order magic ${magic.toString(16).padStart(8, '0')}, expected 1a2b3c4d in either order`,
      )
    this.#littleEndian = magic === BYTE_ORDER_MAGIC
  }

  #blockLength(at: number, type: number): number {
    const length = this.#view.getUint32(at + 4, this.#littleEndian)
    const shortest = SHORTEST.get(type) ?? FRAMING
    if (length < shortest || length % 4 !== 0)
      this.#refuse(at + 4, `block length ${length}, expected a multiple of 4 from ${shortest}`)
    if (length > MAX_RECORD && SHORTEST.has(type))
      this.#refuse(
        at + 4,
        `block length ${length}, expected at most ${MAX_RECORD} for a block of type ${type}`,
      )
    return length
  }

  #checkTrailer(at: number, length: number): void {
    const trailer = this.#view.getUint32(at, this.#littleEndian)
    if (trailer !== length)
      this.#refuse(at, `block length ${trailer} at its end, expected ${length} as at its beginning`)
  }

  /** Passes over what is there of a block that is not wanted; whether that was all of it. */
  #skip(): boolean {
    const window = this.#window
    const step = Math.min(this.#toSkip - TRAILER, window.to - window.from)
    window.from += step
    this.#toSkip -= step
    if (this.#toSkip > TRAILER || window.to - window.from < TRAILER) return false
    this.#checkTrailer(window.from, this.#skipped)
    window.from += TRAILER
    this.#toSkip = 0
    return true
  }

  /** Where the first option of this code stands between `at` and `end`, or -1. Options past the end do not count. */
  #option(at: number, end: number, code: number): number {
    for (let option = at; option + 4 <= end;) {
      const found = this.#view.getUint16(option, this.#littleEndian)
      const length = this.#view.getUint16(option + 2, this.#littleEndian)
      if (found === OPTION_END || option + 4 + length > end) return -1
      if (found === code) return option
      option += 4 + ((length + 3) & ~3)
    }
    return -1
  }

  #flags(options: number, end: number): number {
    const at = this.#option(options, end, PACKET_FLAGS)
    return at === -1 || this.#view.getUint16(at + 2, this.#littleEndian) !== 4
      ? 0
      : this.#view.getUint32(at + 4, this.#littleEndian)
  }

  /** UTF-8; writers pad with zeroes now and then. */
  #text(at: number, length: number): string {
    const bytes = this.#window.memory.bytes.slice(at, at + length)
    return Buffer.from(bytes).toString('utf8').replace(/\0+$/, '')
  }

  #starved(wanted: number): number {
    const window = this.#window
    if (!window.atEnd) return STARVED
    this.flaw = this.#toSkip > 0 ? this.#cutWhileSkipping() : flawAt(this.path, window, wanted)
    return END
  }

  #cutWhileSkipping(): string {
    const { to, from, source } = this.#window
    const missing = this.#toSkip - (to - from)
    const why = source.cut === null ? '' : `, ${source.cut}`
    return `${this.path}: offset ${this.#window.offsetOf(to)}: cut in a block: ${missing} more bytes expected${why}`
  }

  #refuse(at: number, what: string): never {
    throw new CaptureError(`${this.path}: offset ${this.#window.offsetOf(at)}: ${what}`)
  }
}
