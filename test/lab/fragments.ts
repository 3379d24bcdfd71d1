/** Datagrams in fragments: cut anywhere, in any order, some of them missing, twice there, or overlapping. */
import { parseIpv4, parseMac } from '../../src/wire/address.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { initiation } from '../netfilter/sctp-chunks.js'
import type { Entering } from './bridge-under-test.js'
import type { Random } from './random.js'
import { STATIONS, home } from './values.js'

const ETHERNET = 14
const EVERYBODY = 'ff:ff:ff:ff:ff:ff'
const MTU = 1500
const NO_OPERATION = 1

/** A datagram, and how it is cut. */
interface Cutting {
  from: string
  to: string
  source: string
  destination: string
  protocol: number
  identification: number
  options: number
  /** What follows the IPv4 header. */
  payload: Uint8Array
}

interface Piece {
  from: number
  to: number
  isLast: boolean
}

/** About `count` frames, most of them fragments; several datagrams are under way at a time. */
export function fragmentsFor(random: Random, count: number): Entering[] {
  const entering: Entering[] = []
  while (entering.length < count) {
    const flows = Array.from({ length: random.between(1, 5) }, () => framesOf(random))
    while (flows.length > 0) {
      const flow = random.pick(flows)
      if (flow.length === 0) flows.splice(flows.indexOf(flow), 1)
      else entering.push(flow.shift()!)
    }
  }
  return entering
}

function framesOf(random: Random): Entering[] {
  const cutting = randomCutting(random)
  const pieces = disturbed(random, piecesOf(random, cutting))
  const tos = random.pick([0, 0, 0, 2])
  const port = home(cutting.from)
  const flags = random.chance(20) ? ipv4.DONT_FRAGMENT : 0
  return pieces.map((piece) => {
    const ecn = random.chance(4) ? random.below(4) : tos
    return { port, frame: frameOf(cutting, piece, ecn, random.chance(5) ? ipv4.DONT_FRAGMENT : flags) }
  })
}

function randomCutting(random: Random): Cutting {
  const [from, to] = [random.pick(STATIONS.slice(0, 3)), random.pick([...STATIONS.slice(0, 3), EVERYBODY])]
  const cutting = {
    from,
    to,
    source: `10.0.0.${random.between(2, 3)}`,
    destination: `10.0.0.${random.between(3, 4)}`,
    protocol: random.pick([icmp.PROTOCOL, udp.PROTOCOL, udp.PROTOCOL, tcp.PROTOCOL, sctp.PROTOCOL, 47]),
    identification: random.between(1, 40),
    options: random.chance(10) ? random.pick([4, 8]) : 0,
    payload: Uint8Array.from({ length: random.pick([24, 80, 200, 1480, 1600, 3000, 4000]) }, () =>
      random.below(256),
    ),
  }
  fillTransport(cutting, random)
  return cutting
}

function fillTransport({ protocol, payload, source, destination }: Cutting, random: Random): void {
  if (protocol === icmp.PROTOCOL) {
    icmp.setType(payload, 0, random.pick([0, 8]))
    icmp.setCode(payload, 0, 0)
    icmp.setIdentifier(payload, 0, random.between(1, 3))
    icmp.fillChecksum(payload, 0, payload.length)
  }
  if (protocol === sctp.PROTOCOL) fillSctp(payload, random)
  if (protocol !== udp.PROTOCOL && protocol !== tcp.PROTOCOL) return
  udp.setSourcePort(payload, 0, random.between(1000, 1002))
  udp.setDestinationPort(payload, 0, random.between(1000, 1002))
  const withAddresses = new Uint8Array(8 + payload.length)
  const view = new DataView(withAddresses.buffer)
  view.setUint32(0, parseIpv4(source)!)
  view.setUint32(4, parseIpv4(destination)!)
  withAddresses.set(payload, 8)
  if (protocol === udp.PROTOCOL) {
    udp.setLength(withAddresses, 8, payload.length)
    udp.fillChecksum(withAddresses, 8, 0)
  } else {
    tcp.setDataOffset(withAddresses, 8, tcp.HEADER_LENGTH)
    tcp.setFlags(withAddresses, 8, tcp.SYN)
    tcp.fillChecksum(withAddresses, 8, withAddresses.length, 0)
  }
  payload.set(withAddresses.subarray(8))
}

/** INIT: the rest of the payload is its parameters. */
function fillSctp(payload: Uint8Array, random: Random): void {
  sctp.setSourcePort(payload, 0, random.between(1000, 1002))
  sctp.setDestinationPort(payload, 0, random.between(1000, 1002))
  sctp.setVerificationTag(payload, 0, 0)
  payload.set(initiation(sctp.INIT, 1).slice(0, payload.length - sctp.HEADER_LENGTH), sctp.HEADER_LENGTH)
  const length = payload.length - sctp.HEADER_LENGTH
  payload.set([length >> 8, length & 255], sctp.HEADER_LENGTH + 2)
  sctp.fillChecksum(payload, 0, payload.length)
}

function piecesOf(random: Random, { payload, options }: Cutting): Piece[] {
  const most = (MTU - ipv4.HEADER_LENGTH - options) & ~7
  const usual = random.chance(50) ? most : Math.min(most, random.between(1, 60) * 8)
  const pieces: Piece[] = []
  for (let from = 0; from < payload.length;) {
    const to = Math.min(payload.length, from + (random.chance(70) ? usual : random.between(1, usual / 8) * 8))
    pieces.push({ from, to, isLast: to === payload.length })
    from = to
  }
  return pieces
}

function disturbed(random: Random, pieces: Piece[]): Piece[] {
  const all = [...pieces]
  if (random.chance(40)) all.sort(() => random.below(3) - 1)
  if (random.chance(20)) all.splice(random.below(all.length + 1), 0, random.pick(pieces))
  if (random.chance(10)) all.splice(random.below(all.length), 1)
  if (random.chance(15)) all.splice(random.below(all.length + 1), 0, astray(random, random.pick(pieces)))
  return all
}

/** What lies beside, across, within or beyond the others, is empty, or of an odd length. */
function astray(random: Random, { from, to, isLast }: Piece): Piece {
  const start = Math.max(0, from + 8 * random.between(-2, 2))
  const end = random.chance(10) ? start : Math.max(start, to + random.between(-20, 20))
  return { from: start, to: end, isLast: random.chance(20) ? !isLast : isLast }
}

function frameOf(
  { from, to, source, destination, protocol, identification, options, payload }: Cutting,
  piece: Piece,
  tos: number,
  flags: number,
): Uint8Array {
  const header = ipv4.HEADER_LENGTH + options
  const length = Math.min(piece.to - piece.from, MTU - header)
  const b = new Uint8Array(Math.max(60, ETHERNET + header + length))
  b.set([...parseMac(to)!, ...parseMac(from)!, 0x08, 0x00])
  ipv4.setVersion(b, ETHERNET, 4)
  ipv4.setHeaderLength(b, ETHERNET, header)
  ipv4.setTos(b, ETHERNET, tos)
  ipv4.setTotalLength(b, ETHERNET, header + length)
  ipv4.setIdentification(b, ETHERNET, identification)
  ipv4.setFlags(b, ETHERNET, piece.isLast ? flags : flags | ipv4.MORE_FRAGMENTS)
  ipv4.setFragmentOffset(b, ETHERNET, piece.from)
  ipv4.setTtl(b, ETHERNET, 64)
  ipv4.setProtocol(b, ETHERNET, protocol)
  ipv4.setSource(b, ETHERNET, parseIpv4(source)!)
  ipv4.setDestination(b, ETHERNET, parseIpv4(destination)!)
  b.fill(NO_OPERATION, ETHERNET + ipv4.HEADER_LENGTH, ETHERNET + header)
  b.set(payload.subarray(piece.from, piece.from + length), ETHERNET + header)
  ipv4.fillChecksum(b, ETHERNET)
  return b
}
