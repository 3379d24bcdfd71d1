/**
 * Live ports: files that frames are read from and written to, one a frame. Frames are in slots of the arena from the
 * system call that reads them to the one that writes them.
 */
import type { Sink } from '../core/port.js'
import { SMALL_ROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import type { Native } from './native.js'

/** Which system calls move frames: `auto` is uring where the kernel has it. */
export const MEANS = ['auto', 'uring', 'rw'] as const

/** One of them. */
export type Means = (typeof MEANS)[number]

/** The file of a port. */
export interface LiveFile {
  fd: number
  /** A packet socket says more of a frame than its bytes (packet-socket.ts). */
  kind: 'tap' | 'packet'
  /** Frames that come in fit small slots. */
  isShort: boolean
  /** There is a virtio header before each frame, in either direction (packet/offload.ts). */
  hasHeader: boolean
  /** It takes frames that leave something to others. */
  offload: boolean
}

/** Ports by their number in the dataplane. */
export interface LiveIo {
  readonly means: Exclude<Means, 'auto'>
  /** Frames are read from the file from now on, as frames of this port; what it returns takes those that leave. */
  addPort(file: LiveFile, port: number): Sink
  /**
   * Frames are not read from the port's file any more, and what is being written still leaves. Calls `done` when both
   * have come to an end: the number is free then, and the file the caller's, who may close it.
   */
  removePort(port: number, done: () => void): void
  /**
   * Adds frames that have come in to the burst, as many as it has room for. Where there are none it hands over what is
   * to be written, and sleeps until something has come or gone, or somebody wakes it.
   */
  receive(burst: Burst): void
  /** Whether somebody has woken it since the last time that this was asked. */
  wasWoken(): boolean
  /** Frames of all ports that no bridge is to blame for, by reason: a device was full, or its reader too slow. */
  losses(): Record<Loss, number>
  /** What is being written still leaves; nothing is read any more. The files are the caller's, who may close them. */
  close(): void
}

/**
 * A device did not take the frame; a packet socket had no room for it, as nobody read it in time; it is longer than
 * anything that a slot has room for.
 */
export type Loss = 'tx-full' | 'rx-full' | 'rx-cut'

/** More ports than the arena has slots for would only take them from one another. */
export const MOST_PORTS = 64

/** The longest frame that can come in by this file. */
export function roomFor({ isShort }: LiveFile, { largeRoom }: Arena): number {
  return isShort ? SMALL_ROOM : largeRoom
}

/** Frames that these packet sockets had no room for since this was asked last. */
export function lostByPacketSockets(native: Native, files: readonly LiveFile[]): number {
  const sockets = files.filter(({ kind }) => kind === 'packet')
  return sockets.reduce((sum, { fd }) => sum + native.packetDrops(fd), 0)
}
