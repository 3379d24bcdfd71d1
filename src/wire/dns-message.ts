/**
 * A whole DNS message as plain records, for those who answer and print them. Names are text as `readName`
 * makes it. `dns-write.ts` is the way back.
 */
import { ipv4At } from './address.js'
import * as dns from './dns.js'
import { readName, skipName } from './dns-name.js'
import { A, AAAA, MX, NS, OPT, SOA, SRV, TXT } from './dns-numbers.js'
import { shapeOf } from './dns-rdata.js'

/** The header's bits as truth values, `opcode` and `rcode` 4 bits; Z is neither read nor written. */
export interface DnsMessage {
  id: number
  qr: boolean
  opcode: number
  aa: boolean
  tc: boolean
  rd: boolean
  ra: boolean
  ad: boolean
  cd: boolean
  rcode: number
  questions: Question[]
  answers: ResourceRecord[]
  authorities: ResourceRecord[]
  additionals: ResourceRecord[]
}

/** `type` and `class` are 16 bits, in numbers (dns-numbers.ts). */
export interface Question {
  name: string
  type: number
  class: number
}

/**
 * `ttl` in seconds. An OPT has its payload size as `class` and flags and version as `ttl` (RFC 6891 §6.1.3).
 */
export interface ResourceRecord extends Question {
  ttl: number
  data: Rdata
}

/** What a record says; its `shape` follows from type and class (`shapeOf`), fields are named as in the RFCs. */
export type Rdata =
  | { shape: 'a'; address: number }
  | { shape: 'aaaa'; address: Uint8Array }
  | { shape: 'name'; name: string }
  | { shape: 'mx'; preference: number; exchange: string }
  | ({ shape: 'soa'; mname: string; rname: string } & SoaNumbers)
  | { shape: 'txt'; strings: Uint8Array[] }
  | { shape: 'srv'; priority: number; weight: number; port: number; target: string }
  | { shape: 'opt'; options: EdnsOption[] }
  | { shape: 'raw'; bytes: Uint8Array }

/** All unsigned, all but `serial` in seconds. */
export interface SoaNumbers {
  serial: number
  refresh: number
  retry: number
  expire: number
  minimum: number
}

/** An option in OPT: `code` is 16 bits, `data` up to 65535 bytes (RFC 6891 §6.1.2). */
export interface EdnsOption {
  code: number
  data: Uint8Array
}

/** The message at `at`, which `dns.check` has found OK; everything in it is a copy. */
export function readMessage(b: Uint8Array, at: number): DnsMessage {
  const reader: Reader = { b, at, p: at + dns.HEADER_LENGTH }
  return {
    id: dns.id(b, at),
    qr: dns.qr(b, at) === 1,
    opcode: dns.opcode(b, at),
    aa: dns.aa(b, at) === 1,
    tc: dns.tc(b, at) === 1,
    rd: dns.rd(b, at) === 1,
    ra: dns.ra(b, at) === 1,
    ad: dns.ad(b, at) === 1,
    cd: dns.cd(b, at) === 1,
    rcode: dns.rcode(b, at),
    questions: times(dns.qdcount(b, at), () => readQuestion(reader)),
    answers: times(dns.ancount(b, at), () => readRecord(reader)),
    authorities: times(dns.nscount(b, at), () => readRecord(reader)),
    additionals: times(dns.arcount(b, at), () => readRecord(reader)),
  }
}

/**
 * Where reading stands: `p` moves behind what was read. Fields are read in the order they are written below.
 */
interface Reader {
  b: Uint8Array
  at: number
  p: number
}

function times<T>(count: number, read: () => T): T[] {
  const all: T[] = []
  while (all.length < count) all.push(read())
  return all
}

function takeName(reader: Reader): string {
  const name = readName(reader.b, reader.at, reader.p)
  reader.p = skipName(reader.b, reader.p)
  return name
}

// No bounds are looked at from here on: `check` has walked the same way before.
function take16(reader: Reader): number {
  reader.p += 2
  return (reader.b[reader.p - 2] << 8) | reader.b[reader.p - 1]
}

function take32(reader: Reader): number {
  return take16(reader) * 0x10000 + take16(reader)
}

function takeBytes(reader: Reader, length: number): Uint8Array {
  reader.p += length
  return reader.b.slice(reader.p - length, reader.p)
}

function readQuestion(reader: Reader): Question {
  return { name: takeName(reader), type: take16(reader), class: take16(reader) }
}

function readRecord(reader: Reader): ResourceRecord {
  const question = readQuestion(reader)
  const ttl = take32(reader)
  const end = take16(reader) + reader.p
  return { ...question, ttl, data: readRdata(reader, shapeOf(question.type, question.class), end) }
}

/** `end` is where the rdata end: text, options and raw bytes have no other measure. */
function readRdata(reader: Reader, shape: number, end: number): Rdata {
  switch (shape) {
    case A:
      return { shape: 'a', address: ipv4At(takeBytes(reader, 4), 0) }
    case AAAA:
      return { shape: 'aaaa', address: takeBytes(reader, 16) }
    case NS:
      return { shape: 'name', name: takeName(reader) }
    case MX:
      return { shape: 'mx', preference: take16(reader), exchange: takeName(reader) }
    case SOA:
      return { shape: 'soa', mname: takeName(reader), rname: takeName(reader), ...readSoaNumbers(reader) }
    case TXT:
      return { shape: 'txt', strings: readStrings(reader, end) }
    case SRV:
      return { shape: 'srv', ...readSrvNumbers(reader), target: takeName(reader) }
    case OPT:
      return { shape: 'opt', options: readOptions(reader, end) }
    default:
      return { shape: 'raw', bytes: takeBytes(reader, end - reader.p) }
  }
}

function readSoaNumbers(reader: Reader): SoaNumbers {
  return {
    serial: take32(reader),
    refresh: take32(reader),
    retry: take32(reader),
    expire: take32(reader),
    minimum: take32(reader),
  }
}

function readSrvNumbers(reader: Reader): { priority: number; weight: number; port: number } {
  return { priority: take16(reader), weight: take16(reader), port: take16(reader) }
}

function readStrings(reader: Reader, end: number): Uint8Array[] {
  const strings: Uint8Array[] = []
  while (reader.p < end) strings.push(takeBytes(reader, takeBytes(reader, 1)[0]))
  return strings
}

function readOptions(reader: Reader, end: number): EdnsOption[] {
  const options: EdnsOption[] = []
  while (reader.p < end) options.push({ code: take16(reader), data: takeBytes(reader, take16(reader)) })
  return options
}
