/** Writes pcapng files (draft-ietf-opsawg-pcapng): one little-endian section, nanoseconds. */
import type { Memory } from '../packet/memory.js'
import { ByteSink } from './byte-sink.js'
import { MAX_CAPTURED_LENGTH } from './capture.js'
import { ETHERNET } from './link-type.js'

const SHB = 0x0a0d0d0a
const IDB = 1
const EPB = 6
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const FRAMING = 12
const [COMMENT, IF_NAME, IF_DESCRIPTION, PACKET_FLAGS, SHB_USERAPPL, IF_TSRESOL] = [1, 2, 3, 2, 4, 9]
const NANOSECONDS = 9
const OUTBOUND = 2
/** Comments are cut here: an option's length has 16 bits. */
const MAX_OPTION = 0xfffc
const NO_OPTIONS = new Uint8Array(0)
const PADDINGS = [0, 1, 2, 3].map((length) => new Uint8Array(length))

/** What can be said of a frame beside its bytes. */
export interface PacketNotes {
  comment?: string
  /** The interface sent it, and did not receive it. */
  outbound?: boolean
}

/** A pcapng file that is being written; system errors are thrown as they come. */
export class PcapngWriter {
  /** As it was given; '-' is standard output. */
  readonly path: string
  readonly #sink: ByteSink
  #interfaces = 0

  /** @param interfaces the first ones' names, in the order of their numbers: Ethernet */
  constructor(path: string, memory: Memory, interfaces: readonly string[] = []) {
    this.path = path
    this.#sink = new ByteSink(path, memory)
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
    const blockLength = FRAMING + 20 + padded(length) + options.length
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
    const sink = this.#sink
    sink.word(EPB)
    sink.word(blockLength)
    sink.word(interfaceIndex)
    sink.word(Number(time >> 32n))
    sink.word(Number(time & 0xffffffffn))
    sink.word(length)
    sink.word(originalLength)
    sink.bytes(frameAt, length)
    sink.append(PADDINGS[padded(length) - length])
    sink.append(options)
    sink.word(blockLength)
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

function packetOptions({ comment, outbound }: PacketNotes): Uint8Array {
  const options: Option[] = []
  if (comment !== undefined) options.push([COMMENT, Buffer.from(comment).subarray(0, MAX_OPTION)])
  if (outbound === true) options.push([PACKET_FLAGS, Uint8Array.of(OUTBOUND, 0, 0, 0)])
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
