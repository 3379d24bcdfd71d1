/** FTP sessions and TFTP requests, and the connections that they announce, in whatever form and place. */
import { tcpFrame, udpFrame } from '../netfilter/frames.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import type { Entering } from './bridge-under-test.js'
import type { Random } from './random.js'
import { home } from './values.js'

const L3 = 14
const L4 = L3 + 20
const [SYN, ACK, PSH] = [2, 16, 8]
const [CLIENT, SERVER] = [2, 3]
const stationOf = (host: number): string => `02:00:00:00:00:0${host}`
const addressOf = (host: number): string => `10.0.0.${host}`

/** What a client says: some of it announces 1025, or would if it were right. */
const COMMANDS = [
  'USER nobody\r\n',
  'PORT 10,0,0,2,4,1\r\n',
  'port 10,0,0,2,4,1\r\n',
  'PORT 10,0,0,2,4,1 \r\n',
  'PORT 10,0,0,9,4,1\r\n',
  'PORT 10,0,0,2,4',
  'POR',
  'EPRT |1|10.0.0.2|1025|\r\n',
  'EPRT !1!10.0.0.2!1025!\r\n',
  'EPRT |2|::1|1025|\r\n',
  'EPRT |1|10.0.0.2|0|\r\n',
  'LIST\r\nPORT 10,0,0,2,4,1\r\n',
  'PASV\r\n',
]
const ANSWERS = [
  '220 hello\r\n',
  '227 Entering Passive Mode (10,0,0,3,4,1)\r\n',
  '227 10,0,0,3,4,1\r\n',
  '227 Entering Passive Mode (10,0,0,9,4,1).\r\n',
  '227 no numbers\r\n',
  '22',
  '229 Entering Extended Passive Mode (|||1025|)\r\n',
  '229 Entering Extended Passive Mode (||1025|)\r\n',
  '229 (|||1025',
  '200 fine\r\n',
]

/** One session of each, what they announce tried now and then; in between something gets lost. */
export function announcements(random: Random, count: number): Entering[] {
  const entering: Entering[] = []
  for (let sport = 1000; entering.length < count; sport++)
    entering.push(...(random.chance(75) ? ftpSession(random, sport) : tftpRequest(random, sport)))
  return entering
}

const entry = (from: number, frame: Uint8Array): Entering => ({ port: home(stationOf(from)), frame })

function ends(from: number, sport: number, dport: number): Parameters<typeof udpFrame>[0] {
  const to = from === CLIENT ? SERVER : CLIENT
  return {
    source: addressOf(from),
    destination: addressOf(to),
    from: stationOf(from),
    to: stationOf(to),
    sport,
    dport,
  }
}

function ftpSession(random: Random, sport: number): Entering[] {
  const next = [0, 1000, 5000, 0]
  const segment = (from: number, flags: number, text = ''): Entering => {
    const isClient = from === CLIENT
    const frame = tcpFrame(flags, {
      ...(isClient ? ends(from, sport, 21) : ends(from, 21, sport)),
      payload: text.length,
    })
    tcp.setSequenceNumber(frame, L4, next[from === CLIENT ? 1 : 2])
    if ((flags & ACK) !== 0) tcp.setAcknowledgmentNumber(frame, L4, next[from === CLIENT ? 2 : 1])
    tcp.setWindow(frame, L4, 8000)
    frame.set(Buffer.from(text, 'latin1'), tcp.payload(frame, L4))
    tcp.fillChecksum(frame, L4, frame.length, L3 + 12)
    next[from === CLIENT ? 1 : 2] += text.length + ((flags & SYN) === 0 ? 0 : 1)
    return entry(from, frame)
  }
  const said = [
    segment(CLIENT, SYN),
    segment(SERVER, SYN | ACK),
    segment(CLIENT, ACK),
    segment(SERVER, ACK | PSH, '220 hello\r\n'),
    segment(CLIENT, ACK | PSH, 'USER nobody\r\n'),
  ]
  for (let n = random.between(1, 6); n > 0; n--) {
    const from = random.pick([CLIENT, SERVER])
    said.push(segment(from, ACK | PSH, random.pick(from === CLIENT ? COMMANDS : ANSWERS)))
    if (random.chance(60)) said.push(...dataConnection(random, sport))
  }
  if (random.chance(15)) said.splice(random.below(said.length), 1)
  return said
}

function dataConnection(random: Random, sport: number): Entering[] {
  const from = random.pick([CLIENT, SERVER])
  return [entry(from, tcpFrame(SYN, ends(from, 20_000 + sport, 1025)))]
}

function tftpRequest(random: Random, sport: number): Entering[] {
  const request = udpFrame({ ...ends(CLIENT, sport, 69), payload: 12 })
  request.set([0, random.between(0, 3)], udp.payload(L4))
  udp.fillChecksum(request, L4, L3 + 12)
  const answer = udpFrame(ends(SERVER, 30_000 + sport, random.chance(80) ? sport : sport + 1))
  return [
    entry(CLIENT, request),
    entry(SERVER, answer),
    entry(CLIENT, udpFrame(ends(CLIENT, sport, 30_000 + sport))),
  ]
}
