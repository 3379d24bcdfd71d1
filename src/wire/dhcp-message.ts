/**
 * A whole DHCP message as a plain record, for those who compose and answer them; nobody on the way of a
 * packet needs it.
 */
import * as dhcp from './dhcp.js'
import {
  FILE_LENGTH,
  type DhcpOption,
  type OptionToWrite,
  overload,
  readOptions,
  SNAME_LENGTH,
  writeOptions,
} from './dhcp-options.js'

/** RFC 1542 §2.1: relays and clients of BOOTP's days drop what is shorter than its 300 bytes. */
const MIN_LENGTH = 300

/** The fields of a message, named as in RFC 2131; addresses are unsigned numbers, `secs` seconds. */
export interface FixedPart {
  op: number
  htype: number
  hops: number
  xid: number
  secs: number
  flags: number
  ciaddr: number
  yiaddr: number
  siaddr: number
  giaddr: number
  /** `hlen` bytes; what pads them to 16 is not kept. */
  chaddr: Uint8Array
  /** Up to the first null byte, one character a byte; empty when the field holds options. */
  sname: string
  /** As `sname`. */
  file: string
}

/** A message as `readMessage` gives it, options in the order they first appear. */
export interface DhcpMessage extends FixedPart {
  options: DhcpOption[]
}

/** What `writeMessage` needs: options without their names. */
export interface MessageToWrite extends FixedPart {
  options: readonly OptionToWrite[]
}

/** The message at `at`, which `dhcp.check` has found OK; everything in it is a copy. */
export function readMessage(b: Uint8Array, at: number, end: number): DhcpMessage {
  const fields = overload(b, at, end)
  return {
    op: dhcp.op(b, at),
    htype: dhcp.htype(b, at),
    hops: dhcp.hops(b, at),
    xid: dhcp.xid(b, at),
    secs: dhcp.secs(b, at),
    flags: dhcp.flags(b, at),
    ciaddr: dhcp.ciaddr(b, at),
    yiaddr: dhcp.yiaddr(b, at),
    siaddr: dhcp.siaddr(b, at),
    giaddr: dhcp.giaddr(b, at),
    chaddr: b.slice(dhcp.chaddr(at), dhcp.chaddr(at) + dhcp.hlen(b, at)),
    file: fields & 1 ? '' : readText(b, dhcp.file(at), FILE_LENGTH),
    sname: fields & 2 ? '' : readText(b, dhcp.sname(at), SNAME_LENGTH),
    options: readOptions(b, at, end),
  }
}

/**
 * Writes the message at `at`, padded to 300 bytes, and returns where it ends; `end` is the limit that the
 * buffer or the receiver's option 57 sets. -1 when it does not fit: the options in spite of overloading,
 * `chaddr` in 16 bytes, `sname` in 63 or `file` in 127 (a null byte must follow); the bytes are then undefined.
 */
export function writeMessage(b: Uint8Array, at: number, end: number, message: MessageToWrite): number {
  if (at + MIN_LENGTH > end || message.chaddr.length > dhcp.CHADDR_LENGTH) return -1
  if (message.sname.length >= SNAME_LENGTH || message.file.length >= FILE_LENGTH) return -1
  writeFixedPart(b, at, message)
  const written = writeOptions(b, at, end, message.options)
  if (written < 0) return -1
  const padded = Math.max(written, at + MIN_LENGTH)
  b.fill(0, written, padded)
  return padded
}

function writeFixedPart(b: Uint8Array, at: number, message: MessageToWrite): void {
  dhcp.setOp(b, at, message.op)
  dhcp.setHtype(b, at, message.htype)
  dhcp.setHlen(b, at, message.chaddr.length)
  dhcp.setHops(b, at, message.hops)
  dhcp.setXid(b, at, message.xid)
  dhcp.setSecs(b, at, message.secs)
  dhcp.setFlags(b, at, message.flags)
  dhcp.setCiaddr(b, at, message.ciaddr)
  dhcp.setYiaddr(b, at, message.yiaddr)
  dhcp.setSiaddr(b, at, message.siaddr)
  dhcp.setGiaddr(b, at, message.giaddr)
  dhcp.setChaddr(b, at, message.chaddr, 0, message.chaddr.length)
  dhcp.setSname(b, at, Buffer.from(message.sname, 'latin1'), 0, message.sname.length)
  dhcp.setFile(b, at, Buffer.from(message.file, 'latin1'), 0, message.file.length)
  dhcp.setMagic(b, at, dhcp.MAGIC)
}

function readText(b: Uint8Array, at: number, size: number): string {
  let end = at
  while (end < at + size && b[end] !== 0) end++
  return Buffer.from(b.slice(at, end)).toString('latin1')
}
