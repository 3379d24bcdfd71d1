/** Sessions told from beginning to end, in which NAT has to put everything right that it can. */
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { udpFrame } from '../netfilter/frames.js'
import type { Entering } from './bridge-under-test.js'
import { complaint, endsOf, enters, fieldsOf, handshake, seenNext, segment, selective } from './tcp-sides.js'
import { CLIENT_ADDRESS, CONTROL, SERVER_ADDRESS } from './translations.js'
import type { Translation } from './translations.js'

const { ACK, PSH } = tcp
const [L3, L4] = [14, 34]

/** A session, and the rules of the table nat that lie between. */
export interface Session {
  name: string
  rules: readonly string[]
  entering: Entering[]
}

/** Rules that attach helpers. */
export const HELPERS: readonly string[] = [
  '*raw',
  '-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp',
  '-A PREROUTING -p tcp -m tcp --dport 2121 -j CT --helper ftp',
  '-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp',
  'COMMIT',
]

const snat = (to: string): Translation => ({
  rules: [`-A POSTROUTING -s ${CLIENT_ADDRESS} -j SNAT --to-source ${to}`],
  clientSeen: to,
  serverSeen: SERVER_ADDRESS,
  port: CONTROL,
})
const dnat = (from: string): Translation => ({
  rules: [`-A PREROUTING -d ${from} -j DNAT --to-destination ${SERVER_ADDRESS}`],
  clientSeen: CLIENT_ADDRESS,
  serverSeen: from,
  port: CONTROL,
})

function session(
  name: string,
  between: Translation,
  talk: (between: Translation) => Generator<Entering>,
): Session {
  return { name, rules: between.rules, entering: [...talk(between)] }
}

/** All of them. */
export const SESSIONS: readonly Session[] = [
  session('active: the client announces a longer address', snat('10.0.0.140'), active),
  session('passive: the server announces a shorter address', dnat('1.2.3.4'), passive),
  session('a port that two announce, and none above it; and port 0', snat('10.0.0.9'), clash),
  session('an error about an adjusted segment', snat('10.0.0.140'), errors),
  session('TFTP', snat('10.0.0.140'), tftp),
]

/** Lines that come in fragments, which change in length: the kernel cuts them anew, and not as they came. */
export const FRAGMENTED: readonly Session[] = [
  session('a longer line', snat('10.0.0.140'), fragmented),
  session('a shorter line', snat('1.2.3.4'), fragmented),
]

function* fragmented(between: Translation): Generator<Entering> {
  const ends = endsOf(between, 3000, CONTROL, CONTROL)
  const [client, server] = ends
  yield* handshake(ends)
  yield segment(client, server, ACK | PSH, 'USER nobody\r\n')
  const longer = between.clientSeen.length - CLIENT_ADDRESS.length
  yield* cut(
    segment(client, server, ACK | PSH, `PORT 10,0,0,2,78,32\r\n${'NOOP\r\n'.repeat(6)}`, [], longer),
    32,
  )
  yield segment(server, client, ACK | PSH, '200 fine\r\n')
}

/** The first fragment has so many bytes of data, the second one the rest. */
function* cut({ port, frame }: Entering, first: number): Generator<Entering> {
  for (const [from, to] of [
    [0, first],
    [first, frame.length - L4],
  ]) {
    const b = Uint8Array.from([...frame.subarray(0, L4), ...frame.subarray(L4 + from, L4 + to)])
    ipv4.setTotalLength(b, L3, b.length - L3)
    ipv4.setFlags(b, L3, from === 0 ? ipv4.MORE_FRAGMENTS : 0)
    ipv4.setFragmentOffset(b, L3, from)
    ipv4.fillChecksum(b, L3)
    yield { port, frame: b }
  }
}

function* active(between: Translation): Generator<Entering> {
  const ends = endsOf(between, 3000, CONTROL, CONTROL)
  const [client, server] = ends
  yield* handshake(ends)
  yield segment(server, client, ACK | PSH, '220 hello\r\n')
  yield segment(client, server, ACK | PSH, 'USER nobody\r\n')
  const announced = segment(client, server, ACK | PSH, 'PORT 10,0,0,2,78,32\r\n', [], 2)
  yield announced
  yield announced
  const behind = seenNext(client)
  yield segment(client, server, ACK | PSH, 'NOOP\r\n')
  yield segment(client, server, ACK | PSH, 'STAT\r\n')
  yield selective(server, client, behind, [behind + 6, behind + 12])
  yield segment(server, client, ACK | PSH, '200 fine\r\n')
  yield segment(client, server, ACK | PSH, 'EPRT !1!10.0.0.2!20001!\r\n', [], 2)
  yield segment(server, client, ACK)
  yield segment(client, server, ACK | PSH, 'LIST\r\n')
  const [receiver, sender] = endsOf(between, 20_001, 20, 20)
  yield* handshake([sender, receiver])
  yield segment(sender, receiver, ACK | PSH, 'a file\r\n')
  yield segment(receiver, sender, ACK)
  yield segment(server, client, ACK | PSH, '226 done\r\n')
}

function* passive(between: Translation): Generator<Entering> {
  const ends = endsOf(between, 3000, CONTROL, CONTROL)
  const [client, server] = ends
  yield* handshake(ends)
  yield segment(server, client, ACK | PSH, '220 hello\r\n')
  yield segment(client, server, ACK | PSH, 'PASV\r\n')
  yield segment(server, client, ACK | PSH, '227 Entering Passive Mode (10,0,0,3,78,32).\r\n', [], -1)
  yield segment(client, server, ACK | PSH, 'EPSV\r\n')
  yield segment(server, client, ACK | PSH, '229 Entering Extended Passive Mode ($$$020001$)\r\n', [], -1)
  yield segment(client, server, ACK)
  yield* handshake(endsOf(between, 30_000, 20_001, 20_001))
  yield segment(server, client, ACK | PSH, '150 here it comes\r\n')
  yield segment(client, server, ACK)
}

function* clash(between: Translation): Generator<Entering> {
  for (const port of [3000, 3001]) {
    const ends = endsOf(between, port, CONTROL, CONTROL)
    const [client, server] = ends
    yield* handshake(ends)
    yield segment(client, server, ACK | PSH, 'USER nobody\r\n')
    yield segment({ ...client }, server, ACK | PSH, 'PORT 10,0,0,2,0,0\r\n')
    yield segment(client, server, ACK | PSH, 'PORT 10,0,0,2,255,255\r\n')
  }
}

/** One of the two is taken for TCP by the kernel, and adjusted. */
function* errors(between: Translation): Generator<Entering> {
  const ends = endsOf(between, 3000, CONTROL, CONTROL)
  const [client, server] = ends
  yield* handshake(ends)
  yield segment(client, server, ACK | PSH, 'USER nobody\r\n')
  yield segment(client, server, ACK | PSH, 'PORT 10,0,0,2,78,32\r\n', [], 2)
  yield segment(server, client, ACK | PSH, '200 fine\r\n')
  yield complaint(server, client, 3, 28, 0x10)
  yield complaint(client, server, 3, 28, 0x10)
}

function* tftp(between: Translation): Generator<Entering> {
  const [client, server] = endsOf(between, 3000, 69, 69)
  const [, answering] = endsOf(between, 3000, 40_000, 40_000)
  const request = udpFrame({ ...fieldsOf(client, server), payload: 12 })
  request.set([0, 1], udp.payload(L4))
  udp.fillChecksum(request, L4, L3 + 12)
  yield enters(client, request)
  yield enters(server, udpFrame({ ...fieldsOf(answering, client), payload: 4 }))
  yield enters(client, udpFrame({ ...fieldsOf(client, answering), payload: 4 }))
}
