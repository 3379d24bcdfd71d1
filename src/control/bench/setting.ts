/**
 * What a bench is about: the bridge of a file as `br100 run` takes it, with a host behind each of its first two ports.
 * These are TAPs here whatever they are in the file, under the names that rules know; the other ports are left out.
 */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { formatIpv4, formatMac } from '../../wire/address.js'
import { NodeError } from '../checked-yaml.js'
import { parseRunConfig, readRunConfig } from '../run-config.js'
import type { RunConfig } from '../run-config.js'
import type { Place } from './spaces.js'

/** A host, and the port that it is behind. */
export interface Host {
  place: Place
  /** Its own device. */
  device: string
  port: string
  mac: string
  address: string
  /** Of its device; null: the usual. */
  mtu: number | null
}

/** A bridge with two hosts. */
export interface Setting {
  hosts: readonly [Host, Host]
  bridge: string
  config: RunConfig
  /** What the file says, as it says it: what is checked loses its form. */
  settings: Readonly<Record<string, unknown>>
  /** Ports that take no part. */
  leftOut: readonly string[]
}

/** The bridge where no file is given. */
const TWO_TAPS = 'ports: { tapA: { tap: tapA }, tapB: { tap: tapB } }'
const DEFAULT_BRIDGE = 'br100'
const PLACES = ['a', 'b'] as const
/** What a port is in the file, which it is not here. */
const KINDS = new Set(['tap', 'packet', 'qemu', 'netns', 'persistent'])

/** The setting of a file, or of two TAPs without rules. Throws a NodeError that names every mistake of the file. */
export function readSetting(path: string | null): Setting {
  const config = path === null ? parseRunConfig(TWO_TAPS, 'br100 bench') : readRunConfig(path)
  const text = path === null ? TWO_TAPS : readFileSync(path, 'utf8')
  const names = Object.keys(config.ports)
  if (names.length < 2) throw new NodeError(`${path}: ports: 1 port, expected 2 for two hosts`)
  return {
    hosts: [hostOf(config, 0), hostOf(config, 1)],
    bridge: config.bridge ?? DEFAULT_BRIDGE,
    config,
    settings: parse(text) as Record<string, unknown>,
    leftOut: names.slice(2),
  }
}

/**
 * The host is who the guard of its port lets in. A TAP's MAC address is that of the host behind it, and the file may
 * know by what IPv4 address this one is reached.
 */
function hostOf({ ports, neighbours }: RunConfig, number: 0 | 1): Host {
  const [port, { tap, mac: own, mtu = null, guard }] = Object.entries(ports)[number]
  const given = guard?.mac ?? (tap === undefined ? undefined : own)
  const mac = given === undefined ? `02:00:00:00:00:0${PLACES[number]}` : formatMac(given, 0)
  const known = Object.entries(neighbours).find(([, neighbour]) => formatMac(neighbour, 0) === mac)
  const address = guard?.ip === undefined ? (known?.[0] ?? `10.99.0.${number + 1}`) : formatIpv4(guard.ip)
  return { place: PLACES[number], device: `bench-${PLACES[number]}`, port, mac, address, mtu }
}

/** What `br100 run` is given for it, as text: JSON is YAML. `spaceOf` names the namespaces of the hosts. */
export function runConfigText(setting: Setting, socket: string, spaceOf: (place: Place) => string): string {
  const { hosts, settings, config } = setting
  const ports = hosts.map(({ port, device, mac, place }) => {
    const own = (settings['ports'] as Record<string, Record<string, unknown>>)[port]
    const kept = Object.entries(own).filter(([key]) => !KINDS.has(key))
    return [port, { ...Object.fromEntries(kept), tap: device, netns: spaceOf(place), mac }] as const
  })
  const { rules, sets } = config
  const given = {
    ...settings,
    ports: Object.fromEntries(ports),
    stations: stationsOf(setting).map(({ mac, port }) => ({ mac: formatMac(mac, 0), port })),
    ...(rules === undefined ? {} : { rules }),
    ...(sets === undefined ? {} : { sets }),
    control: socket,
  }
  return JSON.stringify(given)
}

/** Static stations of the ports that take part. */
export function stationsOf({ hosts, config }: Setting): RunConfig['stations'] {
  return config.stations.filter(({ port }) => hosts.some((host) => host.port === port))
}
