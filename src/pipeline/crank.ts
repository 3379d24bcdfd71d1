/**
 * The loop of a live bridge, in a worker: it sleeps in the system call that brings frames, carries them, and hands
 * over what leaves. Who wants something of it posts an order and wakes it (live.ts).
 */
import { writeSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { timeOfDay } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import type { LiveIo } from '../io/live.js'
import { DeviceError, loadNative } from '../io/native.js'
import { openDevice } from '../io/open-device.js'
import { BUFFERS, createRingIo } from '../io/ring-io.js'
import { createRwIo } from '../io/rw-io.js'
import { conntrackBytes } from '../netfilter/conntrack/conntrack.js'
import { connectionLines } from '../netfilter/conntrack/list.js'
import { readSets } from '../netfilter/ipset.js'
import { parseRules } from '../netfilter/rule-script.js'
import { saveLines } from '../netfilter/rule-text.js'
import { DATAGRAM_ROOM, arenaBytes, createArena } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { Memory } from '../packet/memory.js'
import { attachRules } from './attach-rules.js'
import type { AttachedRules } from './attach-rules.js'
import { bridgeState } from './bridge-state.js'
import { createDataplane } from './dataplane.js'
import type { Dataplane } from './dataplane.js'
import type { Answer, LiveOptions, Order, RulesText, Show, Shown } from './live-messages.js'

/** Slots for frames on their way through and for those that are being written, beside those that ports wait with. */
const [SMALL_UNDER_WAY, LARGE_UNDER_WAY] = [8192, 1024]
/** What live ports have in the arena's memory for themselves. */
const IO_BYTES = 1024
const STDERR = 2
const RING_IS_MISSING = new Set(['ENOSYS', 'EPERM', 'EACCES', 'EINVAL'])

const native = loadNative()
const { options, wake } = workerData as { options: LiveOptions; wake: number }
const files: number[] = []

function say(answer: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
  parentPort!.postMessage(answer)
}

function createPlane({ ports, fdb, conntrack }: LiveOptions): Dataplane {
  const waiting = ports.length * BUFFERS
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

function openPorts(plane: Dataplane, io: LiveIo): void {
  for (const { name, device, options: own } of options.ports) {
    const file = openDevice(native, device)
    files.push(file.fd)
    // Numbers are given out one after another: this port's sink is there before the port is.
    plane.addPort(name, io.addPort(file, plane.portNames.length), own)
  }
  for (const mac of options.localAddresses) plane.bridge.addLocalAddress(mac)
  for (const { mac, port } of options.stations) plane.bridge.addStaticStation(mac, plane.portNumber(port))
}

function rulesOf({ path, text }: RulesText): ReturnType<typeof parseRules> {
  return parseRules(path, Buffer.from(text))
}

function attach(plane: Dataplane): AttachedRules | null {
  const { rules, sets, node, conntrack } = options
  if (rules === null) return null
  return attachRules(plane, {
    rules: rulesOf(rules),
    sets: sets === null ? new Map() : readSets(sets.path, Buffer.from(sets.text)),
    node,
    conntrack,
    onLog: (line) => writeSync(STDERR, `${line}\n`),
  })
}

/** Carries frames until it is told to stop. */
function turn(plane: Dataplane, io: LiveIo, attached: AttachedRules | null): void {
  const { arena } = plane
  const { port, length, time } = arena
  const burst = new Burst()
  let isStopping = false
  while (!isStopping) {
    io.receive(burst)
    const now = timeOfDay()
    for (let i = 0; i < burst.count; i++) {
      const slot = burst.slots[i]
      time[slot] = now
      plane.received(port[slot], 1, length[slot])
    }
    plane.process(burst)
    if (io.wasWoken()) isStopping = obey(plane, io, attached)
  }
}

/** Does what is ordered; whether it is to stop. */
function obey(plane: Dataplane, io: LiveIo, attached: AttachedRules | null): boolean {
  for (;;) {
    const posted = receiveMessageOnPort(parentPort!)
    if (posted === undefined) return false
    const order = posted.message as Order
    if (order.order === 'stop') return true
    if (order.order === 'show') say({ said: 'shown', shown: shownOf(order.show, plane, io, attached) })
    else replaceRules(order.rules, attached)
  }
}

function replaceRules(rules: RulesText, attached: AttachedRules | null): void {
  try {
    if (attached === null)
      throw new DeviceError('the bridge was started without rules: expected rules: FILE in its file')
    attached.replace(rulesOf(rules))
    say({ said: 'done' })
  } catch (error) {
    refuse(error)
  }
}

function shownOf(show: Show, plane: Dataplane, io: LiveIo, attached: AttachedRules | null): Shown {
  const now = timeOfDay()
  const state = bridgeState(plane, now)
  // The bridge had sent them on before a device refused them, or has never seen them.
  for (const [name, frames] of Object.entries(io.losses())) if (frames > 0) state.drops[name] = frames
  return { state, lines: linesOf(show, attached, now) }
}

function linesOf(show: Show, attached: AttachedRules | null, now: Microseconds): string[] {
  if (attached === null) return []
  if (show === 'rules') return [...saveLines(attached.engine.rules, { counters: true })]
  const { connections } = attached
  return show === 'conntrack' && connections !== null ? connectionLines(connections, now) : []
}

function refuse(error: unknown): void {
  const { name, message } = error as Error
  say({ said: 'refused', name, message })
}

try {
  const plane = createPlane(options)
  const io = createIo(plane.arena)
  try {
    openPorts(plane, io)
    const attached = attach(plane)
    say({ said: 'started', means: io.means })
    turn(plane, io, attached)
    attached?.close()
  } finally {
    io.close()
  }
} catch (error) {
  refuse(error)
} finally {
  for (const fd of files) native.closeDescriptor(fd)
  say({ said: 'stopped' })
}
