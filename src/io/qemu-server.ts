/**
 * The unix socket of a `qemu` port, which a guest connects to:
 *
 *   qemu-system-x86_64 … -netdev stream,id=n0,server=off,addr.type=unix,addr.path=PATH -device virtio-net-pci,netdev=n0
 *
 * One guest at a time; when it has gone the next one may come. Where the bridge is slow its frames wait in the socket;
 * where it is slow itself the bridge drops (tx-full).
 */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { LONGEST_FRAME } from './far-end.js'
import type { FarEnd } from './far-end.js'
import { DeviceError } from './native.js'
import { LENGTH_BYTES, StreamError, createReadFrames } from './stream-frames.js'
import { listenAlone } from './unix-server.js'

/** Bytes that wait for a guest in the socket before those that wait in memory. */
const WAITING_BYTES = 1 << 17
/** A guest that does not read what was left for it when the port ended is hung up on after so many milliseconds. */
const LAST_CHANCE = 200

/** Ends the socket, and the connection of a guest. */
export type CloseServer = () => void

/** Listens at this path for the guest at the far end of a port. `say` is told what is wrong, a line each time. */
export async function serveQemu(
  path: string,
  far: FarEnd,
  say: (line: string) => void,
): Promise<CloseServer> {
  const server = createServer({ highWaterMark: WAITING_BYTES }, (socket) => {
    hangUp = attachGuest(socket, far, (what) => say(`${path}: ${what}`))
  })
  let hangUp: CloseServer = () => {}
  server.maxConnections = 1
  server.on('drop', () => say(`${path}: another guest is connected, and this one is hung up on`))
  if (!(await listenAlone(server, path))) throw new DeviceError(`${path}: another process listens there`)
  server.on('error', ({ message }) => say(`${path}: ${message}`))
  return () => {
    server.close()
    hangUp()
  }
}

function attachGuest(socket: Socket, far: FarEnd, say: (what: string) => void): CloseServer {
  /** What the bridge had no room for. */
  let rest: Uint8Array | null = null
  let isFull = false
  const readFrames = createReadFrames(LONGEST_FRAME, far.send)

  function read(piece: Uint8Array): void {
    try {
      rest = readFrames(piece)
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      say(`${error.message}: the guest is hung up on`)
      socket.destroy()
      return
    }
    if (rest === null) socket.resume()
    else socket.pause()
  }

  function write(): void {
    socket.cork()
    while (!isFull) {
      const frame = far.receive(LENGTH_BYTES)
      if (frame === null) break
      frame.writeUInt32BE(frame.length - LENGTH_BYTES)
      isFull = !socket.write(frame)
    }
    socket.uncork()
  }

  far.onNews = () => {
    write()
    if (rest !== null) read(rest)
  }
  socket.on('data', read)
  socket.on('drain', () => {
    isFull = false
    write()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    far.onNews = () => {}
    far.setPresent(false)
  })
  far.setPresent(true)
  return () => {
    socket.end()
    setTimeout(() => socket.destroy(), LAST_CHANCE).unref()
  }
}
