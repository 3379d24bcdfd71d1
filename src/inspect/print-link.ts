/** The printer's way from the Ethernet header to what it carries: tags, 802.3 with LLC and SNAP, ARP. */
import { formatIpv4, formatMac, isZero } from '../wire/address.js'
import * as arp from '../wire/arp.js'
import * as ethernet from '../wire/ethernet.js'
import * as llc from '../wire/llc.js'
import { OK, TRUNCATED } from '../wire/reason.js'
import * as vlan from '../wire/vlan.js'
import { printIpv4, printIpv6 } from './print-ip.js'
import { has, hexNumber, marks, part, unreadable, wireLength } from './text.js'
import type { Stretch } from './text.js'

/** EtherTypes whose payload says by itself who talks to whom. */
const PAYLOADS = new Map([
  [ethernet.IPV4, printIpv4],
  [ethernet.ARP, printArp],
  [ethernet.IPV6, printIpv6],
])

/** A frame from its Ethernet header on. */
export function printEthernet(frame: Stretch): string {
  const { b, at, end } = frame
  if (!has(frame, ethernet.HEADER_LENGTH)) return unreadable('ethernet', TRUNCATED, frame)
  let typeAt = ethernet.etherTypeAt(at)
  let tags = ''
  for (let n = 0; n < vlan.MAX_TAGS && vlan.isTag(vlan.tpid(b, typeAt)); n++) {
    const reason = vlan.check(b, typeAt, end)
    if (reason !== OK) return tags + unreadable('vlan', reason, part(frame, typeAt))
    tags += printTag(b, typeAt)
    typeAt += vlan.HEADER_LENGTH
  }
  return printPayload(frame, typeAt, tags)
}

/** As `tcpdump -e` has it; DEI marks a frame that may be dropped first. */
function printTag(b: Uint8Array, at: number): string {
  const dropEligible = vlan.dropEligible(b, at) ? 'DEI, ' : ''
  return `vlan ${vlan.identifier(b, at)}, p ${vlan.priority(b, at)}, ${dropEligible}`
}

/** What follows the EtherType, or 802.3 length, at `typeAt`. */
function printPayload(frame: Stretch, typeAt: number, tags: string): string {
  const { b, at } = frame
  const type = vlan.tpid(b, typeAt) // the reader of 16 bits at an offset; this is no tag
  const payload = part(frame, typeAt + 2)
  const print = PAYLOADS.get(type)
  if (print !== undefined) return tags + print(payload)
  const addresses = `${formatMac(b, ethernet.source(at))} > ${formatMac(b, ethernet.destination(at))}, `
  if (ethernet.isLength(type)) return addresses + tags + print8023(payload, type)
  return `${addresses}${tags}ethertype ${etherTypeText(type)}, length ${wireLength(frame)}`
}

function etherTypeText(type: number): string {
  const name = ethernet.ETHERTYPE_NAMES.get(type)
  return name === undefined ? hexNumber(type, 4) : `${name} (${hexNumber(type, 4)})`
}

/** A payload with the length that its header gives; more bytes than that are padding. */
function print8023(s: Stretch, length: number): string {
  const overrun = s.at + length > s.wireEnd ? TRUNCATED : OK
  return printLlc(part(s, s.at, s.at + length)) + marks('ethernet', overrun)
}

/** Of what LLC carries without SNAP, spanning tree alone is met on a bridge: it has a word of its own. */
function printLlc(s: Stretch): string {
  const { b, at, end } = s
  const reason = llc.check(b, at, end)
  if (reason !== OK) return unreadable('llc', reason, s)
  const payload = part(s, llc.payload(b, at))
  if (llc.isSnap(b, at)) return printSnap(b, at, payload)
  const length = `length ${wireLength(payload)}`
  if (llc.dsap(b, at) === llc.BRIDGE && llc.ssap(b, at) === llc.BRIDGE) return `STP, ${length}`
  const control = hexNumber(llc.control(b, at), 2)
  return `LLC, dsap ${sapText(llc.dsap(b, at))}, ssap ${sapText(llc.ssap(b, at))}, control ${control}, ${length}`
}

/** An OUI of 0 says that the protocol is an EtherType (RFC 1042). */
function printSnap(b: Uint8Array, at: number, payload: Stretch): string {
  const [oui, protocol] = [llc.oui(b, at), llc.protocol(b, at)]
  const print = oui === 0 ? PAYLOADS.get(protocol) : undefined
  if (print !== undefined) return `SNAP, ${print(payload)}`
  const what =
    oui === 0
      ? `ethertype ${etherTypeText(protocol)}`
      : `oui ${hexNumber(oui, 6)}, protocol ${hexNumber(protocol, 4)}`
  return `SNAP, ${what}, length ${wireLength(payload)}`
}

/** The lowest bit of a source's SAP marks a response. */
function sapText(sap: number): string {
  return llc.SAP_NAMES.get(sap) ?? llc.SAP_NAMES.get(sap & ~1) ?? hexNumber(sap, 2)
}

function printArp(s: Stretch): string {
  const reason = arp.check(s.b, s.at, s.end)
  if (reason !== OK) return `ARP, ${unreadable('arp', reason, s)}`
  return `ARP, ${operationText(s.b, s.at)}, length ${wireLength(s)}`
}

function operationText(b: Uint8Array, at: number): string {
  const [spa, tpa] = [formatIpv4(arp.spa(b, at)), formatIpv4(arp.tpa(b, at))]
  const [sha, tha] = [formatMac(b, arp.sha(at)), formatMac(b, arp.tha(at))]
  const operation = arp.operation(b, at)
  if (operation === arp.REQUEST) {
    // In a request tha means nothing; it is worth a look only where somebody has put something there.
    const target = isZero(b, arp.tha(at)) ? tpa : `${tpa} (${tha})`
    return `Request who-has ${target} tell ${spa}`
  }
  if (operation === arp.REPLY) return `Reply ${spa} is-at ${sha}`
  const name = arp.OPERATION_NAMES[operation] ?? `operation ${operation}`
  return `${name} ${spa} (${sha}) > ${tpa} (${tha})`
}
