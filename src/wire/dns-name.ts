/*
 * Domain names (RFC 1035 §3.1), compressed (§4.1.4) and as text (§5.1)
 *
 *    0                   1
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *   +-----------+-------------------+
 *   |0 0  length|  length bytes ... |    a label; length 0 is the root and ends the name
 *   +---+-------+-------------------+
 *   |1 1|          offset           |    ends the name too: it goes on at `offset` of the message
 *   +---+---------------------------+
 *
 * `at` is where the message begins, which pointers count from; `p` is where the name begins.
 */

/** Octets of a name, its length bytes and the root included (RFC 1035 §2.3.4). */
export const MAX_NAME_LENGTH = 255
/** Octets of a label, its length byte not counted (RFC 1035 §2.3.4). */
export const MAX_LABEL_LENGTH = 63

// 127 labels of one byte fill a name, and an honest sender has a label before every pointer but the first.
const MAX_JUMPS = 127

/**
 * Where the name at `p` ends in place (behind its first pointer, if it has one), or -1 when it cannot be
 * read: a label overruns `end`, it is longer than 255 octets, a length byte starts with 01 or 10 (reserved by
 * §4.1.4; RFC 6891 §5 gives up what 01 was used for), or a pointer does not go back.
 *
 * "A prior occurance" of §4.1.4 is taken strictly: a pointer must lead before the labels it ends. So no
 * loop can be written. Not checked: what the target is; a pointer into the header is read like any other.
 */
export function checkName(b: Uint8Array, at: number, p: number, end: number): number {
  let next = -1
  let labels = p
  let octets = 0
  let jumps = 0
  while (p < end) {
    const length = b[p]
    if (length <= MAX_LABEL_LENGTH) {
      octets += 1 + length
      if (octets > MAX_NAME_LENGTH) return -1
      p += 1 + length
      if (length === 0) return next < 0 ? p : next
    } else {
      if (!isPointer(length) || p + 1 >= end) return -1
      if (next < 0) next = p + 2
      p = at + pointer(b, p)
      if (p >= labels || ++jumps > MAX_JUMPS) return -1
      labels = p
    }
  }
  return -1
}

/** Where a name that `checkName` accepts ends in place. */
export function skipName(b: Uint8Array, p: number): number {
  while (b[p] !== 0) {
    if (isPointer(b[p])) return p + 2
    p += 1 + b[p]
  }
  return p + 1
}

/**
 * A name that `checkName` accepts, as text: labels with dots between, no dot at the end, `.` for the root.
 * A dot or backslash in a label is `\.` or `\\`, a byte that is no visible ASCII `\DDD` in decimal.
 */
export function readName(b: Uint8Array, at: number, p: number): string {
  const labels: string[] = []
  while (b[p] !== 0) {
    const length = b[p]
    if (isPointer(length)) {
      p = at + pointer(b, p)
    } else {
      labels.push(Array.from(b.slice(p + 1, p + 1 + length), formatLabelByte).join(''))
      p += 1 + length
    }
  }
  return labels.join('.') || '.'
}

function formatLabelByte(byte: number): string {
  if (byte === 0x2e || byte === 0x5c) return `\\${String.fromCharCode(byte)}`
  if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\${String(byte).padStart(3, '0')}`
}

/**
 * The octets of a name given as text, the root included, uncompressed; with or without a dot at the end.
 * Null for text that is no name: an empty label, a label or name too long, a `\` before neither a
 * character nor three digits up to 255, a character that is not ASCII (names are A-labels by then, RFC 5890).
 */
export function encodeName(text: string): Uint8Array | null {
  if (text === '.') return Uint8Array.of(0)
  const octets = [0]
  let lengthAt = 0
  for (let i = 0; i < text.length;) {
    const token = TOKEN.exec(text.slice(i, i + 4))?.[0]
    if (token === undefined) return null
    i += token.length
    if (token !== '.') {
      if (octetOf(token) > 255 || ++octets[lengthAt] > MAX_LABEL_LENGTH) return null
      octets.push(octetOf(token))
    } else {
      if (octets[lengthAt] === 0) return null
      lengthAt = octets.push(0) - 1
    }
  }
  if (octets[lengthAt] !== 0) octets.push(0)
  return octets.length > 1 && octets.length <= MAX_NAME_LENGTH ? Uint8Array.from(octets) : null
}

/** The next thing in a name's text: `\DDD`, `\` and a character, or a character. */
const TOKEN = /^(?:\\[0-9]{3}|\\[\x20-\x2f\x3a-\x7e]|[\x21-\x5b\x5d-\x7e])/

function octetOf(token: string): number {
  if (token.length === 4) return Number(token.slice(1))
  return token.charCodeAt(token.length - 1)
}

function isPointer(length: number): boolean {
  return length >= 0xc0
}

function pointer(b: Uint8Array, p: number): number {
  return ((b[p] & 0x3f) << 8) | b[p + 1]
}
