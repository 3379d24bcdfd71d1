/** Random conversations as frames, several at once, between a few hosts behind the bridge's ports. */
import { BRIDGE_MAC, PORTS } from './bridge-under-test.js'
import type { Entering } from './bridge-under-test.js'
import { damages } from './damage.js'
import { errorTalk, groupTalk, otherTalk, pingTalk, udpTalk } from './datagram-talks.js'
import { draftOf, frameOf } from './draft.js'
import { notComplainedOf } from './packets-for-rules.js'
import type { Random } from './random.js'
import { sctpTalk } from './sctp-talk.js'
import { GROUPS, HOSTS, MACS } from './talk.js'
import type { Message, Talk } from './talk.js'
import { tcpTalk } from './tcp-talk.js'
import { home } from './values.js'

/** Each as often as it stands here. */
const TALKS: readonly Talk[] = [
  tcpTalk,
  tcpTalk,
  tcpTalk,
  tcpTalk,
  sctpTalk,
  sctpTalk,
  udpTalk,
  udpTalk,
  pingTalk,
  errorTalk,
  errorTalk,
  otherTalk,
  groupTalk,
]

const ETHERNET = 14
/** Conversations at once. */
const AT_ONCE = 5

/** `count` frames, and the ports they enter by. */
export function conversations(random: Random, count: number): Entering[] {
  const frames: Entering[] = []
  const seen: Uint8Array[] = []
  const talks: Array<Generator<Message, void>> = []
  while (frames.length < count) {
    if (talks.length < AT_ONCE) talks.push(random.pick(TALKS)(random, seen))
    const talk = random.pick(talks)
    const { value, done } = talk.next()
    if (done === true) talks.splice(talks.indexOf(talk), 1)
    // The node's part is up to the node, and groups say nothing.
    if (value === undefined || !(value.source in HOSTS)) continue
    const entering = onTheWire(random, value)
    seen.push(entering.frame.slice(ETHERNET))
    frames.push(entering)
  }
  return frames
}

/** As a host sends it, or a neighbour that says it is one. */
function onTheWire(random: Random, message: Message): Entering {
  const sender = random.chance(96) ? message.source : random.pick(Object.keys(HOSTS))
  const from = HOSTS[sender]
  const port = random.chance(98) ? home(from) : random.pick(Object.keys(PORTS))
  const to = random.chance(94) ? (MACS[message.destination] ?? GROUPS[message.destination]) : undefined
  const draft = draftOf({ ...message, port, from, to: to ?? random.pick(ELSEWHERE) })
  return { port, frame: notComplainedOf(damaged(random, frameOf(draft))) }
}

/** Everybody, a group, the node, a port of its own, and somebody whom nobody knows. */
const ELSEWHERE: readonly string[] = [
  'ff:ff:ff:ff:ff:ff',
  'ff:ff:ff:ff:ff:ff',
  '01:00:5e:00:00:01',
  BRIDGE_MAC,
  PORTS['vnet0'],
  '02:00:00:00:00:77',
  '02:00:00:00:00:77',
  '01:80:c2:00:00:0e',
]

/** Now and then: most often it is the transport's checksum, or, for UDP, there is none. */
function damaged(random: Random, frame: Uint8Array): Uint8Array {
  if (random.chance(95)) return frame
  if (random.chance(40)) return random.pick(damages)(frame, random)
  const b = frame.slice()
  const at = ETHERNET + 20 + random.pick([2, 6, 16])
  if (at < b.length) b[at] ^= 0x55
  if (frame[ETHERNET + 9] === 17 && random.chance(50)) b.set([0, 0], ETHERNET + 26)
  return b
}
