/** Capture files as these tests make and read them: in both byte orders, block by block, and as tshark sees them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { END, RECORD, STARVED, openCapture, windowBytes } from '../../src/io/capture-reader.js'
import type { CaptureInterface } from '../../src/io/capture-reader.js'
import { Memory } from '../../src/packet/memory.js'
import { needs, run } from '../tools.js'

/** The largest chunk that `readCapture` is asked for. */
const LARGEST_CHUNK = 1024 * 1024

/** One memory for all captures, one at a time: what an earlier one left there must not matter. */
class ReusedMemory extends Memory {
  override reserve(): number {
    return 64
  }
}

export const memory: Memory = new ReusedMemory(windowBytes(LARGEST_CHUNK))

/** A record as a value. */
export interface Seen {
  seconds: number
  nanoseconds: number
  frame: Buffer
  originalLength: number
  interfaceIndex: number
  outbound: boolean
}

export interface SeenCapture {
  format: string
  interfaces: readonly CaptureInterface[]
  records: Seen[]
  flaw: string | null
}

/** Reads a capture to its end. `records` may be handed in, to see those before an error. */
export async function readCapture(path: string, chunk = 4096, records: Seen[] = []): Promise<SeenCapture> {
  const reader = await openCapture(path, memory, chunk)
  try {
    for (let state = reader.next(); state !== END; state = reader.next()) {
      if (state === STARVED) await reader.fill()
      else if (state !== RECORD) throw new Error(`next() returned ${state}`)
      else {
        const { seconds, nanoseconds, originalLength, interfaceIndex, outbound, frameAt } = reader
        const frame = Buffer.from(memory.bytes.slice(frameAt, frameAt + reader.capturedLength))
        records.push({ seconds, nanoseconds, frame, originalLength, interfaceIndex, outbound })
      }
    }
    const { format, interfaces, flaw } = reader
    return { format, interfaces, records, flaw }
  } finally {
    await reader.close()
  }
}

/** The message that reading ends with. */
export async function errorOf(path: string, chunk?: number): Promise<string> {
  return readCapture(path, chunk).then(
    ({ flaw }) => (flaw === null ? 'no error' : `flaw: ${flaw}`),
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

/** Writes a file of these parts into the folder. */
export function fileOf(folder: string, name: string, ...parts: Uint8Array[]): string {
  const path = join(folder, name)
  writeFileSync(path, Buffer.concat(parts))
  return path
}

/** The part of a test that needs these programs: where they are missing it alone is skipped. */
export async function comparing(t: Test, programs: string[], compare: (t: Test) => void): Promise<void> {
  await t.test(`compared by ${programs.join(', ')}`, async (t) => {
    if (needs(t, ...programs)) compare(t)
  })
}

/** A line a frame: `seconds.nanoseconds captured-length length interface-name`, by tshark. */
export function tsharkRows(path: string): string[] {
  return tsharkFields(path, 'time_epoch', 'cap_len', 'len', 'interface_name')
}

/** A line a frame: these fields of the frame, with tabs between them. */
export function tsharkFields(path: string, ...names: string[]): string[] {
  const fields = names.flatMap((name) => ['-e', `frame.${name}`])
  const text = run('tshark', '-n', '-r', path, '-T', 'fields', ...fields)
  return text.split('\n').slice(0, -1)
}

/** tshark shows custom blocks beside the packets, without a time. */
export function packetRows(path: string): string[] {
  return tsharkRows(path).filter((row) => !row.startsWith('\t'))
}

/** The same lines of what we read. tshark calls an interface of pcapng without a name `unknown`. */
export function rowsOf({ format, records, interfaces }: SeenCapture): string[] {
  const unnamed = format === 'pcapng' ? 'unknown' : ''
  return records.map(({ seconds, nanoseconds, frame, originalLength, interfaceIndex }) =>
    [
      `${seconds}.${String(nanoseconds).padStart(9, '0')}`,
      frame.length,
      originalLength,
      interfaces[interfaceIndex].name || unnamed,
    ].join('\t'),
  )
}

export interface RecordParts {
  seconds?: number
  fraction?: number
  frame?: Uint8Array
  /** As the record says; the frame's when left out. */
  capturedLength?: number
  originalLength?: number
}

export interface PacketParts {
  interface?: number
  /** In the units of the interface. */
  time?: bigint
  frame?: Uint8Array
  capturedLength?: number
  originalLength?: number
  options?: Uint8Array[]
}

/** Whatever a capture is made of, in one byte order. */
export interface Maker {
  u16(value: number): Buffer
  u32(value: number): Buffer
  /** The header of a pcap file. */
  pcap(magic?: number, major?: number, minor?: number, linkType?: number): Buffer
  record(parts: RecordParts): Buffer
  /** A block; the body is padded. */
  block(type: number, ...body: Uint8Array[]): Buffer
  option(code: number, value: Uint8Array): Buffer
  section(...options: Uint8Array[]): Buffer
  interface(snapLength: number, ...options: Uint8Array[]): Buffer
  enhanced(parts: PacketParts): Buffer
  obsolete(parts: PacketParts): Buffer
  simple(originalLength: number, frame: Uint8Array): Buffer
}

/** The type of a section header block. */
export const SHB = 0x0a0d0d0a
export const END_OF_OPTIONS = Buffer.alloc(4)

export function maker(littleEndian: boolean): Maker {
  const u16 = (value: number): Buffer => {
    const b = Buffer.alloc(2)
    if (littleEndian) b.writeUInt16LE(value)
    else b.writeUInt16BE(value)
    return b
  }
  const u32 = (value: number): Buffer => {
    const b = Buffer.alloc(4)
    if (littleEndian) b.writeUInt32LE(value)
    else b.writeUInt32BE(value)
    return b
  }
  const words = (...values: number[]): Buffer => Buffer.concat(values.map(u32))
  const block = (type: number, ...body: Uint8Array[]): Buffer => {
    const content = padded(Buffer.concat(body))
    return Buffer.concat([words(type, content.length + 12), content, u32(content.length + 12)])
  }
  const packet = (type: number, id: Buffer, parts: PacketParts): Buffer => {
    const { time = 0n, frame = new Uint8Array(0), options = [] } = parts
    const { capturedLength = frame.length, originalLength = frame.length } = parts
    const fixed = words(Number(time >> 32n), Number(time & 0xffffffffn), capturedLength, originalLength)
    return block(type, id, fixed, padded(frame), ...options)
  }
  return {
    u16,
    u32,
    pcap: (magic = 0xa1b23c4d, major = 2, minor = 4, linkType = 1) =>
      Buffer.concat([u32(magic), u16(major), u16(minor), words(0, 0, 262_144, linkType)]),
    record: ({ seconds = 0, fraction = 0, frame = new Uint8Array(0), ...lengths }) => {
      const { capturedLength = frame.length, originalLength = frame.length } = lengths
      return Buffer.concat([words(seconds, fraction, capturedLength, originalLength), frame])
    },
    block,
    option: (code, value) => Buffer.concat([u16(code), u16(value.length), padded(value)]),
    section: (...options) =>
      block(SHB, u32(0x1a2b3c4d), u16(1), u16(0), words(0xffffffff, 0xffffffff), ...options),
    interface: (snapLength, ...options) => block(1, u16(1), u16(0), u32(snapLength), ...options),
    enhanced: (parts) => packet(6, u32(parts.interface ?? 0), parts),
    obsolete: (parts) => packet(2, Buffer.concat([u16(parts.interface ?? 0), u16(7)]), parts),
    simple: (originalLength, frame) => block(3, u32(originalLength), frame),
  }
}

/** Padding is 0x5a, so that a reader that takes it for something else is seen. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3, 0x5a)])
}
