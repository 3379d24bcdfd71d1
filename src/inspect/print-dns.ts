/**
 * DNS messages in tcpdump's form. Behind the number of a query: `+` recursion desired, `%` checking
 * disabled; of a response: `*` authoritative, `-` recursion not available, `|` truncated, `$` authentic data.
 *
 *   12589+ A? cirros.novalocal. (34)
 *   12589* 1/0/0 A 10.0.0.2 (50)            answers/authorities/additionals, then the answers
 */
import { formatIpv4 } from '../wire/address.js'
import * as dns from '../wire/dns.js'
import { readMessage } from '../wire/dns-message.js'
import type { Rdata, ResourceRecord } from '../wire/dns-message.js'
import { checkName, readName } from '../wire/dns-name.js'
import { IN, NOERROR, OPT, className, opcodeName, rcodeName, typeName } from '../wire/dns-numbers.js'
import * as ipv6 from '../wire/ipv6.js'
import { OK, TRUNCATED } from '../wire/reason.js'
import { clip, escape, has, hexOf, isCut, joinWithin, marks, unreadable, wireLength } from './text.js'
import type { Stretch } from './text.js'

/** Opcode of a standard query. */
const QUERY = 0

/** A message over UDP; the number in brackets is its bytes. */
export function printDns(s: Stretch): string {
  const { b, at, end } = s
  if (!has(s, dns.HEADER_LENGTH)) return `DNS, ${unreadable('dns', TRUNCATED, s)}`
  const reason = dns.check(b, at, end)
  const text = dns.qr(b, at) ? responseText(b, at, reason === OK) : queryText(b, at, end)
  // What seems malformed where the capture ends may be in order on the wire.
  return `${text} (${wireLength(s)})${marks('dns', reason && isCut(s) ? TRUNCATED : reason)}`
}

function queryText(b: Uint8Array, at: number, end: number): string {
  const bits = `${dns.rd(b, at) ? '+' : ''}${dns.cd(b, at) ? '%' : ''}`
  const counts =
    count(dns.ancount(b, at), 0, 'a') + count(dns.nscount(b, at), 0, 'n') + count(dns.arcount(b, at), 0, 'au')
  const questions = joinWithin(questionTexts(b, at, end), ', ')
  return `${heading(b, at)}${bits}${counts}${questionCount(b, at)}${questions === '' ? '' : ` ${questions}`}`
}

/** The answers only of a message that could be read to its end. */
function responseText(b: Uint8Array, at: number, isReadable: boolean): string {
  const rcode = dns.rcode(b, at) === NOERROR ? '' : ` ${rcodeName(dns.rcode(b, at))}`
  const availability = `${dns.aa(b, at) ? '*' : ''}${dns.ra(b, at) ? '' : '-'}`
  const bits = `${availability}${dns.tc(b, at) ? '|' : ''}${dns.ad(b, at) ? '$' : ''}`
  const counts = ` ${dns.ancount(b, at)}/${dns.nscount(b, at)}/${dns.arcount(b, at)}`
  const answers = isReadable ? joinWithin(readMessage(b, at).answers.map(recordText), ', ') : ''
  return `${heading(b, at)}${rcode}${bits}${questionCount(b, at)}${counts}${answers === '' ? '' : ` ${answers}`}`
}

function heading(b: Uint8Array, at: number): string {
  return dns.opcode(b, at) === QUERY
    ? `${dns.id(b, at)}`
    : `${dns.id(b, at)} ${opcodeName(dns.opcode(b, at))}`
}

function questionCount(b: Uint8Array, at: number): string {
  return count(dns.qdcount(b, at), 1, 'q')
}

/** ` [2q]`, unless there are as many as usual. */
function count(value: number, usual: number, letter: string): string {
  return value === usual ? '' : ` [${value}${letter}]`
}

/** The questions up to the first one that cannot be read. */
function* questionTexts(b: Uint8Array, at: number, end: number): Generator<string> {
  let name = at + dns.HEADER_LENGTH
  for (let left = dns.qdcount(b, at); left > 0; left--) {
    const p = checkName(b, at, name, end)
    if (p < 0 || p + dns.QUESTION_LENGTH > end) return
    yield clip(`${typeName(dns.type(b, p))}?${classText(dns.rrclass(b, p))} ${dotted(readName(b, at, name))}`)
    name = p + dns.QUESTION_LENGTH
  }
}

function recordText({ type, class: rrclass, data }: ResourceRecord): string {
  const text = rdataText(data)
  const name = `${type === OPT ? '' : classText(rrclass).trimStart()} ${typeName(type)}`.trimStart()
  return clip(text === '' ? name : `${name} ${text}`)
}

/** The Internet's class goes without saying. */
function classText(rrclass: number): string {
  return rrclass === IN ? '' : ` ${className(rrclass)}`
}

function rdataText(data: Rdata): string {
  switch (data.shape) {
    case 'a':
      return formatIpv4(data.address)
    case 'aaaa':
      return ipv6.formatAddress(data.address, 0)
    case 'name':
      return dotted(data.name)
    case 'mx':
      return `${dotted(data.exchange)} ${data.preference}`
    case 'soa':
      return `${dotted(data.mname)} ${dotted(data.rname)} ${data.serial}`
    case 'txt':
      return data.strings.map(quoted).join(' ')
    case 'srv':
      return `${dotted(data.target)}:${data.port} ${data.priority} ${data.weight}`
    case 'opt':
      return data.options.map(({ code }) => `option-${code}`).join(' ')
    default:
      return hexOf(data.bytes, 0, data.bytes.length)
  }
}

/** A string of TXT, as in a zone file (RFC 1035 §5.1). */
function quoted(bytes: Uint8Array): string {
  return `"${escape(bytes, 0, bytes.length).replaceAll('"', '\\"')}"`
}

/** A name with the root's dot at its end. */
function dotted(name: string): string {
  return name === '.' ? name : `${name}.`
}
