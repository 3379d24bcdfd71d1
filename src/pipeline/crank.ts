/**
 * The loop of a live bridge, in a worker: it sleeps in the system call that brings frames, carries them, and hands
 * over what leaves. Who wants something of it posts an order (orders.ts) and wakes it (live.ts).
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { timeOfDay } from '../core/clock.js'
import { MOST_PORTS } from '../io/live.js'
import type { LiveIo } from '../io/live.js'
import { loadNative } from '../io/native.js'
import { BUFFERS, createRingIo } from '../io/ring-io.js'
import { createRwIo } from '../io/rw-io.js'
import { createSharedPorts } from '../io/shared-ports.js'
import type { SharedPorts } from '../io/shared-ports.js'
import { conntrackBytes } from '../netfilter/conntrack/conntrack.js'
import { readSets } from '../netfilter/ipset.js'
import { DATAGRAM_ROOM, arenaBytes, createArena } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { Memory } from '../packet/memory.js'
import { attachRules } from './attach-rules.js'
import type { AttachedRules } from './attach-rules.js'
import { createCaptures } from './captures.js'
import type { Captures } from './captures.js'
import { createDataplane } from './dataplane.js'
import type { Dataplane } from './dataplane.js'
import { createLiveCounters } from './live-counters.js'
import type { Answer, WorkerStart } from './live-messages.js'
import { createLivePorts } from './live-ports.js'
import type { LivePorts } from './live-ports.js'
import { createOrders, refusal, rulesOf } from './orders.js'

/** Slots for frames on their way through and for those that are being written, beside those that ports wait with. */
const [SMALL_UNDER_WAY, LARGE_UNDER_WAY] = [8192, 1024]
/** Ports that may be added while the bridge is at work. */
const SPARE_PORTS = 16
/** What live ports have in the arena's memory for themselves. */
const IO_BYTES = 1024
/** Microseconds that something else may take while frames wait, and how many bursts are carried then at most. */
const [LONGEST_WORK, BURSTS_IN_A_PAUSE] = [500, 4]
const STDERR = 2
const RING_IS_MISSING = new Set(['ENOSYS', 'EPERM', 'EACCES', 'EINVAL'])

const native = loadNative()
/** All is loaded by now; what there is to do may come later. */
const [{ options, wake, bell }] = (await once(parentPort!, 'message')) as [WorkerStart]

function say(answer: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
  parentPort!.postMessage(answer)
}

/** A line that nobody takes in is lost, as one of the kernel's that is not read in time: frames do not wait for it. */
function log(line: string): void {
  try {
    writeSync(STDERR, `${line}\n`)
  } catch {
    // A pipe that is full (EAGAIN), or that nobody reads any more (EPIPE).
  }
}

function createPlane({ ports, fdb, conntrack }: WorkerStart['options']): Dataplane {
  const waiting = Math.min(MOST_PORTS, ports.length + SPARE_PORTS) * BUFFERS
  const slots = {
    small: SMALL_UNDER_WAY + waiting,
    large: LARGE_UNDER_WAY + waiting,
    largeRoom: DATAGRAM_ROOM,
  }
  const bytes = arenaBytes(slots) + conntrackBytes(conntrack.most) + IO_BYTES
  const memory = new Memory(bytes)
  native.adviseHugePages(memory.bytes)
  return createDataplane(createArena(memory, slots), fdb)
}

/** Where io_uring is too old or forbidden, and nobody insists on it, there are other ways. */
function createIo(arena: Arena): LiveIo {
  if (options.means === 'rw') return createRwIo(native, arena, wake)
  try {
    return createRingIo(native, arena, wake)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (options.means === 'uring' || !RING_IS_MISSING.has(code)) throw error
    return createRwIo(native, arena, wake)
  }
}

function openPorts(plane: Dataplane, ports: LivePorts): void {
  for (const port of options.ports) ports.add(port)
  for (const mac of options.localAddresses) plane.bridge.addLocalAddress(mac)
  for (const { mac, port } of options.stations) plane.bridge.addStaticStation(mac, plane.portNumber(port))
}

function setsOf(): ReturnType<typeof readSets> {
  const { sets } = options
  return sets === null ? new Map() : readSets(sets.path, Buffer.from(sets.text))
}

function attach(plane: Dataplane): AttachedRules | null {
  const { rules, node, conntrack } = options
  if (rules === null) return null
  return attachRules(plane, {
    rules: rulesOf(rules),
    sets: setsOf(),
    node,
    conntrack,
    onLog: log,
  })
}

/** Carries what has come in, and sleeps before where nothing has. */
function createCarry(plane: Dataplane, io: LiveIo, shared: SharedPorts, captures: Captures): () => void {
  const { arena, received, process } = plane
  const { port, length, time } = arena
  const burst = new Burst()

  function carryBurst(): void {
    const now = timeOfDay()
    for (let i = 0; i < burst.count; i++) {
      const slot = burst.slots[i]
      time[slot] = now
      received(port[slot], 1, length[slot])
    }
    if (captures.isIdle()) process(burst)
    else captures.process(burst)
  }

  return () => {
    io.receive(burst)
    carryBurst()
    if (!shared.haveCome()) return
    shared.receive(burst)
    carryBurst()
  }
}

/** Carries what has come in if something else has taken a while, and does not sleep. */
function createPause(carryOn: () => void): () => void {
  let last = timeOfDay()
  return () => {
    if (Math.abs(timeOfDay() - last) < LONGEST_WORK) return
    for (let i = 0; i < BURSTS_IN_A_PAUSE; i++) {
      native.signalEvent(wake)
      carryOn()
    }
    last = timeOfDay()
  }
}

/** Carries frames until it is told to stop. */
function run(plane: Dataplane, io: LiveIo): void {
  const shared = createSharedPorts(plane.arena, new Int32Array(bell), {
    tellFar: () => say({ said: 'frames' }),
    stayAwake: () => native.signalEvent(wake),
  })
  const losing = [io, shared]
  const captures = createCaptures(plane, options.node, setsOf)
  const carryOn = createCarry(plane, io, shared, captures)
  const most = Math.min(MOST_PORTS, options.ports.length + SPARE_PORTS)
  const ports = createLivePorts(native, plane, io, shared, most, carryOn)
  try {
    openPorts(plane, ports)
    const attached = attach(plane)
    const count = createLiveCounters(plane, losing)
    const pause = createPause(carryOn)
    const obey = createOrders({ plane, losing, ports, captures, attached, count, pause, say })
    say({ said: 'started', means: io.means })
    do carryOn()
    while (!io.wasWoken() || !obey())
    attached?.close()
  } finally {
    captures.close()
    io.close()
    ports.close()
  }
}

try {
  const plane = createPlane(options)
  run(plane, createIo(plane.arena))
} catch (error) {
  say(refusal(error))
} finally {
  say({ said: 'stopped' })
}
