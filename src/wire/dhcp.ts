/*
 * DHCP (RFC 2131 §2), the fixed part it has from BOOTP (RFC 951)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+---------------+---------------+
 *   |      op       |     htype     |     hlen      |     hops      |
 *   +---------------+---------------+---------------+---------------+
 *   |                              xid                              |
 *   +-------------------------------+-------------------------------+
 *   |             secs              |             flags             |
 *   +-------------------------------+-------------------------------+
 *   |                            ciaddr                             |
 *   +---------------------------------------------------------------+
 *   |                            yiaddr                             |
 *   +---------------------------------------------------------------+
 *   |                            siaddr                             |
 *   +---------------------------------------------------------------+
 *   |                            giaddr                             |
 *   +---------------------------------------------------------------+
 *   |                       chaddr (16 bytes)                       |
 *   +---------------------------------------------------------------+
 *   |                       sname  (64 bytes)                       |
 *   +---------------------------------------------------------------+
 *   |                       file  (128 bytes)                       |
 *   +---------------------------------------------------------------+
 *   |                   magic cookie: 99.130.83.99                  |
 *   +---------------------------------------------------------------+
 *   |                    options (dhcp-options.ts)                  |
 *   +---------------------------------------------------------------+
 */
import { ipv4At, setIpv4At } from './address.js'
import { checkOptions, FILE, FILE_LENGTH, findOption, OPTIONS, SNAME, SNAME_LENGTH } from './dhcp-options.js'
import { BAD_MAGIC, BAD_VALUE, TRUNCATED } from './reason.js'

/** UDP port of servers and relay agents (RFC 2131 §4.1). */
export const SERVER_PORT = 67
/** UDP port of clients (RFC 2131 §4.1). */
export const CLIENT_PORT = 68

/** Bytes before the first option. */
export const HEADER_LENGTH = OPTIONS
/** Bytes of `chaddr`, of which `hlen` count. */
export const CHADDR_LENGTH = 16

/** `op` of all that a client sends, a relay agent's copy included. */
export const BOOTREQUEST = 1
/** `op` of all that a server sends. */
export const BOOTREPLY = 2

/** The bit of `flags` with which a client asks for its answer as broadcast (RFC 2131 §4.1). */
export const BROADCAST = 0x8000

/** The cookie that says "options follow" (RFC 2132 §2). */
export const MAGIC = 0x63825363

// Values of option 53 (RFC 2132 §9.6; 9 RFC 3203; 10-13 RFC 4388; 14-15 RFC 6926; 16-18 RFC 7724).
/** Client: who gives addresses? */
export const DHCPDISCOVER = 1
/** Server: this one is to be had. */
export const DHCPOFFER = 2
/** Client: takes an offer, or asks whether its address still holds. */
export const DHCPREQUEST = 3
/** Client: somebody else uses the address. */
export const DHCPDECLINE = 4
/** Server: the address is given, with its lease time. */
export const DHCPACK = 5
/** Server: the address that was asked for is wrong here. */
export const DHCPNAK = 6
/** Client: does not need the address any more. */
export const DHCPRELEASE = 7
/** Client: has an address and wants the other options. */
export const DHCPINFORM = 8
/** Server: the client is to renew now. */
export const DHCPFORCERENEW = 9
/** Relay agent: who has this address, or which has this client? */
export const DHCPLEASEQUERY = 10
/** Server: nobody has it. */
export const DHCPLEASEUNASSIGNED = 11
/** Server: it is not among those known here. */
export const DHCPLEASEUNKNOWN = 12
/** Server: this client has it. */
export const DHCPLEASEACTIVE = 13
/** Relay agent, over TCP: all leases that match. */
export const DHCPBULKLEASEQUERY = 14
/** Server, over TCP: that was the last of them. */
export const DHCPLEASEQUERYDONE = 15
/** Relay agent, over TCP: every change from now on. */
export const DHCPACTIVELEASEQUERY = 16
/** Server, over TCP: how it stands with the query. */
export const DHCPLEASEQUERYSTATUS = 17
/** Over TCP: go on with TLS. */
export const DHCPTLS = 18

const MESSAGE_TYPE = 53

const OP = 0
const HTYPE = 1
const HLEN = 2
const HOPS = 3
const XID = 4
const SECS = 8
const FLAGS = 10
const CIADDR = 12
const YIADDR = 16
const SIADDR = 20
const GIADDR = 24
const CHADDR = 28
const MAGIC_COOKIE = 236

/** BOOTREQUEST from clients, BOOTREPLY from servers; what the message is, `messageType` says. */
export function op(b: Uint8Array, at: number): number {
  return b[at + OP]
}

/** The hardware type in ARP's numbers: 1 is Ethernet. */
export function htype(b: Uint8Array, at: number): number {
  return b[at + HTYPE]
}

/** Bytes of the hardware address in `chaddr`, 0 to 16: 6 on Ethernet. */
export function hlen(b: Uint8Array, at: number): number {
  return b[at + HLEN]
}

/** How many relay agents have passed the message on; 0 from the client. */
export function hops(b: Uint8Array, at: number): number {
  return b[at + HOPS]
}

/** 32 bits that tie an answer to its request, unsigned. */
export function xid(b: Uint8Array, at: number): number {
  return read32(b, at + XID)
}

/** Seconds since the client began, by its own account. */
export function secs(b: Uint8Array, at: number): number {
  return (b[at + SECS] << 8) | b[at + SECS + 1]
}

/** 16 bits, of which BROADCAST is the only one with a meaning (RFC 2131 §2). */
export function flags(b: Uint8Array, at: number): number {
  return (b[at + FLAGS] << 8) | b[at + FLAGS + 1]
}

/** The client's address, unsigned, if it has one and answers ARP for it. */
export function ciaddr(b: Uint8Array, at: number): number {
  return ipv4At(b, at + CIADDR)
}

/** "Your" address: what the server gives, unsigned. */
export function yiaddr(b: Uint8Array, at: number): number {
  return ipv4At(b, at + YIADDR)
}

/** The address of the server to boot from next, unsigned. */
export function siaddr(b: Uint8Array, at: number): number {
  return ipv4At(b, at + SIADDR)
}

/** The address of the relay agent, unsigned; 0 where there is none. */
export function giaddr(b: Uint8Array, at: number): number {
  return ipv4At(b, at + GIADDR)
}

/** Where the client's hardware address stands: `hlen` bytes of 16. */
export function chaddr(at: number): number {
  return at + CHADDR
}

/** Where the server's name stands: 64 bytes, a null-terminated string unless overloaded with options. */
export function sname(at: number): number {
  return at + SNAME
}

/** Where the boot file's name stands: 128 bytes, a null-terminated string unless overloaded with options. */
export function file(at: number): number {
  return at + FILE
}

/** The four bytes before the options as one number, unsigned; MAGIC in what `check` has passed. */
export function magic(b: Uint8Array, at: number): number {
  return read32(b, at + MAGIC_COOKIE)
}

/** Takes BOOTREQUEST or BOOTREPLY. */
export function setOp(b: Uint8Array, at: number, value: number): void {
  b[at + OP] = value
}

/** Takes a hardware type of ARP's, 0 to 255: 1 is Ethernet. */
export function setHtype(b: Uint8Array, at: number, type: number): void {
  b[at + HTYPE] = type
}

/** Takes bytes, 0 to 16. */
export function setHlen(b: Uint8Array, at: number, bytes: number): void {
  b[at + HLEN] = bytes
}

/** Takes 0 to 255. */
export function setHops(b: Uint8Array, at: number, count: number): void {
  b[at + HOPS] = count
}

/** Takes 32 bits, unsigned or signed; in an answer those of the request. */
export function setXid(b: Uint8Array, at: number, value: number): void {
  write32(b, at + XID, value)
}

/** Takes seconds, 0 to 65535; 0 in an answer (RFC 2131 §4.3.1, table 3). */
export function setSecs(b: Uint8Array, at: number, seconds: number): void {
  b[at + SECS] = seconds >> 8
  b[at + SECS + 1] = seconds
}

/** Takes 16 bits: BROADCAST or 0. */
export function setFlags(b: Uint8Array, at: number, value: number): void {
  b[at + FLAGS] = value >> 8
  b[at + FLAGS + 1] = value
}

/** Takes an address, unsigned or signed, as the three below do; 0 for none. */
export function setCiaddr(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + CIADDR, address)
}

/** Takes the address that the client gets; 0 in DHCPNAK. */
export function setYiaddr(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + YIADDR, address)
}

/** Takes the address of the next boot server; 0 for none. */
export function setSiaddr(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + SIADDR, address)
}

/** Takes the relay agent's address, in an answer as it stood in the request. */
export function setGiaddr(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + GIADDR, address)
}

/**
 * Copies `length` (≤ 16) bytes at `fromAt` of `from` into `chaddr` and zeroes the rest; `hlen` is not
 * touched.
 */
export function setChaddr(b: Uint8Array, at: number, from: Uint8Array, fromAt: number, length: number): void {
  fillField(b, at + CHADDR, CHADDR_LENGTH, from, fromAt, length)
}

/** The same for `sname`, `length` ≤ 63: RFC 2131 §2 wants a null byte at its end. */
export function setSname(b: Uint8Array, at: number, from: Uint8Array, fromAt: number, length: number): void {
  fillField(b, at + SNAME, SNAME_LENGTH, from, fromAt, length)
}

/** The same for `file`, `length` ≤ 127. */
export function setFile(b: Uint8Array, at: number, from: Uint8Array, fromAt: number, length: number): void {
  fillField(b, at + FILE, FILE_LENGTH, from, fromAt, length)
}

/** Takes 32 bits: MAGIC. */
export function setMagic(b: Uint8Array, at: number, value: number): void {
  write32(b, at + MAGIC_COOKIE, value)
}

/**
 * OK, or why the message at `at` cannot be read; `end` is where the UDP payload ends. After OK every reader
 * stays below `end`, and so do all options, in `file` and `sname` too where option 52 puts them.
 *
 * BOOTP without the cookie is refused (BAD_MAGIC): it cannot carry a message type. Not checked: `htype`
 * against `hlen` (RFC 4390 has hlen 0), the bits of `flags` that RFC 2131 §2 reserves, and whether there is a
 * message type (`messageType` is 0 then: BOOTP with RFC 1497 options).
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  if (op(b, at) !== BOOTREQUEST && op(b, at) !== BOOTREPLY) return BAD_VALUE
  if (hlen(b, at) > CHADDR_LENGTH) return BAD_VALUE
  if (magic(b, at) !== MAGIC) return BAD_MAGIC
  return checkOptions(b, at, end)
}

/** DHCPDISCOVER … as option 53 says it; 0 when the option is missing or not one byte long. */
export function messageType(b: Uint8Array, at: number, end: number): number {
  const found = findOption(b, at, end, MESSAGE_TYPE)
  return found >= 0 && b[found] === 1 ? b[found + 1] : 0
}

function read32(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
}

function write32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >> 24
  b[at + 1] = value >> 16
  b[at + 2] = value >> 8
  b[at + 3] = value
}

function fillField(
  b: Uint8Array,
  at: number,
  size: number,
  from: Uint8Array,
  fromAt: number,
  length: number,
): void {
  for (let i = 0; i < size; i++) b[at + i] = i < length ? from[fromAt + i] : 0
}

const MESSAGE_TYPE_NAMES: readonly string[] = [
  '',
  'DHCPDISCOVER',
  'DHCPOFFER',
  'DHCPREQUEST',
  'DHCPDECLINE',
  'DHCPACK',
  'DHCPNAK',
  'DHCPRELEASE',
  'DHCPINFORM',
  'DHCPFORCERENEW',
  'DHCPLEASEQUERY',
  'DHCPLEASEUNASSIGNED',
  'DHCPLEASEUNKNOWN',
  'DHCPLEASEACTIVE',
  'DHCPBULKLEASEQUERY',
  'DHCPLEASEQUERYDONE',
  'DHCPACTIVELEASEQUERY',
  'DHCPLEASEQUERYSTATUS',
  'DHCPTLS',
]

/** The message type's name, `DHCPOFFER` for 2; `DHCP-99` for a number without one, `BOOTP` for 0. */
export function messageTypeName(type: number): string {
  if (type === 0) return 'BOOTP'
  return MESSAGE_TYPE_NAMES[type] ?? `DHCP-${type}`
}
