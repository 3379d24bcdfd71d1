/**
 * Live ports: files that frames are read from and written to, one a frame. Frames are in slots of the arena from the
 * system call that reads them to the one that writes them.
 */
import type { Sink } from '../core/port.js'
import type { Burst } from '../packet/burst.js'

/** Which system calls move frames: `auto` is uring where the kernel has it. */
export const MEANS = ['auto', 'uring', 'rw'] as const

/** One of them. */
export type Means = (typeof MEANS)[number]

/** Ports by their number in the dataplane. */
export interface LiveIo {
  readonly means: Exclude<Means, 'auto'>
  /** Frames that were written and that the kernel refused, by port. */
  readonly refused: Float64Array
  /** Frames are read from the file from now on, as frames of this port; what it returns takes those that leave. */
  addPort(fd: number, port: number): Sink
  /**
   * Adds frames that have come in to the burst, as many as it has room for. Where there are none it hands over what is
   * to be written, and sleeps until something has come or gone, or somebody wakes it.
   */
  receive(burst: Burst): void
  /** Whether somebody has woken it since the last time that this was asked. */
  wasWoken(): boolean
  /** What is being written still leaves; nothing is read any more. The files are the caller's, who may close them. */
  close(): void
}

/** More ports than the arena has slots for would only take them from one another. */
export const MOST_PORTS = 64
