/** The captures of a live bridge, in its worker. Without any, nothing of this is asked but whether there are some. */
import type { MessagePort } from 'node:worker_threads'
import { DeviceError } from '../io/native.js'
import { parseFilter } from '../netfilter/frame-filter.js'
import type { AddressSet } from '../netfilter/runtime.js'
import { Burst } from '../packet/burst.js'
import { createCaptureFilter } from './capture-filter.js'
import type { CaptureFilter } from './capture-filter.js'
import { createCaptureTap } from './capture-tap.js'
import type { CaptureTap } from './capture-tap.js'
import type { Dataplane } from './dataplane.js'
import { createDropWatch } from './drop-watch.js'
import type { NodeDescription } from './node-view.js'
import { SILENT, createWorld } from './world.js'

/** Captures at the same time: each may have 16 MiB waiting for its reader. */
const MOST_CAPTURES = 8

/** A capture that is to begin. */
export interface CaptureOrder {
  id: number
  /** The name of a port, or null for all. */
  port: string | null
  /** Words of a rule's matches (frame-filter.ts); none: every frame. */
  filter: readonly string[]
  /** One 32-bit number: how many bytes the reader has taken. */
  taken: SharedArrayBuffer
  /** Where captured frames are handed over. */
  out: MessagePort
}

/** All of them. */
export interface Captures {
  /** Whether there are none: bursts need not come by here then. */
  isIdle(): boolean
  /** Throws a DeviceError or a RuleError, and nothing has begun. */
  begin(order: CaptureOrder): void
  end(id: number): void
  /** Carries the packets of the burst as the dataplane does, and captures them. */
  process(burst: Burst): void
  /** Ends all. */
  close(): void
}

/** No captures of this dataplane. */
export function createCaptures(
  plane: Dataplane,
  node: NodeDescription,
  setsOf: () => ReadonlyMap<string, AddressSet>,
): Captures {
  const { arena, portNames } = plane
  const taps = new Map<number, CaptureTap>()
  const watch = createDropWatch(plane.drops)
  const one = new Burst(new Int32Array(1))

  function filterOf(words: readonly string[]): CaptureFilter | null {
    if (words.length === 0) return null
    return createCaptureFilter(arena, parseFilter(words), createWorld(node, setsOf(), SILENT))
  }

  function begin({ id, port, filter, taken, out }: CaptureOrder): void {
    if (port !== null && (port === '' || plane.portNumber(port) === -1))
      throw new DeviceError(`${port}: there is no such port`)
    if (taps.size === MOST_CAPTURES)
      throw new DeviceError(`${MOST_CAPTURES} captures are at work, and no more are allowed`)
    const options = { port, filter: filterOf(filter), taken: new Int32Array(taken), out }
    taps.set(id, createCaptureTap(arena, portNames, options))
    plane.setTap(leaves)
  }

  function leaves(port: number, leaving: Burst): void {
    for (const tap of taps.values()) tap.leaves(port, leaving)
  }

  function end(id: number): void {
    taps.get(id)?.close()
    taps.delete(id)
    if (taps.size === 0) plane.setTap(null)
  }

  /** One after another: whatever is dropped belongs to the frame at hand. */
  function process(burst: Burst): void {
    for (let i = 0; i < burst.count; i++) carry(burst.slots[i])
    burst.clear()
    for (const tap of taps.values()) tap.flush()
  }

  function carry(slot: number): void {
    for (const tap of taps.values()) tap.enters(slot)
    one.slots[0] = slot
    one.count = 1
    watch.begin()
    plane.process(one)
    const why = watch.text()
    for (const tap of taps.values()) tap.isOver(why)
  }

  return {
    isIdle: () => taps.size === 0,
    begin,
    end,
    process,
    close() {
      for (const id of taps.keys()) end(id)
    },
  }
}
