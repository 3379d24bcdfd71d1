/** Packets that meet rules of the table nat: to few addresses, from one port for each pair of ends, and back. */
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import { parseIpv4 } from '../../src/wire/address.js'
import * as sctp from '../../src/wire/sctp.js'
import { icmpFrame, sctpFrame, tcpFrame, udpFrame } from '../netfilter/frames.js'
import type { FrameFields } from '../netfilter/frames.js'
import { chunk, initiation } from '../netfilter/sctp-chunks.js'
import type { Entering } from './bridge-under-test.js'
import { withoutChosenPorts } from './chosen-ports.js'
import type { Random } from './random.js'
import { home } from './values.js'

const ETHERNET = 14
const QUOTED = ETHERNET + ipv4.HEADER_LENGTH + icmp.HEADER_LENGTH

/** Hosts of 10.0.0.0/24 that there are, and that are only written to. */
const HOSTS = [2, 3, 4]
const FICTIONS = [130, 131, 133, 134]
const stationOf = (host: number): string => `02:00:00:00:00:${host.toString(16).padStart(2, '0')}`
const addressOf = (host: number): string => `10.0.0.${host}`

/**
 * Rules of the table nat: none of them leads to two connections of the same ends, where the kernel would take a port
 * at random, but those with the ports 3010 and 3011, which too many SCTP associations want.
 */
export function natRules(random: Random): string[] {
  const rules: string[] = []
  for (let i = random.between(0, 3); i > 0; i--) rules.push(`-A PREROUTING ${destinationRule(random)}`)
  for (let i = random.between(0, 3); i > 0; i--) rules.push(`-A POSTROUTING ${sourceRule(random)}`)
  return rules
}

function destinationRule(random: Random): string {
  const to = addressOf(random.pick(FICTIONS))
  const host = addressOf(random.pick(HOSTS))
  return random.pick([
    `-d ${to} -j DNAT --to-destination ${host}`,
    `-d ${to} -j DNAT --to-destination 10.0.0.2-10.0.0.4`,
    `-d ${to} -j DNAT --to-destination 10.0.0.2-10.0.0.4 --persistent`,
    `-d ${to} -p udp -j DNAT --to-destination ${host}:7`,
    `-d ${to} -p tcp -j DNAT --to-destination ${host}:7-9`,
    `-d ${to} -p udp -j DNAT --to-destination ${host}:2000-3000/80`,
    `-d ${to} -p sctp -j DNAT --to-destination ${host}:7-8`,
    `-d ${to} -p sctp -j DNAT --to-destination ${host}:2000-3000/80`,
    `-d ${to} -j NETMAP --to 10.0.0.0/30`,
    `-p icmp -j ACCEPT`,
    `-d ${to} -j DNAT --to-destination 10.0.0.200`,
    `-d ${to} -j DNAT --to-destination 10.0.0.1`,
    `-d ${to} -p udp -j REDIRECT --to-ports 7`,
    `-d ${to} -p sctp -j REDIRECT --to-ports 7`,
    `-d ${to} -j REDIRECT`,
  ])
}

function sourceRule(random: Random): string {
  const from = addressOf(random.pick(HOSTS))
  const other = addressOf(random.pick([140, 141, ...HOSTS]))
  return random.pick([
    `-s ${from} -j SNAT --to-source ${other}`,
    `-s ${from} -j SNAT --to-source 10.0.0.140-10.0.0.147`,
    `-s ${from} -j SNAT --to-source 10.0.0.140-10.0.0.147 --persistent`,
    `-s ${from} -p udp -j SNAT --to-source ${other}:99`,
    `-s ${from} -p sctp -j SNAT --to-source ${other}:99`,
    `-p sctp -j SNAT --to-source 10.0.0.140:3010-3011`,
    `-p sctp -j MASQUERADE --to-ports 3010-3011`,
    `-s ${from} -j MASQUERADE`,
    `-s ${from} -j NETMAP --to 10.0.0.144/29`,
    `-m conntrack --ctstate DNAT -j ACCEPT`,
    `-p tcp -j RETURN`,
  ])
}

/** What is said of connections to the node, whose source can be changed there. */
export function inputRules(random: Random): string[] {
  return random.chance(30) ? ['-A INPUT -p udp -j SNAT --to-source 10.0.0.150'] : []
}

/** What tells in the filter table what was changed. */
export const WITNESSES: readonly string[] = [
  '-A FORWARD -m conntrack --ctstate DNAT',
  '-A FORWARD -m conntrack --ctstate SNAT',
  '-A FORWARD -m conntrack --ctstate NEW',
  '-A FORWARD -m conntrack --ctstate ESTABLISHED',
  '-A FORWARD -m conntrack --ctstate RELATED',
  '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
  '-A FORWARD -m conntrack --ctorigdst 10.0.0.130 --ctdir REPLY',
  '-A FORWARD -m conntrack --ctrepldst 10.0.0.140',
  '-A INPUT -m conntrack --ctstate DNAT',
]

const OWN_PORTS = new Set([7, 8, 80, 81, 99, 2000, 2001])
const isOwn = (port: number): boolean =>
  OWN_PORTS.has(port) || (port >= portOf(2, 2) && port <= portOf(4, 135))
/** Frames and connections less ports that were chosen at random. */
export const WITHOUT_CHOSEN_PORTS = withoutChosenPorts(isOwn)

/** Frames of several conversations, among them what answers would be if something had been changed. */
export function natTraffic(random: Random, count: number): Entering[] {
  return Array.from({ length: count }, () => {
    const client = random.pick(HOSTS)
    const server = random.pick([...HOSTS.filter((host) => host !== client), ...FICTIONS])
    const isAnswer = random.chance(45)
    const frame = random.chance(12)
      ? errorFrame(random, client, server)
      : packet(random, client, server, isAnswer)
    return { port: home(stationOf(isAnswer ? random.pick(HOSTS) : client)), frame }
  })
}

/** One for each pair of ends: no two connections clash, whatever becomes of their addresses. */
const portOf = (client: number, server: number): number => 1024 + client * 256 + server

function packet(random: Random, client: number, server: number, isAnswer: boolean): Uint8Array {
  const [sport, dport] = [portOf(client, server), random.pick([7, 80, 81])]
  if (!isAnswer) {
    const addresses = { source: addressOf(client), destination: addressOf(server) }
    return frameOf(
      random,
      { ...addresses, from: stationOf(client), to: macFor(random, server), sport, dport },
      false,
    )
  }
  const from = random.pick([server, ...HOSTS])
  const fields = {
    source: addressOf(from),
    destination: addressOf(random.pick([client, client, 1, ...Array.from({ length: 8 }, (_, i) => 140 + i)])),
    from: stationOf(HOSTS.includes(from) ? from : random.pick(HOSTS)),
    to: random.chance(80) ? stationOf(client) : '02:00:00:00:00:99',
    sport: random.pick([dport, dport, 7, 8, 2000, 2001]),
    dport: random.chance(85) ? sport : 99,
  }
  return frameOf(random, fields, true)
}

const macFor = (random: Random, host: number): string =>
  stationOf(HOSTS.includes(host) ? host : random.pick(HOSTS))

function frameOf(random: Random, fields: FrameFields, isAnswer: boolean): Uint8Array {
  const padded = { ...fields, payload: random.pick([0, 10, 33]), padding: random.pick([0, 6]) }
  const kind = random.below(4)
  if (kind === 3) return associationFrame(random, padded, isAnswer)
  if (kind === 0) return udpFrame(padded)
  if (kind === 1) return tcpFrame(isAnswer ? 0x12 : 0x02, padded)
  const b = icmpFrame(isAnswer ? 0 : 8, 0, padded)
  const l4 = ETHERNET + ipv4.HEADER_LENGTH
  icmp.setIdentifier(b, l4, isAnswer ? fields.dport! : fields.sport!)
  icmp.fillChecksum(b, l4, b.length - padded.padding)
  return b
}

/** Of the handshake. */
function associationFrame(random: Random, fields: FrameFields, isAnswer: boolean): Uint8Array {
  const isFirst = random.chance(70)
  if (isAnswer) return sctpFrame(1, isFirst ? initiation(sctp.INIT_ACK, 2) : chunk(sctp.COOKIE_ACK), fields)
  return isFirst
    ? sctpFrame(0, initiation(sctp.INIT, 1), fields)
    : sctpFrame(2, chunk(sctp.COOKIE_ECHO), fields)
}

/** Somebody complains of a packet that may have been changed on its way. */
function errorFrame(random: Random, client: number, server: number): Uint8Array {
  const isAnswer = random.chance(30)
  const quoted = packet(random, client, server, isAnswer).slice(ETHERNET)
  const source = random.pick([client, 1, 140, 141, 144])
  if (!isAnswer && random.chance(50)) ipv4.replaceSource(quoted, 0, parseIpv4(addressOf(source))!)
  if (!isAnswer && random.chance(50))
    ipv4.replaceDestination(quoted, 0, parseIpv4(addressOf(random.pick(HOSTS)))!)
  const kept = random.chance(50) ? quoted.length : ipv4.HEADER_LENGTH + icmp.HEADER_LENGTH
  const reporter = random.pick(HOSTS)
  const fields = {
    source: addressOf(random.pick([reporter, server])),
    destination: addressOf(random.pick([client, source])),
    from: stationOf(reporter),
    to: stationOf(client),
    payload: kept,
  }
  const b = icmpFrame(random.pick([3, 3, 11, 5]), random.below(4), fields)
  b.set(quoted.subarray(0, kept), QUOTED)
  icmp.fillChecksum(b, QUOTED - icmp.HEADER_LENGTH, QUOTED + kept)
  return b
}
