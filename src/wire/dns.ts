/*
 * DNS (RFC 1035 §4.1; AD and CD RFC 4035 §3; OPT RFC 6891)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-+-------+-+-+-+-+-+-+-+-------+
 *   |              id               |q|opcode |a|t|r|r|z|a|c| rcode |
 *   |                               |r|       |a|c|d|a| |d|d|       |
 *   +-------------------------------+-+-------+-+-+-+-+-+-+-+-------+
 *   |            qdcount            |            ancount            |
 *   +-------------------------------+-------------------------------+
 *   |            nscount            |            arcount            |
 *   +-------------------------------+-------------------------------+
 *   questions: name (dns-name.ts), then
 *   +-------------------------------+-------------------------------+
 *   |             type              |             class             |
 *   +-------------------------------+-------------------------------+
 *   records: name, then
 *   +-------------------------------+-------------------------------+
 *   |             type              |             class             |
 *   +-------------------------------+-------------------------------+
 *   |                              ttl                              |
 *   +-------------------------------+-------------------------------+
 *   |           rdlength            |  rdata: rdlength bytes ...    |
 *   +-------------------------------+-------------------------------+
 */
import { checkName } from './dns-name.js'
import { checkRdata, shapeOf } from './dns-rdata.js'
import { BAD_NAME, OK, TRUNCATED } from './reason.js'

/** The port of servers, over UDP and TCP (RFC 1035 §4.2). */
export const PORT = 53
/** Bytes of the header. */
export const HEADER_LENGTH = 12
/** Bytes of a question behind its name. */
export const QUESTION_LENGTH = 4
/** Bytes of a record between its name and its rdata. */
export const RECORD_LENGTH = 10
/** Bytes a message over UDP may have when its asker sent no OPT (RFC 1035 §4.2.1). */
export const MAX_UDP_LENGTH = 512

const ID = 0
const FLAGS = 2
const QDCOUNT = 4
const ANCOUNT = 6
const NSCOUNT = 8
const ARCOUNT = 10

// Positions in the flags word, from its low end.
const QR = 15
const OPCODE = 11
const AA = 10
const TC = 9
const RD = 8
const RA = 7
const Z = 6
const AD = 5
const CD = 4
const RCODE = 0

// Positions behind a record's name; a question has the first two.
const TYPE = 0
const CLASS = 2
const TTL = 4
const RDLENGTH = 8

/** 16 bits that tie a response to its query. */
export function id(b: Uint8Array, at: number): number {
  return read16(b, at + ID)
}

/** The whole word from `qr` to `rcode`. */
export function flags(b: Uint8Array, at: number): number {
  return read16(b, at + FLAGS)
}

/** 0 in a query, 1 in a response; the readers of single bits below give 0 or 1 too. */
export function qr(b: Uint8Array, at: number): number {
  return bit(b, at, QR)
}

/** Kind of query, 4 bits: 0 is the ordinary one (names: `opcodeName`). */
export function opcode(b: Uint8Array, at: number): number {
  return (flags(b, at) >> OPCODE) & 0xf
}

/** 1 when the answer comes from an authority for the name. */
export function aa(b: Uint8Array, at: number): number {
  return bit(b, at, AA)
}

/** 1 when the message was cut: the asker tries again over TCP. */
export function tc(b: Uint8Array, at: number): number {
  return bit(b, at, TC)
}

/** 1 when the asker wants the server to ask on for it; copied into the response. */
export function rd(b: Uint8Array, at: number): number {
  return bit(b, at, RD)
}

/** 1 when the server is one that asks on. */
export function ra(b: Uint8Array, at: number): number {
  return bit(b, at, RA)
}

/** Reserved; "must be zero in all queries and responses" (RFC 1035 §4.1.1). */
export function z(b: Uint8Array, at: number): number {
  return bit(b, at, Z)
}

/** 1 when the server has found all of the answer authentic (RFC 4035 §3.2.3). */
export function ad(b: Uint8Array, at: number): number {
  return bit(b, at, AD)
}

/** 1 when the asker wants to check signatures itself (RFC 4035 §3.2.2). */
export function cd(b: Uint8Array, at: number): number {
  return bit(b, at, CD)
}

/** The header's four bits; OPT's ttl holds eight more above them (RFC 6891 §6.1.3). */
export function rcode(b: Uint8Array, at: number): number {
  return flags(b, at) & 0xf
}

/** How many questions follow the header; one in practice. */
export function qdcount(b: Uint8Array, at: number): number {
  return read16(b, at + QDCOUNT)
}

/** How many records answer the question. */
export function ancount(b: Uint8Array, at: number): number {
  return read16(b, at + ANCOUNT)
}

/** How many records name authorities; an SOA here goes with a negative answer (RFC 2308 §3). */
export function nscount(b: Uint8Array, at: number): number {
  return read16(b, at + NSCOUNT)
}

/** How many records are additional: addresses of what was named before, and OPT. */
export function arcount(b: Uint8Array, at: number): number {
  return read16(b, at + ARCOUNT)
}

/** Of the question or record whose name ends at `p` (`skipName`); so are the next three. */
export function type(b: Uint8Array, p: number): number {
  return read16(b, p + TYPE)
}

/** The class; in OPT, the bytes of UDP payload its sender can take. Not `class`, which is JavaScript's word. */
export function rrclass(b: Uint8Array, p: number): number {
  return read16(b, p + CLASS)
}

/**
 * Seconds, unsigned. RFC 2181 §8 has a receiver take a value with the top bit set as 0; that is not done
 * here.
 */
export function ttl(b: Uint8Array, p: number): number {
  return ((read16(b, p + TTL) << 16) | read16(b, p + TTL + 2)) >>> 0
}

/** Bytes of rdata, 0 to 65535; they follow this field. */
export function rdlength(b: Uint8Array, p: number): number {
  return read16(b, p + RDLENGTH)
}

/** Takes 16 bits, in a response those of the query. */
export function setId(b: Uint8Array, at: number, value: number): void {
  write16(b, at + ID, value)
}

/** Takes the whole word from `qr` to `rcode`. */
export function setFlags(b: Uint8Array, at: number, value: number): void {
  write16(b, at + FLAGS, value)
}

/** Takes 0 for a query, 1 for a response. */
export function setQr(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, QR, 1, value)
}

/** Takes 4 bits, in a response those of the query. */
export function setOpcode(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, OPCODE, 0xf, value)
}

/** Takes 0 or 1, as the setters of bits below do. */
export function setAa(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, AA, 1, value)
}

/** Takes 0 or 1. */
export function setTc(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, TC, 1, value)
}

/** Takes 0 or 1, in a response that of the query. */
export function setRd(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, RD, 1, value)
}

/** Takes 0 or 1. */
export function setRa(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, RA, 1, value)
}

/** Takes 0 or 1; whoever sends takes 0. */
export function setZ(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, Z, 1, value)
}

/** Takes 0 or 1. */
export function setAd(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, AD, 1, value)
}

/** Takes 0 or 1, in a response that of the query. */
export function setCd(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, CD, 1, value)
}

/** Takes four bits; the eight above them go into OPT's ttl. */
export function setRcode(b: Uint8Array, at: number, value: number): void {
  setBits(b, at, RCODE, 0xf, value)
}

/** Takes 0 to 65535, as the three below do. */
export function setQdcount(b: Uint8Array, at: number, count: number): void {
  write16(b, at + QDCOUNT, count)
}

/** Takes the number of answers. */
export function setAncount(b: Uint8Array, at: number, count: number): void {
  write16(b, at + ANCOUNT, count)
}

/** Takes the number of authorities. */
export function setNscount(b: Uint8Array, at: number, count: number): void {
  write16(b, at + NSCOUNT, count)
}

/** Takes the number of additional records, OPT included. */
export function setArcount(b: Uint8Array, at: number, count: number): void {
  write16(b, at + ARCOUNT, count)
}

/**
 * OK, or why the message at `at` cannot be read; `end` is where the UDP payload (over TCP, the counted
 * message) ends. After OK every question, record and understood rdata lies below `end`, and every name in
 * them can be read.
 *
 * Not checked: bytes behind the last record; how many questions, or OPT records and where (RFC 6891 §6.1.1
 * wants the answer FORMERR, so the message must be readable); the Z bit; that a ttl is below 2^31.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  let p = at + HEADER_LENGTH
  for (let left = qdcount(b, at); left > 0; left--) {
    p = checkQuestion(b, at, p, end)
    if (p < 0) return -p
  }
  for (let left = ancount(b, at) + nscount(b, at) + arcount(b, at); left > 0; left--) {
    p = checkRecord(b, at, p, end)
    if (p < 0) return -p
  }
  return OK
}

/** Where the question at `p` ends, or the reason against it, negative. */
function checkQuestion(b: Uint8Array, at: number, p: number, end: number): number {
  p = checkName(b, at, p, end)
  if (p < 0) return -BAD_NAME
  return p + QUESTION_LENGTH > end ? -TRUNCATED : p + QUESTION_LENGTH
}

/** The same of a record. */
function checkRecord(b: Uint8Array, at: number, p: number, end: number): number {
  p = checkName(b, at, p, end)
  if (p < 0) return -BAD_NAME
  const rdata = p + RECORD_LENGTH
  if (rdata > end || rdata + rdlength(b, p) > end) return -TRUNCATED
  const next = rdata + rdlength(b, p)
  const reason = checkRdata(b, at, shapeOf(type(b, p), rrclass(b, p)), rdata, next)
  return reason ? -reason : next
}

function bit(b: Uint8Array, at: number, position: number): number {
  return (flags(b, at) >> position) & 1
}

function setBits(b: Uint8Array, at: number, position: number, mask: number, value: number): void {
  setFlags(b, at, (flags(b, at) & ~(mask << position)) | ((value & mask) << position))
}

function read16(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1]
}

function write16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >> 8
  b[at + 1] = value
}
