/** DHCP messages: as tcpdump begins them, and then what they are about, in RFC 2131's and dnsmasq's words. */
import { formatIpv4, formatMac, MAC_LENGTH } from '../wire/address.js'
import * as dhcp from '../wire/dhcp.js'
import { FILE_LENGTH, SNAME_LENGTH, overload, readOptions } from '../wire/dhcp-options.js'
import { formatOption } from '../wire/dhcp-option-text.js'
import { BAD_MAGIC, TRUNCATED } from '../wire/reason.js'
import {
  clip,
  escape,
  has,
  hexNumber,
  hexOf,
  isCut,
  joinWithin,
  marks,
  unreadable,
  wireLength,
} from './text.js'
import type { Stretch } from './text.js'

/** Hardware type of Ethernet. */
const ETHERNET = 1
/** The option that is printed as the message's name. */
const MESSAGE_TYPE = 53
/** Longest text of all options; longer ones end in `…`. */
const LONGEST_OPTIONS = 2400

/** `BOOTP/DHCP, Request from fa:16:3e:2c:e8:ec, length 300: DHCPDISCOVER, xid 0x5a, options [hostname cirros]` */
export function printDhcp(s: Stretch): string {
  const { b, at, end } = s
  if (!has(s, dhcp.HEADER_LENGTH)) return `BOOTP/DHCP, ${unreadable('dhcp', TRUNCATED, s)}`
  const reason = dhcp.check(b, at, end)
  const texts = reason === BAD_MAGIC ? fixedPart(b, at, 0) : message(b, at, end)
  const heading = `BOOTP/DHCP, ${operationText(b, at)}, length ${wireLength(s)}`
  const content = texts.filter((text) => text !== '').join(', ')
  // What seems malformed where the capture ends may be in order on the wire.
  return `${heading}: ${content}${marks('dhcp', reason && isCut(s) ? TRUNCATED : reason)}`
}

/** All of a message that has a cookie: without it, options have no place and no form. */
function message(b: Uint8Array, at: number, end: number): string[] {
  const type = dhcp.messageTypeName(dhcp.messageType(b, at, end))
  return [type, ...fixedPart(b, at, overload(b, at, end)), named('options', optionsText(b, at, end))]
}

/** As tcpdump names it: a request by who sent it. */
function operationText(b: Uint8Array, at: number): string {
  const op = dhcp.op(b, at)
  if (op === dhcp.BOOTREQUEST) return `Request from ${chaddrText(b, at)}`
  return op === dhcp.BOOTREPLY ? 'Reply' : `op ${op}`
}

/** `hlen` comes out of the packet and may say more than the field's 16 bytes. */
function chaddrText(b: Uint8Array, at: number): string {
  const [hlen, chaddr] = [dhcp.hlen(b, at), dhcp.chaddr(at)]
  if (dhcp.htype(b, at) === ETHERNET && hlen === MAC_LENGTH) return formatMac(b, chaddr)
  return hlen === 0 ? 'nobody' : `0x${hexOf(b, chaddr, chaddr + Math.min(hlen, dhcp.CHADDR_LENGTH))}`
}

/** The fields in their order, '' for what is zero; `overloaded` are those with options in them (`overload`). */
function fixedPart(b: Uint8Array, at: number, overloaded: number): string[] {
  return [
    `xid ${hexNumber(dhcp.xid(b, at), 1)}`,
    dhcp.hops(b, at) === 0 ? '' : `hops ${dhcp.hops(b, at)}`,
    dhcp.secs(b, at) === 0 ? '' : `secs ${dhcp.secs(b, at)}`,
    dhcp.flags(b, at) & dhcp.BROADCAST ? 'broadcast' : '',
    address('ciaddr', dhcp.ciaddr(b, at)),
    address('yiaddr', dhcp.yiaddr(b, at)),
    address('siaddr', dhcp.siaddr(b, at)),
    address('giaddr', dhcp.giaddr(b, at)),
    dhcp.op(b, at) === dhcp.BOOTREQUEST ? '' : `chaddr ${chaddrText(b, at)}`,
    overloaded & 2 ? '' : named('sname', fieldText(b, dhcp.sname(at), SNAME_LENGTH)),
    overloaded & 1 ? '' : named('file', fieldText(b, dhcp.file(at), FILE_LENGTH)),
  ]
}

function address(name: string, value: number): string {
  return value === 0 ? '' : `${name} ${formatIpv4(value)}`
}

function named(name: string, text: string): string {
  return text === '' ? '' : `${name} [${text}]`
}

/** A field of `size` bytes up to its first null byte. */
function fieldText(b: Uint8Array, at: number, size: number): string {
  let end = at
  while (end < at + size && b[end] !== 0) end++
  return clip(escape(b, at, end))
}

/** All options but the message type, wherever in the message they stand. */
function optionsText(b: Uint8Array, at: number, end: number): string {
  const options = readOptions(b, at, end).filter(({ code }) => code !== MESSAGE_TYPE)
  const texts = options.map(({ code, name, data }) => clip(`${name} ${formatOption(code, data)}`.trimEnd()))
  return joinWithin(texts, '; ', LONGEST_OPTIONS)
}
