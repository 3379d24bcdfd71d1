/**
 * Writing a whole DNS message from plain records: names compressed, and what does not fit left out as the
 * RFCs have it.
 */
import * as dns from './dns.js'
import type { DnsMessage, Question, Rdata, ResourceRecord } from './dns-message.js'
import { encodeName } from './dns-name.js'
import { OPTION_HEADER_LENGTH } from './dns-rdata.js'

// Enough for every name of a message of 512 bytes; beyond it names are written out, which costs only space.
const MAX_NAMES = 128
/** What the length before a message over TCP can say (RFC 1035 §4.2.2), and more than UDP carries. */
const MAX_MESSAGE_LENGTH = 65_535
/** Offsets below this fit a compression pointer's 14 bits. */
const POINTER_REACH = 0x4000

/**
 * Writes the message at `at` and returns where it ends; `end` is the limit that the asker sets: 512 bytes, or
 * its OPT's class, over UDP; 65535 over TCP.
 *
 * When answers or authorities do not fit, they stop at the last whole record and TC is set; additional records
 * that do not fit are left out in silence (RFC 2181 §9), but for OPT, whose room is kept (RFC 6891 §7).
 * -1 when not even header, questions and OPT fit, or when a name or a string cannot be encoded: a name as
 * `encodeName` says, a string beyond 255 bytes, an AAAA address that is not 16; the bytes are then undefined.
 */
export function writeMessage(b: Uint8Array, at: number, end: number, message: DnsMessage): number {
  end = Math.min(end, at + MAX_MESSAGE_LENGTH)
  const w: Writer = {
    b,
    at,
    p: at + dns.HEADER_LENGTH,
    end: end - optLength(message.additionals),
    full: false,
    bad: false,
    names: new Map(),
  }
  if (w.p > w.end) return -1
  for (const question of message.questions) putQuestion(w, question)
  if (w.full || w.bad) return -1
  writeHeader(b, at, message)
  const ancount = putSection(w, message.answers)
  const nscount = ancount < message.answers.length ? 0 : putSection(w, message.authorities)
  const cut = ancount < message.answers.length || nscount < message.authorities.length
  if (cut) dns.setTc(b, at, 1)
  dns.setAncount(b, at, ancount)
  dns.setNscount(b, at, nscount)
  dns.setArcount(b, at, putAdditionals(w, message.additionals, cut, end))
  return w.bad ? -1 : w.p
}

function writeHeader(b: Uint8Array, at: number, message: DnsMessage): void {
  dns.setId(b, at, message.id)
  dns.setFlags(b, at, 0)
  dns.setQr(b, at, Number(message.qr))
  dns.setOpcode(b, at, message.opcode)
  dns.setAa(b, at, Number(message.aa))
  dns.setTc(b, at, Number(message.tc))
  dns.setRd(b, at, Number(message.rd))
  dns.setRa(b, at, Number(message.ra))
  dns.setAd(b, at, Number(message.ad))
  dns.setCd(b, at, Number(message.cd))
  dns.setRcode(b, at, message.rcode)
  dns.setQdcount(b, at, message.questions.length)
}

/** Where writing stands. Puts beyond `end` write nothing and set `full`; what cannot be encoded sets `bad`. */
interface Writer {
  b: Uint8Array
  at: number
  p: number
  end: number
  full: boolean
  bad: boolean
  /** Name written before, as its octets read as latin1 → its offset in the message. */
  names: Map<string, number>
}

/** Writes records until one does not fit; returns how many did. */
function putSection(w: Writer, records: readonly ResourceRecord[]): number {
  let count = 0
  while (count < records.length && putWhole(w, records[count])) count++
  return count
}

/** Writes those that fit, in their order; of a message already cut only OPT. Returns how many. */
function putAdditionals(w: Writer, records: readonly ResourceRecord[], cut: boolean, end: number): number {
  let count = 0
  for (const record of records) {
    const opt = record.data.shape === 'opt'
    if (opt) w.end = end // the room kept for it
    if ((opt || !cut) && putWhole(w, record)) count++
  }
  return count
}

/** Bytes of the OPT record, which has no name to compress; 0 without one. */
function optLength(records: readonly ResourceRecord[]): number {
  for (const { data } of records) {
    if (data.shape !== 'opt') continue
    const options = data.options.reduce((sum, option) => sum + OPTION_HEADER_LENGTH + option.data.length, 0)
    return 1 + dns.RECORD_LENGTH + options
  }
  return 0
}

/** Writes a record, or nothing of it. */
function putWhole(w: Writer, record: ResourceRecord): boolean {
  const mark = w.p
  putRecord(w, record)
  if (!w.full) return true
  // A smaller record may follow here, and no name may point into what was taken back.
  w.full = false
  w.p = mark
  for (const [name, offset] of w.names) if (w.at + offset >= mark) w.names.delete(name)
  return false
}

function putQuestion(w: Writer, { name, type, class: rrclass }: Question): void {
  putName(w, name, true)
  put16(w, type)
  put16(w, rrclass)
}

function putRecord(w: Writer, record: ResourceRecord): void {
  putQuestion(w, record)
  put32(w, record.ttl)
  put16(w, 0)
  const rdata = w.p
  putRdata(w, record.data)
  if (w.full) return
  w.b[rdata - 2] = (w.p - rdata) >> 8
  w.b[rdata - 1] = w.p - rdata
}

function putRdata(w: Writer, data: Rdata): void {
  switch (data.shape) {
    case 'a':
      return put32(w, data.address)
    case 'aaaa':
      if (data.address.length !== 16) w.bad = true
      return putBytes(w, data.address)
    case 'name':
      return putName(w, data.name, true)
    case 'mx':
      put16(w, data.preference)
      return putName(w, data.exchange, true)
    case 'soa':
      putName(w, data.mname, true)
      putName(w, data.rname, true)
      for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) put32(w, value)
      return
    case 'txt':
      // An empty TXT is not legal (RFC 1035 §3.3.14: "one or more"): no strings are one empty string.
      for (const text of data.strings.length > 0 ? data.strings : [new Uint8Array(0)]) putString(w, text)
      return
    case 'srv':
      for (const value of [data.priority, data.weight, data.port]) put16(w, value)
      return putName(w, data.target, false) // RFC 2782: "name compression is not to be used"
    case 'opt':
      for (const option of data.options) {
        put16(w, option.code)
        put16(w, option.data.length)
        putBytes(w, option.data)
      }
      return
    case 'raw':
      return putBytes(w, data.bytes)
  }
}

/** Writes labels up to the first rest of the name that was written before, then a pointer to that. */
function putName(w: Writer, text: string, compress: boolean): void {
  const octets = encodeName(text)
  if (octets === null) {
    w.bad = true
    return
  }
  for (let i = 0; octets[i] !== 0; i += 1 + octets[i]) {
    const rest = Buffer.from(octets.subarray(i)).toString('latin1')
    const before = w.names.get(rest)
    if (compress && before !== undefined) return put16(w, 0xc000 | before)
    if (before === undefined && w.p - w.at < POINTER_REACH && w.names.size < MAX_NAMES)
      w.names.set(rest, w.p - w.at)
    putBytes(w, octets.subarray(i, i + 1 + octets[i]))
  }
  putBytes(w, octets.subarray(-1))
}

function putString(w: Writer, text: Uint8Array): void {
  if (text.length > 255) w.bad = true
  putBytes(w, [text.length])
  putBytes(w, text)
}

function put16(w: Writer, value: number): void {
  putBytes(w, [value >> 8, value])
}

function put32(w: Writer, value: number): void {
  putBytes(w, [value >>> 24, value >>> 16, value >>> 8, value])
}

function putBytes(w: Writer, bytes: ArrayLike<number>): void {
  if (w.p + bytes.length > w.end) w.full = true
  if (w.full) return
  w.b.set(bytes, w.p)
  w.p += bytes.length
}
