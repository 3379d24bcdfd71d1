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
import { createCaptures } from './captures.js'
import type { Captures } from './captures.js'
import { createDataplane } from './dataplane.js'
import type { Dataplane } from './dataplane.js'
import { createLiveCounters, lossesOf } from './live-counters.js'
import type { CountNow } from './live-counters.js'
import { createLivePorts } from './live-ports.js'
import type { LivePorts } from './live-ports.js'
import type { Answer, LiveOptions, Order, PortChange, RulesText, Show, Shown } from './live-messages.js'

/** Slots for frames on their way through and for those that are being written, beside those that ports wait with. */
const [SMALL_UNDER_WAY, LARGE_UNDER_WAY] = [8192, 1024]
/** Ports that may be added while the bridge is at work. */
const SPARE_PORTS = 16
/** What live ports have in the arena's memory for themselves. */
const IO_BYTES = 1024
const STDERR = 2
const RING_IS_MISSING = new Set(['ENOSYS', 'EPERM', 'EACCES', 'EINVAL'])

const native = loadNative()
const { options, wake } = workerData as { options: LiveOptions; wake: number }

function say(answer: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
  parentPort!.postMessage(answer)
}

function createPlane({ ports, fdb, conntrack }: LiveOptions): Dataplane {
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

function rulesOf({ path, text }: RulesText): ReturnType<typeof parseRules> {
  return parseRules(path, Buffer.from(text))
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
    onLog: (line) => writeSync(STDERR, `${line}\n`),
  })
}

/** Carries what has come in, and sleeps before where nothing has. */
function carry({ arena, received, process }: Dataplane, io: LiveIo, captures: Captures, burst: Burst): void {
  const { port, length, time } = arena
  io.receive(burst)
  const now = timeOfDay()
  for (let i = 0; i < burst.count; i++) {
    const slot = burst.slots[i]
    time[slot] = now
    received(port[slot], 1, length[slot])
  }
  if (captures.isIdle()) process(burst)
  else captures.process(burst)
}

/** Does what is ordered; whether it is to stop. */
function obey(
  plane: Dataplane,
  io: LiveIo,
  ports: LivePorts,
  captures: Captures,
  count: CountNow,
  attached: AttachedRules | null,
): boolean {
  for (;;) {
    const posted = receiveMessageOnPort(parentPort!)
    if (posted === undefined) return false
    const order = posted.message as Order
    if (order.order === 'stop') return true
    if (order.order === 'show') say({ said: 'shown', shown: shownOf(order.show, plane, io, attached) })
    else if (order.order === 'counters') say({ said: 'counted', counted: count(attached) })
    else if (order.order === 'rules') attempt(() => replaceRules(order.rules, attached))
    else if (order.order === 'port') attempt(() => changePort(order.change, ports, attached))
    else if (order.order === 'capture') attempt(() => captures.begin(order.capture))
    else captures.end(order.id)
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

function replaceRules(rules: RulesText, attached: AttachedRules | null): void {
  if (attached === null)
    throw new DeviceError('the bridge was started without rules: expected rules: FILE in its file')
  attached.replace(rulesOf(rules))
}

/** Another port may have the number of one that was: what connections remember of their ways is learned anew. */
function changePort(change: PortChange, ports: LivePorts, attached: AttachedRules | null): void {
  if ('add' in change) ports.add(change.add)
  else if ('remove' in change) ports.remove(change.remove)
  else ports.setOptions(change.set.name, change.set.options)
  attached?.replace(attached.engine.rules)
}

function shownOf(show: Show, plane: Dataplane, io: LiveIo, attached: AttachedRules | null): Shown {
  const now = timeOfDay()
  const state = bridgeState(plane, now)
  Object.assign(state.drops, lossesOf(io))
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
  const captures = createCaptures(plane, options.node, setsOf)
  const count = createLiveCounters(plane, io)
  const carryOn = (): void => carry(plane, io, captures, burst)
  const most = Math.min(MOST_PORTS, options.ports.length + SPARE_PORTS)
  const ports = createLivePorts(native, plane, io, most, carryOn)
  try {
    openPorts(plane, ports)
    const attached = attach(plane)
    say({ said: 'started', means: io.means })
    do carryOn()
    while (!io.wasWoken() || !obey(plane, io, ports, captures, count, attached))
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
  refuse(error)
} finally {
  say({ said: 'stopped' })
}
