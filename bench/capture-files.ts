/** The big capture files that reading is measured on: made here, in a folder of their own, removed at the end. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface CaptureFile {
  path: string
  frames: number
  frameBytes: number
  bytes: number
}

const FILE_HEADER = 24
const RECORD_HEADER = 16
const STATIONS = 1024
/** Records that are made once and then written again and again, under new time stamps. */
const DISTINCT = 16_384

/** A classic microsecond pcap file of about `bytes` bytes in `folder`: UDP between 1,024 stations. */
export function writeCapture(folder: string, frameBytes: number, bytes: number): CaptureFile {
  const record = RECORD_HEADER + frameBytes
  const frames = Math.floor((bytes - FILE_HEADER) / record)
  const path = join(folder, `udp-${frameBytes}.pcap`)
  const block = makeRecords(frameBytes)
  const file = openSync(path, 'w')
  const header = Buffer.alloc(FILE_HEADER)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(1, 20)
  writeSync(file, header)
  for (let written = 0; written < frames; written += DISTINCT) {
    const count = Math.min(DISTINCT, frames - written)
    for (let i = 0; i < count; i++) stamp(block, i * record, written + i)
    writeSync(file, block, 0, count * record)
  }
  closeSync(file)
  return { path, frames, frameBytes, bytes: FILE_HEADER + frames * record }
}

/** A folder for capture files, and what removes it. */
export function captureFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
  return { folder, remove: () => rmSync(folder, { recursive: true }) }
}

/** A million frames a second of capture time. */
function stamp(block: Buffer, at: number, frame: number): void {
  block.writeUInt32LE(1_700_000_000 + Math.floor(frame / 1_000_000), at)
  block.writeUInt32LE(frame % 1_000_000, at + 4)
}

function makeRecords(frameBytes: number): Buffer {
  const record = RECORD_HEADER + frameBytes
  const block = Buffer.alloc(DISTINCT * record)
  for (let i = 0; i < DISTINCT; i++) {
    const at = i * record
    block.writeUInt32LE(frameBytes, at + 8)
    block.writeUInt32LE(frameBytes, at + 12)
    writeFrame(block, at + RECORD_HEADER, frameBytes, i % STATIONS, (i * 7 + 3) % STATIONS)
  }
  return block
}

function writeFrame(b: Buffer, at: number, bytes: number, source: number, destination: number): void {
  b.writeUInt16BE(0x0200, at)
  b.writeUInt32BE(destination, at + 2)
  b.writeUInt16BE(0x0200, at + 6)
  b.writeUInt32BE(source, at + 8)
  b.writeUInt16BE(0x0800, at + 12)
  b.writeUInt16BE(0x4500, at + 14)
  b.writeUInt16BE(bytes - 14, at + 16)
  b.writeUInt16BE(0x4011, at + 22)
  b.writeUInt32BE(0x0a000000 + source, at + 26)
  b.writeUInt32BE(0x0a000000 + destination, at + 30)
  b.writeUInt16BE(1024 + source, at + 34)
  b.writeUInt16BE(9, at + 36)
  b.writeUInt16BE(bytes - 34, at + 38)
}
