/**
 * DHCP options as text, in the words of dnsmasq's log: `T2` of 105 seconds is `1m45s`. Nothing here throws:
 * data that do not have their option's shape are printed as bytes.
 */
import { formatIpv4, ipv4At } from './address.js'
import { messageTypeName } from './dhcp.js'
import { type Kind, optionKind, optionName } from './dhcp-option-names.js'
import { checkName, readName } from './dns-name.js'

/** The data of option `code`, its parts put together, as text: `10.0.0.1, 10.0.0.2` for option 6. */
export function formatOption(code: number, data: Uint8Array): string {
  return FORMATTERS[optionKind(code)](data) ?? formatOpaque(data)
}

/** Prints data, or gives up on their shape with null. */
type Formatter = (data: Uint8Array) => string | null

const FORMATTERS: Record<Kind, Formatter> = {
  ip: (data) => sized(data, 4, ipv4At, formatIpv4),
  ips: (data) => list(data, 4, (at) => formatIpv4(ipv4At(data, at))),
  'ip-pairs': (data) =>
    list(data, 8, (at) => `${formatIpv4(ipv4At(data, at))} ${formatIpv4(ipv4At(data, at + 4))}`),
  u8: (data) => sized(data, 1, read8, String),
  u16: (data) => sized(data, 2, read16, String),
  u16s: (data) => list(data, 2, (at) => String(read16(data, at))),
  u32: (data) => sized(data, 4, read32, String),
  i32: (data) => sized(data, 4, read32, (value) => String(value | 0)),
  seconds: (data) => sized(data, 4, read32, formatSeconds),
  flag: (data) => sized(data, 1, read8, String),
  text: formatText,
  codes: (data) => list(data, 1, (at) => `${data[at]}:${optionName(data[at])}`),
  names: formatNames,
  routes: formatRoutes,
  'message-type': (data) => sized(data, 1, read8, messageTypeName),
  fqdn: formatFqdn,
  agent: formatAgent,
  opaque: formatOpaque,
}

function sized(
  data: Uint8Array,
  size: number,
  read: (data: Uint8Array, at: number) => number,
  format: (value: number) => string,
): string | null {
  return data.length === size ? format(read(data, 0)) : null
}

function list(data: Uint8Array, size: number, item: (at: number) => string): string | null {
  if (data.length % size !== 0) return null
  const items: string[] = []
  for (let at = 0; at < data.length; at += size) items.push(item(at))
  return items.join(', ')
}

/** `1d2h`, `1m45s`, `0s`; `infinite` for all ones (RFC 2131 §3.3). */
function formatSeconds(value: number): string {
  if (value === 0xffffffff) return 'infinite'
  let text = ''
  for (const [size, unit] of UNITS) {
    const count = Math.floor(value / size)
    if (count > 0) text += `${count}${unit}`
    value %= size
  }
  return text || '0s'
}

const UNITS: readonly [seconds: number, unit: string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
  [1, 's'],
]

/** Not trusted to be text: it is as the sender made it, so what a terminal should not see becomes `\DDD`. */
function formatText(data: Uint8Array): string {
  return Array.from(data, formatTextByte).join('')
}

function formatTextByte(byte: number): string {
  if (byte === 0x5c) return '\\\\'
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\${String(byte).padStart(3, '0')}`
}

function formatOpaque(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** Names may point back into the option, all its parts put together, and nowhere else (RFC 3397 §2). */
function formatNames(data: Uint8Array): string | null {
  const names: string[] = []
  let p = 0
  while (p < data.length) {
    const next = checkName(data, 0, p, data.length)
    if (next < 0) return null
    names.push(readName(data, 0, p))
    p = next
  }
  return names.join(', ')
}

/** `10.1.0.0/16 via 10.0.0.1`; a router of 0.0.0.0 means "on this link" (RFC 3442, "Local Subnet Routes"). */
function formatRoutes(data: Uint8Array): string | null {
  const routes: string[] = []
  let p = 0
  while (p < data.length) {
    const width = data[p++]
    const bytes = Math.ceil(width / 8)
    if (width > 32 || p + bytes + 4 > data.length) return null
    const prefix = new Uint8Array(4)
    prefix.set(data.subarray(p, p + bytes))
    routes.push(`${formatIpv4(ipv4At(prefix, 0))}/${width} via ${formatIpv4(ipv4At(data, p + bytes))}`)
    p += bytes + 4
  }
  return routes.join(', ')
}

/** The bit of option 81's flags that says the name is in DNS form (RFC 4702 §2.1). */
const FQDN_E = 0x04

/** Flags, two result codes that RFC 4702 has retired, and a name in DNS form or as text. */
function formatFqdn(data: Uint8Array): string | null {
  if (data.length < 3) return null
  const flags = data[0]
  if (!(flags & FQDN_E)) return `flags ${flags}, ${formatText(data.subarray(3))}`
  // A client that knows only a part of its name leaves out the root (RFC 4702 §2.3): one is put behind.
  const wire = Uint8Array.from([...data.subarray(3), 0])
  if (checkName(wire, 0, 0, wire.length) < wire.length - 1) return null
  return `flags ${flags}, ${readName(wire, 0, 0)}`
}

/** `circuit-id 00:01, remote-id …`: sub-options 1 and 2 by name, others by number. */
function formatAgent(data: Uint8Array): string | null {
  const names = ['', 'circuit-id', 'remote-id']
  const parts: string[] = []
  let p = 0
  while (p < data.length) {
    if (p + 1 >= data.length || p + 2 + data[p + 1] > data.length) return null
    const value = formatOpaque(data.subarray(p + 2, p + 2 + data[p + 1]))
    parts.push(`${names[data[p]] || data[p]} ${value}`)
    p += 2 + data[p + 1]
  }
  return parts.join(', ')
}

function read8(data: Uint8Array, at: number): number {
  return data[at]
}

function read16(data: Uint8Array, at: number): number {
  return (data[at] << 8) | data[at + 1]
}

function read32(data: Uint8Array, at: number): number {
  return ((data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]) >>> 0
}
