/**
 * A live bridge, as a YAML file says it (`br100 run CONFIG.yaml`): what a node file may say (node.ts), and of each
 * port what it is. Every mistake is reported, each with its line, before anything is opened.
 *
 *   bridge: br100
 *   ports:
 *     tapA: { tap: tapA, netns: vm1, mac: fa:16:3e:2c:e8:ec, mtu: 1500, offload: true, persistent: false }   # only the kind is required
 *     eth2: { packet: eth2 }                                               # a network card or veth that is there
 *     vm3: { qemu: vm3.sock }         # a unix socket, beside this file, that -netdev stream of a guest connects to
 *   rules: c1.rules                     # beside this file; SIGHUP reads it anew
 *   sets: c1.ipset                      # as ipset save prints them
 *   control: /run/br100/br100.sock      # where `br100 show` asks; this is the default
 *   metrics: 127.0.0.1:9100             # where Prometheus asks, at /metrics; without it nobody is answered
 *
 * With `offload`, which is the default, checksums may be left to whoever is last, and TCP crosses in segments of 64 KiB,
 * as between the kernel's own devices.
 *
 * A `persistent` TAP is there still when the bridge has ended, and taken again by the next one.
 *
 * A TAP's `mac` and `mtu` are those of its far end, which is the host behind the port; one beginning with `packet` is
 * the node's own. `hairpin`, `learning` and so on are as in a node file.
 */
import { readFileSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { BridgePortOptions } from '../bridge/port-options.js'
import type { DeviceSettings } from '../io/open-device.js'
import { MOST_PORTS } from '../io/live.js'
import { LONGEST_SOCKET_PATH } from '../io/unix-server.js'
import type { FarSettings } from '../pipeline/live-messages.js'
import { NodeError, parseChecked } from './checked-yaml.js'
import type { Mistake } from './checked-yaml.js'
import { danglingNames, nodeSchema, portOptions, refuse, wholeNumber } from './node.js'

const DEVICE_NAME = /^[^\s/:]{1,15}$/
const deviceName = z
  .string('expected the name of a device')
  .regex(DEVICE_NAME, 'expected the name of a device: 1 to 15 characters without space, / and :')
/** Of Ethernet devices (ETH_MIN_MTU, and what an IPv4 datagram can have). */
const [LEAST_MTU, MOST_MTU] = [68, 65_535]

/** PATH_MAX without what /run/netns/ may come before. */
const LONGEST_PATH = 4000

const onOff = z.boolean('expected true or false')
const file = z.string('expected the name of a file').min(1, 'expected the name of a file')

const livePort = portOptions.extend({
  tap: deviceName.optional(),
  packet: deviceName.optional(),
  qemu: file.optional(),
  netns: z
    .string('expected the name of a network namespace')
    .min(1, 'expected the name of a network namespace')
    .max(LONGEST_PATH, `expected at most ${LONGEST_PATH} characters`)
    .optional(),
  mtu: wholeNumber(LEAST_MTU, MOST_MTU).optional(),
  persistent: onOff.default(false),
  offload: onOff.optional(),
  memory: z.undefined('expected it of the library alone (startLive)').optional(),
})

const portsSchema = z.record(z.string().regex(/^[^\s/]+$/, 'a port has a name without space and /'), livePort)

const HIGHEST_PORT = 65_535
const ENDPOINT = 'expected an address and a port, such as 127.0.0.1:9100 or [::1]:9100'

/** Where something listens. */
const endpoint = z.string(ENDPOINT).transform((text, context) => {
  const [, bracketed = '', plain = '', digits = ''] = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if ((isIPv6(bracketed) || isIPv4(plain)) && port >= 1 && port <= HIGHEST_PORT)
    return { address: bracketed || plain, port }
  return refuse(context, `${text}: ${ENDPOINT}`)
})

const runSchema = nodeSchema.extend({
  ports: portsSchema,
  rules: file.optional(),
  sets: file.optional(),
  control: file.optional(),
  metrics: endpoint.optional(),
})

/** A live bridge as its file describes it; files are paths. */
export type RunConfig = z.output<typeof runSchema>

/** One of its ports. */
export type LivePortConfig = z.output<typeof livePort>

const KINDS = ['tap', 'packet', 'qemu'] as const

/** Reads and checks such a file. Throws a NodeError that names every mistake. */
export function readRunConfig(path: string): RunConfig {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new NodeError(`${path}: ${(error as Error).message}`)
  }
  const config = parseRunConfig(text, path)
  const beside = (name: string): string => resolve(dirname(path), name)
  return {
    ...config,
    ports: portsBeside(config.ports, dirname(path)),
    rules: config.rules === undefined ? undefined : beside(config.rules),
    sets: config.sets === undefined ? undefined : beside(config.sets),
    control: config.control === undefined ? undefined : beside(config.control),
  }
}

/** The same for a text; its files are named as they stand there. */
export function parseRunConfig(text: string, path: string): RunConfig {
  return parseChecked(runSchema, text, path, (config) => [
    ...portMistakes(config.ports, dirname(path)),
    ...danglingNames(config, []),
  ])
}

type Ports = Record<string, LivePortConfig>

/** Sockets as paths. */
function portsBeside(ports: Ports, folder: string): Ports {
  return Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [
      name,
      port.qemu === undefined ? port : { ...port, qemu: resolve(folder, port.qemu) },
    ]),
  )
}

/** What no two ports can have both: a device in its namespace, or a socket. */
function deviceOf({ tap, packet, qemu, netns = '' }: LivePortConfig, folder: string): string {
  return qemu === undefined ? `${netns}:${tap ?? packet}` : resolve(folder, qemu)
}

/**
 * A port by itself, its settings as in a file of this folder. Throws a NodeError that names `settings` and every mistake.
 */
export function parsePort(name: string, settings: string, folder: string): LivePortConfig {
  const one = z.strictObject({ ports: portsSchema })
  const text = `{ ports: { ${JSON.stringify(name)}: ${settings} } }`
  const { ports } = parseChecked(one, text, 'settings', (said) => portMistakes(said.ports, folder))
  return portsBeside(ports, folder)[name]
}

function portMistakes(ports: Ports, folder: string): Mistake[] {
  const entries = Object.entries(ports)
  if (entries.length === 0 || entries.length > MOST_PORTS)
    return [{ keys: ['ports'], message: `${entries.length} ports, expected 1 to ${MOST_PORTS}` }]
  const devices = entries.map(([, port]) => deviceOf(port, folder))
  return entries.flatMap(([name, port], i) => {
    const keys = ['ports', name]
    const kinds = KINDS.filter((kind) => port[kind] !== undefined)
    if (kinds.length !== 1)
      return [{ keys, message: `${kinds.join(' and ') || 'no kind'}, expected one of ${KINDS.join(', ')}` }]
    const ofTaps = [port.netns === undefined ? [] : 'netns', port.persistent ? 'persistent' : []].flat()
    if (port.tap === undefined && ofTaps.length > 0)
      return [{ keys: [...keys, ofTaps[0]], message: 'expected it of a tap alone' }]
    if (port.qemu !== undefined) {
      const mistakes = socketMistakes(port, devices[i])
      if (mistakes.length > 0)
        return mistakes.map(({ keys: rest, message }) => ({ keys: [...keys, ...rest], message }))
    }
    if (devices.indexOf(devices[i]) !== i)
      return [{ keys: [...keys, kinds[0]], message: `${port[kinds[0]]}: another port has this device` }]
    return []
  })
}

/** A guest's card is QEMU's to say, and gets frames of which nothing is left to others. */
function socketMistakes(port: LivePortConfig, path: string): Mistake[] {
  const mistakes = (['mac', 'mtu', 'offload'] as const)
    .filter((setting) => port[setting] !== undefined)
    .map((setting): Mistake => ({ keys: [setting], message: 'expected it of a tap or packet alone' }))
  const bytes = Buffer.byteLength(path)
  if (bytes <= LONGEST_SOCKET_PATH) return mistakes
  const message = `a path of ${bytes} bytes, expected ${LONGEST_SOCKET_PATH} at most`
  return [...mistakes, { keys: ['qemu'], message }]
}

/** The device of a port, and what the bridge is told of the port. */
export function splitPort(port: LivePortConfig): {
  device: DeviceSettings | FarSettings
  options: BridgePortOptions
} {
  const { tap, packet, qemu, netns = null, mac = null, mtu = null, ...others } = port
  const { offload = true, persistent, ...options } = others
  if (qemu !== undefined) return { device: { kind: 'qemu', path: qemu }, options }
  const device = { namespace: netns, mac, mtu, offload, isPersistent: persistent }
  if (tap !== undefined) return { device: { kind: 'tap', name: tap, ...device }, options }
  return { device: { kind: 'packet', name: packet!, ...device }, options }
}
