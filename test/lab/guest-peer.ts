/** A guest's end of a `qemu` port, as QEMU's -netdev stream speaks it: a length of 32 bits before each frame. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { BROADCAST, frame } from '../packets.js'

/** Frames of this length are greetings, and nothing else is. */
const GREETING = 61

/** The bytes of a frame in the stream. */
export function framed(...frames: Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(frame.length)
      return [length, frame]
    }),
  )
}

/** A connection, and the frames that have come by it, greetings apart. */
export class GuestPeer {
  readonly frames: Buffer[] = []
  #isGreeted = false
  isClosed = false
  readonly socket: Socket
  /** The address of its card. */
  readonly mac: string
  #rest = Buffer.alloc(0)

  private constructor(socket: Socket, mac: string) {
    this.mac = mac
    this.socket = socket
    socket.on('data', (piece: Buffer) => this.#read(piece))
    socket.on('close', () => (this.isClosed = true))
    socket.on('error', () => {})
  }

  /** Connects to the port's socket. */
  static async at(path: string, mac: string): Promise<GuestPeer> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new GuestPeer(socket, mac)
  }

  #read(piece: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, piece])
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readUInt32BE()) {
      const end = 4 + this.#rest.readUInt32BE()
      if (end === 4 + GREETING) this.#isGreeted = true
      else this.frames.push(this.#rest.subarray(4, end))
      this.#rest = this.#rest.subarray(end)
    }
  }

  /** Sends frames with one write. */
  send(...frames: Uint8Array[]): void {
    this.socket.write(framed(...frames))
  }

  /** Waits until the bridge knows of both: this one hears what the other one broadcasts. */
  async meets(other: GuestPeer): Promise<void> {
    this.#isGreeted = false
    for (let tries = 0; tries < 500 && !this.#isGreeted; tries++) {
      other.send(frame(BROADCAST, other.mac, GREETING))
      await sleep(20)
    }
  }

  /** Waits until so many frames have come, 10 seconds at most: those. */
  async has(count: number): Promise<Buffer[]> {
    for (let tries = 0; tries < 1000 && this.frames.length < count; tries++) await sleep(10)
    return this.frames
  }

  /** Waits until the bridge has hung up. */
  async ended(): Promise<void> {
    if (!this.isClosed) await once(this.socket, 'close', { signal: AbortSignal.timeout(10_000) })
  }
}
