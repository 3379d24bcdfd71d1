/**
 * Captures played through the dataplane: what entered each port comes from a file, the clock is the files',
 * what leaves each port goes to a file. The same engine as live, so that what is seen here is what happens there.
 */
import { mkdirSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MAX_PORTS } from '../bridge/fdb.js'
import type { BridgePortOptions } from '../bridge/port-options.js'
import type { FdbOptions } from '../bridge/fdb.js'
import { MICROSECONDS_PER_SECOND, stopwatch } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import type { Sink } from '../core/port.js'
import { openCapture, windowBytes } from '../io/capture-reader.js'
import type { CaptureReader } from '../io/capture-reader.js'
import { NullPort, PcapPort } from '../io/pcap-port.js'
import { PcapWriter, WRITER_BYTES } from '../io/pcap-writer.js'
import { arenaBytes, createArena } from '../packet/arena.js'
import { Memory } from '../packet/memory.js'
import { conntrackBytes } from '../netfilter/conntrack/conntrack.js'
import { connectionLines } from '../netfilter/conntrack/list.js'
import type { AttachedRules, RulesOptions } from './attach-rules.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { Explanation } from './explain.js'
import { bridgeState } from './bridge-state.js'
import type { BridgeState } from './bridge-state.js'
import { createDataplane } from './dataplane.js'
import type { Dataplane } from './dataplane.js'
import { DONE, EARLY, FULL, MERGE_BYTES, createMerge } from './merge.js'
import type { CaptureMerge, MergeInput } from './merge.js'
import { NFLOG_BYTES } from './nflog-file.js'
import { Pace } from './pace.js'
import { MOST_DATAGRAMS } from './reassembly.js'

/** Enough for a flood to every port there can be; a slot's pages count as resident only once it was used. */
const SMALL_SLOTS = 16_384
const LARGE_SLOTS = MAX_PORTS + 2 + MOST_DATAGRAMS
/** Chunks of input between two turns of the event loop. */
const TURN_EVERY = 16

/** What is wrong with what the caller asked for: names and files that do not go together. */
export class ReplayError extends Error {
  override name = 'ReplayError'
}

/** One capture. */
export interface ReplayInput {
  /**
   * The port that the frames entered by; null: what the file says, which is a port for each interface of a
   * pcapng file, and one port named after the file for a pcap file.
   */
  port: string | null
  /** A pcap or pcapng file, gzip-compressed or not; '-' is standard input. */
  path: string
}

/** What is replayed, through what, to where. */
export interface ReplayOptions {
  inputs: readonly ReplayInput[]
  /** Folder for PORT.pcap, what left each port; made if need be. Without it what leaves is only counted. */
  out?: string
  bridge?: FdbOptions
  /** Options of ports by name. A port that has no capture is a port of the bridge all the same. */
  ports?: Readonly<Record<string, BridgePortOptions>>
  /** Addresses of the node itself, six bytes each. */
  localAddresses?: readonly Uint8Array[]
  /** Stations that stay behind their port: six bytes, and the port's name. */
  stations?: ReadonlyArray<{ mac: Uint8Array; port: string }>
  /** Rules on the frames' way, and the node that they stand in. */
  netfilter?: RulesOptions
  /** How much faster than the captures' own time; Infinity, the default, is as fast as it goes. */
  speed?: number
  /** Aborting it ends the replay after the burst at hand, with everything so far written and reported. */
  signal?: AbortSignal
  /** Called now and then with the bytes read and the bytes there are (null where that is not known). */
  onProgress?: (bytesRead: number, size: number | null) => void
  /** Throw on double free and use after free of a packet: slow, for tests. */
  debug?: boolean
}

/** What a replay came to. forwarded + flooded + delivered + dropped is the number of frames received. */
export interface ReplayReport extends BridgeState {
  /** Frames of a pcapng file that are flagged outbound: they had not come in, and were skipped. */
  skippedOutbound: number
  /** Wall-clock seconds that the replay took, and frames received in one of them. */
  seconds: number
  framesPerSecond: number
  /** Files that are cut or malformed, each as a message: what came before that was replayed. */
  flaws: string[]
  /** The rules that were passed, with their counters; null: none. */
  rules: RuleSet | null
  /** What the reader should know, and is no mistake. */
  warnings: string[]
  /** The connections that are not over, as `conntrack -L` prints them; null where no rule asked for any. */
  connections: string[] | null
  /** The way of the packet that was to be explained; null where it did not come, or none was. */
  explanation: Explanation | null
}

/**
 * Replays the captures to their ends. Throws a CaptureError where a file cannot be read or is no capture, a
 * ReplayError where names clash, a system error where the output cannot be written.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { inputs, netfilter } = options
  const memory = new Memory(
    arenaBytes({ small: SMALL_SLOTS, large: LARGE_SLOTS }) +
      inputs.length * windowBytes() +
      MAX_PORTS * WRITER_BYTES +
      MERGE_BYTES +
      (netfilter?.nflog === undefined ? 0 : NFLOG_BYTES) +
      (netfilter === undefined ? 0 : conntrackBytes(netfilter.conntrack?.most)),
  )
  const arena = createArena(memory, { small: SMALL_SLOTS, large: LARGE_SLOTS, debug: options.debug ?? false })
  const session = new Session(createDataplane(arena, options.bridge), options)
  const started = stopwatch()
  try {
    await session.open()
    await session.play()
  } finally {
    await session.close()
  }
  return session.report(stopwatch() - started)
}

class Session {
  readonly #plane: Dataplane
  readonly #options: ReplayOptions
  readonly #readers: CaptureReader[] = []
  readonly #writers: PcapWriter[] = []
  readonly #inputs: MergeInput[] = []
  #merge: CaptureMerge | null = null
  #replenished = 0
  #attached: AttachedRules | null = null

  constructor(plane: Dataplane, options: ReplayOptions) {
    this.#plane = plane
    this.#options = options
  }

  async open(): Promise<void> {
    const { inputs, out, localAddresses = [], stations = [] } = this.#options
    if (out !== undefined) mkdirSync(out, { recursive: true })
    for (const { path, port } of inputs) {
      const reader = await openCapture(path, this.#plane.arena.memory)
      this.#readers.push(reader)
      if (port === null && reader.format === 'pcapng') this.#addInterfaces(reader)
      else this.#addFile(reader, port ?? portName(path))
    }
    if (localAddresses.length + stations.length > MAX_PORTS)
      throw new ReplayError(
        `${localAddresses.length + stations.length} static addresses, expected at most ${MAX_PORTS}`,
      )
    for (const name of Object.keys(this.#options.ports ?? {})) this.#portFor(name)
    for (const mac of localAddresses) this.#plane.bridge.addLocalAddress(mac)
    for (const { mac, port } of stations) this.#plane.bridge.addStaticStation(mac, this.#portFor(port))
    this.#merge = createMerge(this.#plane, this.#inputs)
    const { netfilter } = this.#options
    if (netfilter === undefined) return
    if (netfilter.nflog !== undefined) this.#mustNotOverwrite(netfilter.nflog, 'what NFLOG writes')
    const { attachRules } = await import('./attach-rules.js')
    this.#attached = attachRules(this.#plane, netfilter)
    netfilter.onAttached?.(this.#attached)
  }

  async play(): Promise<void> {
    const { speed = Infinity, signal } = this.#options
    const merge = this.#merge!
    const pace = new Pace(speed)
    while (!signal?.aborted && !this.#isExplained()) {
      const state = merge.fill(pace.until)
      this.#plane.process(merge.burst)
      if (state === DONE) break
      if (state === FULL) continue
      if (state === EARLY) await pace.wait(merge.nextTime, signal)
      else await this.#replenish(merge)
    }
    for (const input of this.#inputs) input.meet()
  }

  /** What is asked for has come: the rest of the captures would tell nothing more of it. */
  #isExplained(): boolean {
    return this.#attached !== null && this.#attached.explanation() !== null
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.close()
    for (const writer of this.#writers) writer.close()
    this.#attached?.close()
  }

  report(took: Microseconds): ReplayReport {
    const merge = this.#merge!
    const state = bridgeState(this.#plane, merge.now)
    const { forwarded, flooded, delivered, dropped } = state
    const seconds = took / MICROSECONDS_PER_SECOND
    return {
      ...state,
      skippedOutbound: merge.outbound,
      seconds,
      framesPerSecond: Math.round((forwarded + flooded + delivered + dropped) / seconds),
      flaws: this.#readers.flatMap(({ flaw }) => flaw ?? []),
      rules: this.#attached?.engine.rules ?? null,
      warnings: this.#offloaded(),
      connections: this.#connections(merge.now),
      explanation: this.#attached?.explanation() ?? null,
    }
  }

  /** Ports of which most checksums are wrong: their packets belong to no connection. */
  #offloaded(): string[] {
    const { counters, portNames } = this.#plane
    return [...(this.#attached?.connections?.wrongChecksums ?? [])].flatMap(([name, wrong]) => {
      const received = counters.rxFrames[portNames.indexOf(name)]
      if (wrong * 2 <= received) return []
      const why = 'as in captures taken before the network card has filled them in'
      return `${name}: ${wrong} of ${received} frames have wrong checksums, ${why}; --checksums trust takes them as right`
    })
  }

  #connections(now: Microseconds): string[] | null {
    const connections = this.#attached?.connections ?? null
    return connections === null ? null : connectionLines(connections, now)
  }

  async #replenish(merge: CaptureMerge): Promise<void> {
    await merge.replenish()
    // Files are read synchronously: now and then a signal, or the progress bar's timer, must get its turn.
    if (++this.#replenished % TURN_EVERY === 0) await nextTurn()
    const { onProgress } = this.#options
    if (onProgress === undefined) return
    const sizes = this.#readers.map(({ size }) => size)
    const known = sizes.every((size) => size !== null)
    const bytesRead = this.#readers.reduce((sum, reader) => sum + reader.bytesRead(), 0)
    onProgress(bytesRead, known ? sizes.reduce((sum, size) => sum + size, 0) : null)
  }

  /** All frames of the capture came in by one port, whatever its interfaces. */
  #addFile(reader: CaptureReader, name: string): void {
    const port = this.#portFor(name)
    const ports: number[] = []
    const meet = (): void => {
      while (ports.length < reader.interfaces.length) ports.push(port)
    }
    this.#inputs.push({ reader, ports, meet })
  }

  /**
   * Each interface of the capture is a port; those of one name, in whatever section, are one. They become
   * ports when they are met, and one that has no frame all the same.
   */
  #addInterfaces(reader: CaptureReader): void {
    const ports: number[] = []
    const meet = (): void => {
      while (ports.length < reader.interfaces.length)
        ports.push(this.#portFor(reader.interfaces[ports.length].name || `if${ports.length}`))
    }
    this.#inputs.push({ reader, ports, meet })
  }

  /** The number of the port of this name, which is added when it is new. */
  #portFor(name: string): number {
    const known = this.#plane.portNumber(name)
    if (known >= 0) return known
    if (this.#plane.portNames.length === MAX_PORTS)
      throw new ReplayError(`port ${name}: one too many, a bridge has at most ${MAX_PORTS}`)
    return this.#plane.addPort(name, this.#sink(name), this.#options.ports?.[name])
  }

  #sink(name: string): Sink {
    const { out } = this.#options
    const { arena } = this.#plane
    if (out === undefined) return new NullPort(arena)
    const path = join(out, `${fileName(name)}.pcap`)
    this.#mustNotOverwrite(path, `what leaves ${name}`)
    if (this.#writers.some((writer) => writer.path === path))
      throw new ReplayError(`${path}: two ports would write this file`)
    const writer = new PcapWriter(path, arena.memory)
    this.#writers.push(writer)
    return new PcapPort(arena, writer)
  }

  #mustNotOverwrite(path: string, what: string): void {
    if (this.#options.inputs.some((input) => isSameFile(input.path, path)))
      throw new ReplayError(`${path}: ${what} would overwrite a capture that is being read`)
  }
}

/** The name of a lone pcap file's port: the file's, without folder and ending. */
function portName(path: string): string {
  return path === '-' ? 'stdin' : basename(path).replace(/(\.(pcap|cap|dmp))?(\.gz)?$/, '')
}

/** The port's name as the name of a file: interface names of other systems may hold slashes. */
function fileName(name: string): string {
  return name.replaceAll(/[/\\\0]/g, '_')
}

function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b)
  } catch {
    return false // the output does not exist yet
  }
}
