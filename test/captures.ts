/** Captures as tests write and read them: independent of src/io, so that one does not vouch for the other. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

export interface Recorded {
  seconds: number
  nanoseconds: number
  frame: Buffer
  /** Bytes it had on the wire; those that are there when left out. */
  originalLength?: number
}

/** The records of a little-endian nanosecond pcap file, the form of the golden captures and of our own output. */
export function readPcap(path: string): Recorded[] {
  const b = readFileSync(path)
  if (b.readUInt32LE(0) !== 0xa1b23c4d) throw new Error(`${path}: not a little-endian nanosecond pcap file`)
  const records: Recorded[] = []
  for (let at = 24; at < b.length;) {
    const length = b.readUInt32LE(at + 8)
    records.push({
      seconds: b.readUInt32LE(at),
      nanoseconds: b.readUInt32LE(at + 4),
      frame: b.subarray(at + 16, at + 16 + length),
      originalLength: b.readUInt32LE(at + 12),
    })
    at += 16 + length
  }
  return records
}

/** Writes such a file, or one of microseconds: what is called nanoseconds are those then. */
export function writePcap(path: string, records: Recorded[], unit: 'nano' | 'micro' = 'nano'): string {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(unit === 'nano' ? 0xa1b23c4d : 0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(1, 20)
  const parts = records.map(({ seconds, nanoseconds, frame, originalLength = frame.length }) => {
    const record = Buffer.alloc(16)
    ;[seconds, nanoseconds, frame.length, originalLength].forEach((word, i) =>
      record.writeUInt32LE(word, i * 4),
    )
    return Buffer.concat([record, frame])
  })
  writeFileSync(path, Buffer.concat([header, ...parts]))
  return path
}

/** A block of a little-endian pcapng file: `body` is padded. */
export function block(type: number, body: Buffer): Buffer {
  const length = 12 + ((body.length + 3) & ~3)
  const b = Buffer.alloc(length)
  b.writeUInt32LE(type, 0)
  b.writeUInt32LE(length, 4)
  body.copy(b, 8)
  b.writeUInt32LE(length, length - 4)
  return b
}

/** A pcapng section header. */
export function section(): Buffer {
  return block(0x0a0d0d0a, Buffer.from('4d3c2b1a01000000ffffffffffffffff', 'hex'))
}

/** An interface of this name; time stamps in microseconds. */
export function interfaceBlock(name: string): Buffer {
  const padded = Buffer.alloc((name.length + 3) & ~3)
  padded.write(name)
  const option = Buffer.alloc(4)
  option.writeUInt16LE(2, 0)
  option.writeUInt16LE(name.length, 2)
  return block(1, Buffer.concat([Buffer.from('0100000000000400', 'hex'), option, padded, Buffer.alloc(4)]))
}

/** An enhanced packet block; `microseconds` since 1970, `flags` as epb_flags. */
export function packet(index: number, microseconds: number, frame: Buffer, flags?: number): Buffer {
  const fixed = Buffer.alloc(20)
  const time = BigInt(microseconds)
  ;[index, Number(time >> 32n), Number(time & 0xffffffffn), frame.length, frame.length].forEach((word, i) =>
    fixed.writeUInt32LE(word, i * 4),
  )
  const pad = Buffer.alloc(-frame.length & 3)
  const options =
    flags === undefined
      ? Buffer.alloc(0)
      : Buffer.from(`02000400${flags.toString(16).padStart(2, '0')}00000000000000`, 'hex')
  return block(6, Buffer.concat([fixed, frame, pad, options]))
}

/** A folder that goes when the test ends. */
export function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'br100-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}
