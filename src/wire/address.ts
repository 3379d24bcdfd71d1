/**
 * Addresses as text and as bytes. A MAC address stays where it lies, as six bytes at an offset; an IPv4
 * address is one unsigned 32-bit number, most significant byte first: 10.0.0.1 is 0x0a000001.
 */

/** Bytes of a MAC address. */
export const MAC_LENGTH = 6
/** Bytes of an IPv4 address. */
export const IPV4_LENGTH = 4

const [DOT, ZERO] = [0x2e, 0x30]

/** Lower case with colons, as Linux prints it: `fa:16:3e:2c:e8:ec`. */
export function formatMac(b: Uint8Array, at: number): string {
  let text = twoDigits(b[at])
  for (let i = 1; i < MAC_LENGTH; i++) text += ':' + twoDigits(b[at + i])
  return text
}

function twoDigits(byte: number): string {
  return (byte < 16 ? '0' : '') + byte.toString(16)
}

/** The six bytes of `fa:16:3e:2c:e8:ec`, in either case, or null: no other separator, no missing digit. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return null
  return Uint8Array.from(text.split(':'), (digits) => parseInt(digits, 16))
}

/**
 * Whether the MAC address is one of many receivers: multicast or broadcast (IEEE 802 clause 8.2, the I/G
 * bit).
 */
export function isGroup(b: Uint8Array, at: number): boolean {
  return (b[at] & 1) !== 0
}

/** Whether the MAC address is ff:ff:ff:ff:ff:ff. */
export function isBroadcast(b: Uint8Array, at: number): boolean {
  return (b[at] & b[at + 1] & b[at + 2] & b[at + 3] & b[at + 4] & b[at + 5]) === 0xff
}

/** Whether the MAC address is 00:00:00:00:00:00, which no station may have. */
export function isZero(b: Uint8Array, at: number): boolean {
  return (b[at] | b[at + 1] | b[at + 2] | b[at + 3] | b[at + 4] | b[at + 5]) === 0
}

/** Whether the MAC addresses at `at` and at `otherAt` of `other` are the same. */
export function sameMac(b: Uint8Array, at: number, other: Uint8Array, otherAt: number): boolean {
  for (let i = 0; i < MAC_LENGTH; i++) if (b[at + i] !== other[otherAt + i]) return false
  return true
}

/** Writes the MAC address at `fromAt` of `from` to `at`. */
export function copyMac(b: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  for (let i = 0; i < MAC_LENGTH; i++) b[at + i] = from[fromAt + i]
}

/** Dotted quad of an unsigned or signed 32-bit number. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`
}

/**
 * The address of a strict dotted quad, unsigned, or null. `010.0.0.1` is refused: inet_aton reads it as
 * octal, people read it as ten (RFC 6943 §3.1.1). So are its short forms: `10.1` is no address.
 */
export function parseIpv4(text: string): number | null {
  let value = 0
  let octet = -1 // no digit yet
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit === DOT - ZERO && octet !== -1) {
      value = value * 256 + octet
      octet = -1
      dots++
    } else {
      if (digit < 0 || digit > 9 || octet === 0) return null // not a digit, or one behind a leading zero
      octet = octet === -1 ? digit : octet * 10 + digit
      if (octet > 255) return null
    }
  }
  return dots === IPV4_LENGTH - 1 && octet !== -1 ? value * 256 + octet : null
}

/** The IPv4 address at `at`, unsigned. */
export function ipv4At(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
}

/** Writes an IPv4 address, given unsigned or signed. */
export function setIpv4At(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24
  b[at + 1] = value >>> 16
  b[at + 2] = value >>> 8
  b[at + 3] = value
}
