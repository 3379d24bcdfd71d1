/*
 * The rdata of DNS records that are more than bytes to us
 *
 *   A            address, 4 bytes                                              RFC 1035 §3.4.1
 *   AAAA         address, 16 bytes                                             RFC 3596 §2.2
 *   NS CNAME PTR one name                                                      RFC 1035 §3.3
 *   MX           preference (16 bits), exchange (name)                         RFC 1035 §3.3.9
 *   SOA          mname, rname, serial refresh retry expire minimum (32 bits)   RFC 1035 §3.3.13
 *   TXT          strings, each behind a length byte                            RFC 1035 §3.3.14
 *   SRV          priority weight port (16 bits), target (name)                 RFC 2782
 *   OPT          options: code, length (16 bits), data                         RFC 6891 §6.1.2
 *
 * Any of the names may be compressed as received. RFC 2782 forbids that for SRV's, but RFC 3597 §4 has a
 * receiver take it.
 */
import { A, AAAA, CNAME, HS, IN, MX, NS, OPT, PTR, SOA, SRV, TXT } from './dns-numbers.js'
import { checkName } from './dns-name.js'
import { BAD_LENGTH, BAD_NAME, BAD_OPTION, OK } from './reason.js'

/** Bytes of an OPT option's code and length (RFC 6891 §6.1.2). */
export const OPTION_HEADER_LENGTH = 4

// Bytes before the name in MX and SRV, and behind the two names in SOA.
const MX_NUMBERS = 2
const SRV_NUMBERS = 6
const SOA_NUMBERS = 20

/**
 * Which type's rdata a record has, NS standing for all that are one name; 0 for bytes. A, AAAA and SRV are
 * defined for class IN only, and with the classes NONE and ANY an update sends no rdata at all (RFC 2136 §2.4).
 */
export function shapeOf(type: number, rrclass: number): number {
  if (type === OPT) return OPT
  if (rrclass < IN || rrclass > HS) return 0
  switch (type) {
    case A:
    case AAAA:
    case SRV:
      return rrclass === IN ? type : 0
    case CNAME:
    case PTR:
      return NS
    case NS:
    case SOA:
    case MX:
    case TXT:
      return type
    default:
      return 0
  }
}

/**
 * OK, or why the rdata from `p` to `end` do not hold what their `shapeOf` says, exactly; `at` is where the
 * message begins. Rdata that are bytes to us are always OK.
 */
export function checkRdata(b: Uint8Array, at: number, shape: number, p: number, end: number): number {
  switch (shape) {
    case A:
      return end - p === 4 ? OK : BAD_LENGTH
    case AAAA:
      return end - p === 16 ? OK : BAD_LENGTH
    case NS:
      return checkName(b, at, p, end) === end ? OK : BAD_NAME
    case MX:
      return checkName(b, at, p + MX_NUMBERS, end) === end ? OK : BAD_NAME
    case SRV:
      return checkName(b, at, p + SRV_NUMBERS, end) === end ? OK : BAD_NAME
    case SOA:
      return checkSoa(b, at, p, end)
    case TXT:
      return checkStrings(b, p, end)
    case OPT:
      return checkOptions(b, p, end)
    default:
      return OK
  }
}

function checkSoa(b: Uint8Array, at: number, p: number, end: number): number {
  p = checkName(b, at, p, end)
  if (p >= 0) p = checkName(b, at, p, end)
  if (p < 0) return BAD_NAME
  return p + SOA_NUMBERS === end ? OK : BAD_LENGTH
}

/** One or more strings, each behind its length byte (RFC 1035 §3.3.14). */
function checkStrings(b: Uint8Array, p: number, end: number): number {
  if (p === end) return BAD_LENGTH
  while (p < end) p += 1 + b[p]
  return p === end ? OK : BAD_LENGTH
}

/** OPT's rdata: code, length, data, any number of times (RFC 6891 §6.1.2). */
function checkOptions(b: Uint8Array, p: number, end: number): number {
  while (p + OPTION_HEADER_LENGTH <= end) p += OPTION_HEADER_LENGTH + ((b[p + 2] << 8) | b[p + 3])
  return p === end ? OK : BAD_OPTION
}
