/** The system calls of native-bindings/, loaded when the first live port is wanted: the only file that reaches them. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Where a device is not what it is said to be, or system calls are not to be had. */
export class DeviceError extends Error {
  override name = 'DeviceError'
}

/** An io_uring as it is mapped (io_uring_setup): offsets in bytes of `ring`. */
export interface MappedRing {
  fd: number
  ring: ArrayBuffer
  entries: ArrayBuffer
  offsets: number[]
  /** 1 where the kernel knows the operation that was asked about. */
  knowsOperation: number
}

/** The calls; descriptors are numbers. They throw what Node throws of a system call: code, syscall, message. */
export interface Native {
  /** `namespace` is a path, '' for the one at hand. */
  openTap(namespace: string, name: string, hasOffload: boolean, isPersistent: boolean): number
  openPacket(name: string): number
  /** Frames that a packet socket had no room for since this was asked last. */
  packetDrops(fd: number): number
  /** A MAC of no bytes and an MTU of 0 stay what they are. */
  configureLink(namespace: string, name: string, mac: Uint8Array, mtu: number, isUp: boolean): void
  openEvent(): number
  signalEvent(fd: number): void
  closeDescriptor(fd: number): void
  setupRing(entries: number, completions: number, operation: number): MappedRing
  registerBuffers(ring: number, count: number, group: number): ArrayBuffer
  unregisterBuffers(ring: number, group: number): void
  /** A table for files of the ring, all places free; and one of them given a file, or none (-1). */
  registerFiles(ring: number, count: number): void
  updateFile(ring: number, place: number, fd: number): void
  /** How many were submitted, or -errno. */
  enterRing(ring: number, submit: number, wait: number): number
  addressOf(bytes: Uint8Array): bigint
  /** Asks for large pages; where there are none nothing is different. */
  adviseHugePages(bytes: Uint8Array): void
  /** How many frames were there, or -errno; their lengths are in `lengths` then, which had the room for each before. */
  readFrames(fd: number, bytes: Uint8Array, offsets: Int32Array, lengths: Int32Array, count: number): number
  /** The same of a packet socket; in the 40 bytes before each frame is what it says beside (packet-socket.ts). */
  receiveFrames(
    fd: number,
    bytes: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    count: number,
  ): number
  /** How many the kernel has taken. */
  writeFrames(fd: number, bytes: Uint8Array, offsets: Int32Array, lengths: Int32Array, count: number): number
  /** How many of the descriptors can be read, at most `milliseconds` from now (-1: whenever), or -errno. */
  waitReadable(descriptors: Int32Array, ready: Int32Array, milliseconds: number): number
  /** A UDP socket that sends to this address, or receives there; the kernel keeps `room` bytes for it then. */
  openDatagrams(address: string, port: number, isSender: boolean, room: number): number
  /** 64 datagrams of so many bytes of no meaning. How many went, or -errno. */
  sendDatagrams(fd: number, bytes: number): number
  /** Waits up to a tenth of a second. How many datagrams were taken in, at most 64, or -errno. */
  receiveDatagrams(fd: number): number
  /** A TCP connection to this address, or a socket that listens there. */
  openStream(address: string, port: number, isSender: boolean): number
  /** Waits up to a tenth of a second for who connects: its socket, or -errno. */
  acceptStream(fd: number): number
  /** 128 KiB of no meaning. How many bytes of them went, or -errno. */
  sendStream(fd: number): number
  /** Waits up to a tenth of a second. How many bytes were taken in, 0 at the end, or -errno. */
  receiveStream(fd: number): number
  /** A socket for pings to this address, which the namespace has to allow (ping_group_range). */
  openPings(address: string): number
  /** Nanoseconds until the answer to the ping of this number was there, or -errno: after a second there is none. */
  pingOnce(fd: number, sequence: number): number
}

/** -errno of a call that a signal has ended. */
export const INTERRUPTED = -4

const FOLDER = new URL('../../native-bindings/', import.meta.url)
let loaded: Native | null = null

/** Throws a DeviceError that says what is missing. */
export function loadNative(): Native {
  loaded ??= load()
  return loaded
}

function load(): Native {
  const why = new URL('missing.txt', FOLDER)
  if (existsSync(why)) throw new DeviceError(`live ports: ${readFileSync(why, 'utf8').trim()}`)
  const file = fileURLToPath(new URL('br100.node', FOLDER))
  if (!existsSync(file)) throw new DeviceError(`live ports: ${file} is not there: run npm rebuild`)
  try {
    return createRequire(import.meta.url)(file) as Native
  } catch (error) {
    throw new DeviceError(`live ports: ${(error as Error).message}`, { cause: error })
  }
}
