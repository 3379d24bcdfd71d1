/**
 * The loop of a live bridge, in a worker: it sleeps in the system call that brings frames, carries them, and hands
 * over what leaves. Who wants something of it posts an order and wakes it (live.ts).
 */
import { writeSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { timeOfDay } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import { MOST_PORTS } from '../io/live.js'
import type { LiveIo } from '../io/live.js'
import { DeviceError, loadNative } from '../io/native.js'
import { BUFFERS, createRingIo } from '../io/ring-io.js'
import { createRwIo } from '../io/rw-io.js'
import { createSharedPorts } from '../io/shared-ports.js'
import type { SharedPorts } from '../io/shared-ports.js'
import { conntrackBytes } from '../netfilter/conntrack/conntrack.js'
import { connectionLines } from '../netfilter/conntrack/list.js'
import { readSets } from '../netfilter/ipset.js'
import { parseRules } from '../netfilter/rule-script.js'
import type { RuleSet } from '../netfilter/rule.js'
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
import { createLivePorts } from './live-ports.js'
import type { LivePorts } from './live-ports.js'
import type {
  Answer,
  Order,
  PortChange,
  RulesText,
  Show,
  Shown,
  WorkerData,
  WorkerPort,
} from './live-messages.js'

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
const { options, wake, bell } = workerData as WorkerData

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

function createPlane({ ports, fdb, conntrack }: WorkerData['options']): Dataplane {
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

function rulesOf({ path, text }: RulesText, pause?: () => void): RuleSet {
  return parseRules(path, Buffer.from(text), pause)
}

function attach(plane: Dataplane): AttachedRules | null {
  const { rules, sets, node, conntrack } = options
  if (rules === null) return null
  return attachRules(plane, {
    rules: rulesOf(rules),
    sets: sets === null ? new Map() : readSets(sets.path, Buffer.from(sets.text)),
    node,
    conntrack,
    onLog: log,
  })
}

/** Carries what has come in, and sleeps before where nothing has. */
function carry(plane: Dataplane, io: LiveIo, shared: SharedPorts, burst: Burst): void {
  io.receive(burst)
  carryBurst(plane, burst)
  if (!shared.haveCome()) return
  shared.receive(burst)
  carryBurst(plane, burst)
}

function carryBurst({ arena, received, process }: Dataplane, burst: Burst): void {
  const { port, length, time } = arena
  const now = timeOfDay()
  for (let i = 0; i < burst.count; i++) {
    const slot = burst.slots[i]
    time[slot] = now
    received(port[slot], 1, length[slot])
  }
  process(burst)
}

/** Where frames are lost outside the bridge. */
type Losing = ReadonlyArray<{ losses(): Record<string, number> }>

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

/** Does what is ordered; whether it is to stop. `pause` carries frames while that takes long. */
function obey(
  plane: Dataplane,
  losing: Losing,
  ports: LivePorts,
  attached: AttachedRules | null,
  pause: () => void,
): boolean {
  for (;;) {
    const posted = receiveMessageOnPort(parentPort!)
    if (posted === undefined) return false
    const order = posted.message as Order
    if (order.order === 'stop') return true
    if (order.order === 'show') say({ said: 'shown', shown: shownOf(order.show, plane, losing, attached) })
    else if (order.order === 'rules') attempt(() => replaceRules(order.rules, attached, pause))
    else attempt(() => changePort(order.change, ports, attached))
  }
}

function attempt(change: () => void): void {
  try {
    change()
    say({ said: 'done' })
  } catch (error) {
    refuse(error)
  }
}

function replaceRules(rules: RulesText, attached: AttachedRules | null, pause: () => void): void {
  if (attached === null)
    throw new DeviceError('the bridge was started without rules: expected rules: FILE in its file')
  attached.replace(rulesOf(rules, pause), pause)
}

/** Another port may have the number of one that was: what connections remember of their ways is learned anew. */
function changePort(change: PortChange<WorkerPort>, ports: LivePorts, attached: AttachedRules | null): void {
  if ('add' in change) ports.add(change.add)
  else if ('remove' in change) ports.remove(change.remove)
  else ports.setOptions(change.set.name, change.set.options)
  attached?.replace(attached.engine.rules)
}

function shownOf(show: Show, plane: Dataplane, losing: Losing, attached: AttachedRules | null): Shown {
  const now = timeOfDay()
  const state = bridgeState(plane, now)
  // The bridge had sent them on before a device refused them, or has never seen them.
  for (const [name, frames] of losing.flatMap((one) => Object.entries(one.losses())))
    if (frames > 0) state.drops[name] = (state.drops[name] ?? 0) + frames
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

/** Carries frames until it is told to stop. */
function run(plane: Dataplane, io: LiveIo): void {
  const burst = new Burst()
  const shared = createSharedPorts(plane.arena, new Int32Array(bell), {
    tellFar: () => say({ said: 'frames' }),
    stayAwake: () => native.signalEvent(wake),
  })
  const carryOn = (): void => carry(plane, io, shared, burst)
  const most = Math.min(MOST_PORTS, options.ports.length + SPARE_PORTS)
  const ports = createLivePorts(native, plane, io, shared, most, carryOn)
  try {
    openPorts(plane, ports)
    const attached = attach(plane)
    const pause = createPause(carryOn)
    say({ said: 'started', means: io.means })
    do carryOn()
    while (!io.wasWoken() || !obey(plane, [io, shared], ports, attached, pause))
    attached?.close()
  } finally {
    io.close()
    ports.close()
  }
}

try {
  const plane = createPlane(options)
  run(plane, createIo(plane.arena))
} catch (error) {
  refuse(error)
} finally {
  say({ said: 'stopped' })
}
