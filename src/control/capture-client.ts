/** Captures of a running bridge, for who asks for one at its socket. */
import type { Socket } from 'node:net'
import { ControlError, connectTo } from './control-socket.js'
import type { CaptureWanted } from '../pipeline/capture-stream.js'

/** A capture that has begun. */
export interface RemoteCapture {
  /** Hands over pcapng as it comes; fulfilled at its end, or when the bridge has hung up. */
  read(take: (bytes: Uint8Array) => void): Promise<void>
  /** No more frames; those that were captured until now still come. */
  stop(): void
  /** Nothing is read any more. */
  close(): void
}

const LINE_END = 10

/** Asks the bridge that listens at this path for a capture. Throws what it refuses with, or a ControlError. */
export async function captureAt(path: string, wanted: CaptureWanted): Promise<RemoteCapture> {
  const socket = connectTo(path)
  socket.write(`${JSON.stringify({ capture: wanted })}\n`)
  try {
    const rest = await firstLine(socket, path)
    return {
      read: async (take) => readAll(socket, rest, take),
      stop: () => void socket.write('{"stop":true}\n'),
      close: () => socket.destroy(),
    }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** What has come behind the first line, which says that the capture has begun. The socket is paused. */
async function firstLine(socket: Socket, path: string): Promise<Buffer> {
  let come: Buffer = Buffer.alloc(0)
  const line = await new Promise<string>((resolve, reject) => {
    socket.once('error', (error) =>
      reject(new ControlError(`${path}: ${error.message}: is the bridge running?`)),
    )
    socket.once('close', () => reject(new ControlError(`${path}: the bridge has hung up`)))
    socket.on('data', (chunk: Buffer) => {
      come = Buffer.concat([come, chunk])
      const end = come.indexOf(LINE_END)
      if (end === -1) return
      socket.pause().removeAllListeners('data')
      resolve(come.subarray(0, end).toString())
      come = come.subarray(end + 1)
    })
  })
  const { error } = JSON.parse(line) as { error?: { name: string; message: string } }
  if (error !== undefined) throw Object.assign(new Error(error.message), { name: error.name })
  return come
}

async function readAll(socket: Socket, rest: Buffer, take: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const takeOrEnd = (bytes: Buffer): void => {
      try {
        take(bytes)
      } catch (error) {
        socket.destroy()
        reject(error)
      }
    }
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve())
    takeOrEnd(rest)
    socket.on('data', takeOrEnd)
    socket.resume()
  })
}
