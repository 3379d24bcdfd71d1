/** Writes pcapng files (draft-ietf-opsawg-pcapng): one little-endian section, nanoseconds. */
import type { Memory } from '../packet/memory.js'
import { ByteSink } from './byte-sink.js'
import type { Destination } from './byte-sink.js'
import { MAX_CAPTURED_LENGTH } from './capture.js'
import { ETHERNET } from './link-type.js'

const SHB = 0x0a0d0d0a
const IDB = 1
const ISB = 5
const EPB = 6
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const FRAMING = 12
const [COMMENT, IF_NAME, IF_DESCRIPTION, PACKET_FLAGS, SHB_USERAPPL, IF_TSRESOL] = [1, 2, 3, 2, 4, 9]
/** Of an interface statistics block: frames that the system dropped, and that the user got. */
const [ISB_OSDROP, ISB_USRDELIV] = [7, 8]
const NANOSECONDS = 9
const [INBOUND, OUTBOUND] = [1, 2]
/** Comments are cut here: an option's length has 16 bits. */
const MAX_OPTION = 0xfffc
const NO_OPTIONS = new Uint8Array(0)
const PADDINGS = [0, 1, 2, 3].map((length) => new Uint8Array(length))

/** What can be said of a frame beside its bytes. */
export interface PacketNotes {
  comment?: string
  /** The interface sent it, and did not receive it. */
  outbound?: boolean
  /** It received it. */
  inbound?: boolean
}

/** A pcapng file that is being written; system errors are thrown as they come. */
export class PcapngWriter {
  /** As it was given; '-' is standard output. */
  readonly path: string
  readonly #sink: ByteSink
  #interfaces = 0

  /**
   * @param interfaces the first ones' names, in the order of their numbers: Ethernet
   * @param destination where the bytes go, if it is no file: `path` is but a name then
   */
  constructor(path: string, memory: Memory, interfaces: readonly string[] = [], destination?: Destination) {
    this.path = path
    this.#sink = new ByteSink(path, memory, destination)
    this.#section()
    for (const name of interfaces) this.addInterface(name)
  }

  /** One more interface; returns its number. `linkType` is LINKTYPE_…; `description` says what people should know. */
  addInterface(name: string, linkType: number = ETHERNET, description = ''): number {
    const options = optionList([
      [IF_NAME, Buffer.from(name)],
      ...(description === ''
        ? []
        : [[IF_DESCRIPTION, Buffer.from(description).subarray(0, MAX_OPTION)] as Option]),
      [IF_TSRESOL, Uint8Array.of(NANOSECONDS)],
    ])
    const length = FRAMING + 8 + options.length
    this.#sink.word(IDB)
    this.#sink.word(length)
    this.#sink.halves(linkType, 0)
    this.#sink.word(MAX_CAPTURED_LENGTH)
    this.#sink.append(options)
    this.#sink.word(length)
    return this.#interfaces++
  }

  /** An enhanced packet block: `length` bytes of the memory from `frameAt` on. */
  write(
    interfaceIndex: number,
    frameAt: number,
    length: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    notes: PacketNotes = {},
  ): void {
    const options = packetOptions(notes)
    this.#beginPacket(interfaceIndex, length, originalLength, seconds, nanoseconds, options)
    this.#sink.bytes(frameAt, length)
    this.#endPacket(length, options)
  }

  /** The same for a whole frame that lies elsewhere. */
  writeFrame(
    interfaceIndex: number,
    frame: Uint8Array,
    seconds: number,
    nanoseconds: number,
    notes: PacketNotes = {},
  ): void {
    const { length } = frame
    const options = packetOptions(notes)
    this.#beginPacket(interfaceIndex, length, length, seconds, nanoseconds, options)
    this.#sink.append(frame)
    this.#endPacket(length, options)
  }

  /** An interface statistics block: how many frames reached the reader of the capture, and how many did not. */
  writeStatistics(
    interfaceIndex: number,
    seconds: number,
    nanoseconds: number,
    delivered: number,
    dropped: number,
  ): void {
    const options = optionList([
      [ISB_OSDROP, number64(dropped)],
      [ISB_USRDELIV, number64(delivered)],
    ])
    const length = FRAMING + 12 + options.length
    this.#sink.word(ISB)
    this.#sink.word(length)
    this.#sink.word(interfaceIndex)
    this.#time(seconds, nanoseconds)
    this.#sink.append(options)
    this.#sink.word(length)
  }

  #beginPacket(
    interfaceIndex: number,
    length: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    options: Uint8Array,
  ): void {
    const sink = this.#sink
    sink.word(EPB)
    sink.word(packetBlockLength(length, options))
    sink.word(interfaceIndex)
    this.#time(seconds, nanoseconds)
    sink.word(length)
    sink.word(originalLength)
  }

  #endPacket(length: number, options: Uint8Array): void {
    this.#sink.append(PADDINGS[padded(length) - length])
    this.#sink.append(options)
    this.#sink.word(packetBlockLength(length, options))
  }

  #time(seconds: number, nanoseconds: number): void {
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
    this.#sink.word(Number(time >> 32n))
    this.#sink.word(Number(time & 0xffffffffn))
  }

  /** Hands over what is still in the buffer. */
  flush(): void {
    this.#sink.flush()
  }

  /** Writes what is still in the buffer and closes the file. */
  close(): void {
    this.#sink.close()
  }

  #section(): void {
    const options = optionList([[SHB_USERAPPL, Buffer.from('br100')]])
    const length = FRAMING + 16 + options.length
    this.#sink.word(SHB)
    this.#sink.word(length)
    this.#sink.word(BYTE_ORDER_MAGIC)
    this.#sink.halves(1, 0)
    this.#sink.word(0xffffffff) // section length: not given
    this.#sink.word(0xffffffff)
    this.#sink.append(options)
    this.#sink.word(length)
  }
}

type Option = [code: number, value: Uint8Array]

function packetBlockLength(length: number, options: Uint8Array): number {
  return FRAMING + 20 + padded(length) + options.length
}

function number64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function packetOptions({ comment, outbound, inbound }: PacketNotes): Uint8Array {
  const options: Option[] = []
  if (comment !== undefined) options.push([COMMENT, Buffer.from(comment).subarray(0, MAX_OPTION)])
  if (outbound === true) options.push([PACKET_FLAGS, Uint8Array.of(OUTBOUND, 0, 0, 0)])
  if (inbound === true) options.push([PACKET_FLAGS, Uint8Array.of(INBOUND, 0, 0, 0)])
  return options.length === 0 ? NO_OPTIONS : optionList(options)
}

/** Options, each padded to 4 bytes, and their end. */
function optionList(options: Option[]): Uint8Array {
  const size = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4)
  const list = Buffer.alloc(size)
  let at = 0
  for (const [code, value] of options) {
    list.writeUInt16LE(code, at)
    list.writeUInt16LE(value.length, at + 2)
    list.set(value, at + 4)
    at += 4 + padded(value.length)
  }
  return list
}

function padded(length: number): number {
  return (length + 3) & ~3
}
