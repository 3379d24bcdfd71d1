/** Conversations of protocols that know no connection: UDP, ICMP with its errors, and others. */
import { formatIpv4 } from '../../src/wire/address.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as udp from '../../src/wire/udp.js'
import { CLIENT_PORTS, GROUPS, HOSTS, NODE, SERVER_PORTS, data, pair } from './talk.js'
import type { Message, Talk } from './talk.js'

/** UDP, the one that answers may do so more often than it was asked, or come first. */
export const udpTalk: Talk = function* (random) {
  const [source, destination] = pair(random)
  const [sport, dport] = [random.pick(CLIENT_PORTS), random.pick(SERVER_PORTS)]
  const there: Message = { source, destination, protocol: udp.PROTOCOL, sport, dport }
  const back: Message = {
    source: destination,
    destination: source,
    protocol: udp.PROTOCOL,
    sport: dport,
    dport: sport,
  }
  for (let n = random.between(1, 6); n > 0; n--)
    yield { ...(random.chance(60) ? there : back), payload: data(random) }
}

/** A question to many, answered by one. */
export const groupTalk: Talk = function* (random) {
  const source = random.pick(Object.keys(HOSTS))
  const destination = random.pick(Object.keys(GROUPS))
  const [sport, dport] = [random.pick(CLIENT_PORTS), random.pick(SERVER_PORTS)]
  const protocol = random.pick([udp.PROTOCOL, udp.PROTOCOL, icmp.PROTOCOL])
  for (let n = random.between(1, 3); n > 0; n--) {
    yield { source, destination, protocol, sport, dport, identifier: 1 }
    if (random.chance(50)) {
      const answering = random.pick(Object.keys(HOSTS))
      yield {
        source: answering,
        destination: source,
        protocol,
        sport: dport,
        dport: sport,
        type: 0,
        identifier: 1,
      }
    }
  }
}

/** Queries of ICMP and what answers them: the last is no query, and has no answer. */
const QUERIES: ReadonlyArray<readonly [query: number, answer: number]> = [
  [icmp.ECHO_REQUEST, icmp.ECHO_REPLY],
  [icmp.ECHO_REQUEST, icmp.ECHO_REPLY],
  [icmp.ECHO_REQUEST, icmp.ECHO_REPLY],
  [icmp.TIMESTAMP_REQUEST, icmp.TIMESTAMP_REPLY],
  [15, 16],
  [17, 18],
  [9, 10],
  [19, 255],
]

/** Queries and answers, of which some have another's identifier or code. */
export const pingTalk: Talk = function* (random) {
  const [client, server] = pair(random)
  const [query, answer] = random.pick(QUERIES)
  const identifier = random.pick([1, 2, 0x100])
  for (let n = random.between(1, 5); n > 0; n--) {
    const isQuery = random.chance(55)
    yield {
      source: isQuery ? client : server,
      destination: isQuery ? server : client,
      protocol: icmp.PROTOCOL,
      type: random.chance(90) === isQuery ? query : answer,
      code: random.chance(90) ? 0 : random.pick([1, 255]),
      identifier: random.chance(85) ? identifier : random.pick([1, 2]),
      payload: data(random),
    }
  }
}

const ERRORS: readonly number[] = [3, 3, 3, icmp.TIME_EXCEEDED, icmp.PARAMETER_PROBLEM, icmp.REDIRECT, 4]

/** Bytes of a quoted datagram that can be wrong: its addresses, protocol, ports or type, lengths, and whether it is one. */
const QUOTED_FIELDS: readonly number[] = [0, 3, 6, 9, 12, 15, 16, 19, 20, 21, 22, 23, 24, 25]

/** Errors about what has been sent, true and forged. */
export const errorTalk: Talk = function* (random, seen) {
  for (let n = random.between(1, 3); n > 0; n--) {
    const quoted = random.pick(seen.slice(-random.pick([3, 30])))
    if (quoted === undefined || quoted.length < ipv4.HEADER_LENGTH) return
    const payload = quoted.slice(0, random.pick([28, 28, 28, 1000, 24, 27, 20, 19, 8, 0]))
    if (random.chance(20)) payload[random.pick(QUOTED_FIELDS)] ^= random.pick([1, 2, 0x10, 0xff])
    const [from, to] = [formatIpv4(ipv4.destination(quoted, 0)), formatIpv4(ipv4.source(quoted, 0))]
    yield {
      source: random.chance(60) ? from : random.pick(Object.keys(HOSTS)),
      destination: random.chance(80) ? to : random.pick([...Object.keys(HOSTS), NODE]),
      protocol: icmp.PROTOCOL,
      type: random.pick(ERRORS),
      code: random.pick([0, 1, 3]),
      payload,
    }
  }
}

/**
 * GRE, that of PPTP, and such without PPP or too short; UDP-Lite whose checksum is what the kernel takes for right between
 * two of the hosts;
 * ESP, DCCP, ICMP of IPv6, and some that nobody knows.
 */
const OTHERS: ReadonlyArray<readonly [protocol: number, payload: readonly number[]]> = [
  [47, [0, 0, 8, 0]],
  [47, [0x20, 0, 8, 0, 0, 0, 0, 7]],
  [47, []],
  [47, [0x30, 1, 0x88, 0x0b, 0, 0, 0, 5]],
  [47, [0x30, 1, 0x88, 0x0b, 0, 0, 0, 6, 0, 0]],
  [47, [0x30, 1, 8, 0, 0, 0, 0, 5]],
  [47, [0x30, 1, 0x88, 0x0b, 0, 0]],
  [136, [3, 0xe8, 0, 0x35, 0, 8, 0xe7, 0xb8, 7, 7, 7, 7]],
  [136, [3, 0xe8, 3, 0xe8, 0, 0, 0xe4, 0x11]],
  [50, [0, 0, 0, 1, 0, 0, 0, 1]],
  [33, [3, 0xe8, 0, 53, 3, 0, 0, 0]],
  [58, [128, 0, 0, 0, 0, 1, 0, 1]],
  [2, [0x16, 0, 0, 0, 224, 0, 0, 1]],
  [255, []],
  [89, [1, 2, 3, 4]],
]

/** What is known by its addresses alone. */
export const otherTalk: Talk = function* (random) {
  const [one, other] = pair(random)
  const [protocol, payload] = random.pick(OTHERS)
  for (let n = random.between(1, 4); n > 0; n--) {
    const [source, destination] = random.chance(60) ? [one, other] : [other, one]
    yield { source, destination, protocol, payload: Uint8Array.from(payload) }
  }
}
