/**
 * What a node is, as a YAML file says it (`--node NODE.yaml`): the bridge's own interface, its ports, its
 * stations, its routes. Every mistake is reported, each with its line: `FILE:LINE: what, what is expected`.
 *
 *   bridge: br100                      # name of the bridge and of the node's own interface on it
 *   mac: 08:00:27:15:85:17             # of that interface: frames to it are delivered
 *   address: 10.0.0.1/24               # one or a list
 *   ageing_time: 300                   # seconds; 0 = never
 *   max_learned: 8192                  # stations learned at most
 *   ip_forward: true
 *   ports:
 *     eth2: { mac: 08:00:27:15:85:18 } # the port's own address: delivered too
 *     vnet1: { guard: { mac: fa:16:3e:2c:e8:ec, ip: 10.0.0.2, dhcpServer: 10.0.0.1 } } # bridge/guard.ts
 *     vnet0: { hairpin: true, learning: true, flood: true, mcast_flood: true, bcast_flood: true, isolated: false }
 *   stations:                          # static entries of the forwarding database
 *     - { mac: fa:16:3e:2c:e8:ec, port: vnet0 }
 *   neighbours: { 10.0.0.2: fa:16:3e:2c:e8:ec }
 *   routes:
 *     - { to: 0.0.0.0/0, via: 10.0.0.254 }
 *   conntrack:                         # as /proc/sys/net/netfilter/nf_conntrack_*, seconds
 *     max: 65536
 *     udp_timeout: 30
 *     policies: { short: { udp_timeout: 5 } } # for -j CT --timeout short
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { DEFAULT_TIMEOUTS } from '../netfilter/conntrack/timeouts.js'
import type { ConntrackTimeouts } from '../netfilter/conntrack/timeouts.js'
import { parseIpv4, parseMac } from '../wire/address.js'
import { NodeError, parseChecked } from './checked-yaml.js'
import type { Mistake } from './checked-yaml.js'

/** The MAC address of a station: six bytes. */
export const mac = z.string().transform((text, context) => {
  const bytes = parseMac(text)
  if (bytes !== null && (bytes[0] & 1) === 0 && bytes.some((byte) => byte !== 0)) return bytes
  return refuse(context, `${text}: expected the MAC address of a station, such as fa:16:3e:2c:e8:ec`)
})

const ipv4 = z.string().transform((text, context) => {
  const address = parseIpv4(text)
  return address ?? refuse(context, `${text}: expected an IPv4 address, such as 10.0.0.1`)
})

const prefix = z.string().transform((text, context) => {
  const [host = '', length = '', ...rest] = text.split('/')
  const address = parseIpv4(host)
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : NaN
  if (address !== null && bits <= 32 && rest.length === 0) return { address, prefixLength: bits }
  return refuse(context, `${text}: expected an IPv4 address and prefix length, such as 10.0.0.1/24`)
})

/** What the host behind a port may send. */
const guard = z.strictObject({
  mac: mac.optional(),
  ip: ipv4.optional(),
  dhcpServer: ipv4.optional(),
})

const onOff = z.boolean('expected true or false')
/** Settings of a port of the bridge. */
export const portOptions = z.strictObject({
  mac: mac.optional(),
  hairpin: onOff.optional(),
  learning: onOff.optional(),
  flood: onOff.optional(),
  mcast_flood: onOff.optional(),
  bcast_flood: onOff.optional(),
  isolated: onOff.optional(),
  guard: guard.optional(),
})

/** A whole number between two. */
export const wholeNumber = (least: number, most: number): z.ZodNumber => {
  const expected = `expected a whole number from ${least} to ${most}`
  return z.int(expected).min(least, expected).max(most, expected)
}

const LONGEST_TIMEOUT = 0x7fffffff

const timeouts = Object.fromEntries(
  Object.keys(DEFAULT_TIMEOUTS).map((name) => [name, wholeNumber(0, LONGEST_TIMEOUT).optional()]),
) as Record<keyof ConntrackTimeouts, z.ZodOptional<z.ZodNumber>>

/** The settings of connections, under the kernel's names behind nf_conntrack_; policies are what CT --timeout names. */
const conntrack = z.strictObject({
  max: wholeNumber(1, 4_194_304).optional(),
  acct: onOff.optional(),
  ...timeouts,
  policies: z.record(z.string(), z.strictObject(timeouts)).optional(),
})

/** What a node file may say. */
export const nodeSchema = z.strictObject({
  bridge: z
    .string('expected a name')
    .regex(/^[^\s/]{1,15}$/, 'expected a name of 1 to 15 characters without space and /')
    .optional(),
  mac: mac.optional(),
  address: z.preprocess((value) => [value ?? []].flat(), z.array(prefix)),
  ageing_time: wholeNumber(0, 1_000_000).optional(),
  max_learned: wholeNumber(1, 1_048_576).optional(),
  ip_forward: onOff.default(false),
  ports: z.record(z.string(), portOptions).default({}),
  stations: z.array(z.strictObject({ mac, port: z.string('expected the name of a port') })).default([]),
  neighbours: z.record(z.string(), mac).default({}),
  routes: z.array(z.strictObject({ to: prefix, via: ipv4 })).default([]),
  conntrack: conntrack.default({}),
})

/** A node as its file describes it; addresses are unsigned 32-bit integers, MAC addresses six bytes. */
export type NodeConfig = z.output<typeof nodeSchema>

/**
 * Reads and checks a node file; `knownPorts` are ports that it may speak of beside its own. Throws a NodeError
 * that names every mistake.
 */
export function readNode(path: string, knownPorts: readonly string[] = []): NodeConfig {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new NodeError(`${path}: ${(error as Error).message}`)
  }
  return parseNode(text, path, knownPorts)
}

/** The same for a text; `path` is what messages name. */
export function parseNode(text: string, path: string, knownPorts: readonly string[] = []): NodeConfig {
  return parseChecked(nodeSchema, text, path, (node) => danglingNames(node, knownPorts))
}

/** What the schema alone cannot see: keys that must be addresses, ports that are not there. */
export function danglingNames(
  node: Pick<NodeConfig, 'neighbours' | 'stations'> & { ports: object },
  knownPorts: readonly string[],
): Mistake[] {
  const ports = new Set([...knownPorts, ...Object.keys(node.ports)])
  const neighbours = Object.keys(node.neighbours)
    .filter((address) => parseIpv4(address) === null)
    .map((address) => ({
      keys: ['neighbours', address],
      message: 'expected an IPv4 address, such as 10.0.0.2',
    }))
  const stations = node.stations.flatMap(({ port }, i) =>
    ports.has(port)
      ? []
      : [
          {
            keys: ['stations', i, 'port'],
            message: `${port}: no such port, expected one of ${[...ports].join(', ')}`,
          },
        ],
  )
  return [...neighbours, ...stations]
}

/** Says what is wrong with a setting. */
export function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
