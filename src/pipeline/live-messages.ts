/** What a live bridge is told when it begins, what it is asked while it works, and what it answers. */
import type { FdbOptions } from '../bridge/fdb.js'
import type { BridgePortOptions } from '../bridge/port-options.js'
import type { Means } from '../io/live.js'
import type { DeviceSettings } from '../io/open-device.js'
import type { ConntrackOptions } from '../netfilter/conntrack/conntrack.js'
import type { BridgeState } from './bridge-state.js'
import type { CaptureOrder } from './captures.js'
import type { LiveCounters } from './live-counters.js'
import type { NodeDescription } from './node-view.js'

/** A file of rules: its name for messages, and what is in it. */
export interface RulesText {
  path: string
  text: string
}

/** A port and its device. */
export interface LivePort {
  name: string
  device: DeviceSettings | FarSettings
  options?: BridgePortOptions
}

/** What is behind a port in this process: the unix socket that a guest connects to, or JavaScript. */
export type FarSettings = { kind: 'qemu'; path: string } | { kind: 'memory' }

/** A port as the worker is told of it: what is behind it is a device, or the far end of a link in shared memory. */
export interface WorkerPort {
  name: string
  device: DeviceSettings | { kind: 'shared'; link: SharedArrayBuffer }
  options: BridgePortOptions
}

/** A live bridge. Everything in it can be posted to a worker. */
export interface LiveOptions {
  node: NodeDescription
  /** Which system calls move frames. */
  means: Means
  ports: readonly LivePort[]
  fdb: FdbOptions
  localAddresses: readonly Uint8Array[]
  stations: ReadonlyArray<{ mac: Uint8Array; port: string }>
  rules: RulesText | null
  /** Sets that the rules name, as `ipset save` prints them. */
  sets: RulesText | null
  conntrack: Omit<ConntrackOptions, 'memory' | 'onEvent' | 'random'>
}

/** What the worker is given: the ports opened as far as it is not its own task, its wake-up, and the bell of the links. */
export interface WorkerStart {
  options: Omit<LiveOptions, 'ports'> & { ports: readonly WorkerPort[] }
  wake: number
  bell: SharedArrayBuffer
}

/** What can be asked for. */
export const SHOWN = ['ports', 'fdb', 'drops', 'rules', 'conntrack'] as const

/** One of them. */
export type Show = (typeof SHOWN)[number]

/** What is asked of it. */
export type Order =
  | { order: 'stop' }
  | { order: 'rules'; rules: RulesText }
  | { order: 'show'; show: Show }
  | { order: 'port'; change: PortChange<WorkerPort> }
  | { order: 'counters' }
  | { order: 'capture'; capture: CaptureOrder }
  /** Not answered: the last frames say so. */
  | { order: 'end-capture'; id: number }

/** A port comes, goes, or has other switches. */
export type PortChange<Port = LivePort> =
  { add: Port } | { remove: string } | { set: { name: string; options: BridgePortOptions } }

/** The bridge's state; rules as iptables-save -c prints them, and connections as conntrack -L does, a line each. */
export interface Shown {
  state: BridgeState
  lines: string[]
}

/** What it says: that it carries frames, that far ends are to look for some, what an order has led to, what it has come to. */
export type Answer =
  | { said: 'started'; means: string }
  | { said: 'done' }
  | { said: 'frames' }
  | { said: 'shown'; shown: Shown }
  | { said: 'counted'; counted: LiveCounters }
  | { said: 'refused'; message: string; name: string }
  | { said: 'stopped' }
