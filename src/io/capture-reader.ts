/**
 * Captures, whatever their format: pcap or pcapng by their magic, either of them gzip-compressed, from a file
 * or from standard input. Frames are found in place, in the memory that the arena lives in too.
 *
 *   const reader = await openCapture('eth2.pcap', memory)
 *   for (;;) {
 *     const state = reader.next()
 *     if (state === END) break
 *     if (state === STARVED) await reader.fill()
 *     else use(memory.bytes, reader.frameAt, reader.capturedLength)
 *   }
 *   if (reader.flaw !== null) console.error(reader.flaw)
 *   await reader.close()
 */
import type { Memory } from '../packet/memory.js'
import { ByteWindow, CHUNK_BYTES } from './byte-window.js'
import { openSource } from './open-source.js'
import type { CaptureReader, OpenCapture } from './capture.js'
import { CaptureError } from './capture-error.js'
import { PCAP_MAGICS, createPcapReader } from './pcap-reader.js'
import { SECTION_HEADER, createPcapngReader } from './pcapng-reader.js'

export { windowBytes } from './byte-window.js'
export { END, RECORD, STARVED } from './capture.js'
export type { CaptureInterface, CaptureReader, CaptureRecord } from './capture.js'

/**
 * Opens a capture. `chunkBytes` is read at a time. Throws a CaptureError where the file cannot be opened or is
 * no capture of Ethernet frames.
 */
export async function openCapture(
  path: string,
  memory: Memory,
  chunkBytes = CHUNK_BYTES,
): Promise<CaptureReader> {
  const source = await openSource(path)
  try {
    const window = new ByteWindow(source, memory, chunkBytes)
    while (window.to - window.from < 24 && !window.atEnd) await window.advance()
    return readerFor({ path, window })
  } catch (error) {
    await source.close()
    throw error
  }
}

function readerFor(capture: OpenCapture): CaptureReader {
  const { path, window } = capture
  const { from, to, memory } = window
  const { cut } = window.source
  if (to - from < 4 && cut !== null) throw new CaptureError(`${path}: offset ${to - from}: ${cut}`)
  if (from === to) throw new CaptureError(`${path}: empty, expected a pcap or pcapng file`)
  if (to - from < 4)
    throw new CaptureError(`${path}: offset 0: ${to - from} bytes, expected a pcap or pcapng file`)
  const magic = Buffer.from(memory.bytes.slice(from, from + 4)).toString('hex')
  if (magic === SECTION_HEADER) return createPcapngReader(capture)
  const variant = PCAP_MAGICS[magic]
  if (variant !== undefined) return createPcapReader(capture, variant)
  throw new CaptureError(
    `${path}: offset 0: magic ${magic}, expected pcap (a1b2c3d4 or a1b23c4d, in either byte order) or pcapng (0a0d0d0a)`,
  )
}
