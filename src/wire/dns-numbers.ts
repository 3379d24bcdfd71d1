/**
 * DNS's numbers and their names (IANA, "Domain Name System (DNS) Parameters"). A type or class without a
 * name is written as RFC 3597 §5 has it, `TYPE65534` and `CLASS42`.
 */

// Types whose rdata are understood (dns-rdata.ts has their sections), and the question for all of them.
/** An IPv4 address of the name. */
export const A = 1
/** A server of the zone. */
export const NS = 2
/** The name that this one stands for. */
export const CNAME = 5
/** Where the authority over a zone starts, and its times. */
export const SOA = 6
/** Another name; of an address under in-addr.arpa, that of the host. */
export const PTR = 12
/** A host that takes mail for the name. */
export const MX = 15
/** Strings, for whoever knows what they mean. */
export const TXT = 16
/** An IPv6 address of the name. */
export const AAAA = 28
/** Host and port of a service. */
export const SRV = 33
/** No record: what EDNS adds to the header (RFC 6891 §6.1.1). */
export const OPT = 41
/** Only in questions: records of all types (RFC 1035 §3.2.3). */
export const ANY = 255

/** Class of the Internet, in practice the only one (RFC 1035 §3.2.4). */
export const IN = 1
/** Class of Hesiod; classes above it are for questions and updates only (RFC 1035 §3.2.5). */
export const HS = 4

// Response codes (RFC 1035 §4.1.1).
/** An answer, if only that the name has no record of this type. */
export const NOERROR = 0
/** The server could not read the query. */
export const FORMERR = 1
/** The server could not find out. */
export const SERVFAIL = 2
/** The name does not exist, with any type. */
export const NXDOMAIN = 3
/** The server does not know this kind of query. */
export const NOTIMP = 4
/** The server will not answer this asker. */
export const REFUSED = 5

const TYPE_NAMES = new Map([
  [A, 'A'],
  [NS, 'NS'],
  [CNAME, 'CNAME'],
  [SOA, 'SOA'],
  [PTR, 'PTR'],
  [13, 'HINFO'],
  [MX, 'MX'],
  [TXT, 'TXT'],
  [17, 'RP'],
  [18, 'AFSDB'],
  [AAAA, 'AAAA'],
  [29, 'LOC'],
  [SRV, 'SRV'],
  [35, 'NAPTR'],
  [36, 'KX'],
  [37, 'CERT'],
  [39, 'DNAME'],
  [OPT, 'OPT'],
  [43, 'DS'],
  [44, 'SSHFP'],
  [45, 'IPSECKEY'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [48, 'DNSKEY'],
  [49, 'DHCID'],
  [50, 'NSEC3'],
  [51, 'NSEC3PARAM'],
  [52, 'TLSA'],
  [59, 'CDS'],
  [60, 'CDNSKEY'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [99, 'SPF'],
  [249, 'TKEY'],
  [250, 'TSIG'],
  [251, 'IXFR'],
  [252, 'AXFR'],
  [ANY, 'ANY'],
  [256, 'URI'],
  [257, 'CAA'],
])

const CLASS_NAMES = new Map([
  [IN, 'IN'],
  [2, 'CS'],
  [3, 'CH'],
  [HS, 'HS'],
  [254, 'NONE'],
  [255, 'ANY'],
])

const OPCODE_NAMES = new Map([
  [0, 'QUERY'],
  [1, 'IQUERY'],
  [2, 'STATUS'],
  [4, 'NOTIFY'],
  [5, 'UPDATE'],
  [6, 'DSO'],
])

const RCODE_NAMES = new Map([
  [NOERROR, 'NOERROR'],
  [FORMERR, 'FORMERR'],
  [SERVFAIL, 'SERVFAIL'],
  [NXDOMAIN, 'NXDOMAIN'],
  [NOTIMP, 'NOTIMP'],
  [REFUSED, 'REFUSED'],
  [6, 'YXDOMAIN'],
  [7, 'YXRRSET'],
  [8, 'NXRRSET'],
  [9, 'NOTAUTH'],
  [10, 'NOTZONE'],
  [11, 'DSOTYPENI'],
  [16, 'BADVERS'],
])

/** `A` for 1; `TYPE65534` for a number without a name. */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`
}

/** `IN` for 1; `CLASS42` for a number without a name. */
export function className(rrclass: number): string {
  return CLASS_NAMES.get(rrclass) ?? `CLASS${rrclass}`
}

/** The name, or `OPCODE3` for a number without one. */
export function opcodeName(opcode: number): string {
  return OPCODE_NAMES.get(opcode) ?? `OPCODE${opcode}`
}

/** The name of a code of 4 bits, or of 12 with OPT's; `RCODE12` for a number without one. */
export function rcodeName(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`
}
