/** Very many random packets through rules that track and translate: memory is bounded, and nothing is left behind. */
import t from 'tap'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import { fromTimestamp } from '../../src/core/clock.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as udp from '../../src/wire/udp.js'
import { icmpFrame, tcpFrame, udpFrame } from '../netfilter/frames.js'
import { ruleSet } from '../netfilter/rules.js'
import { Lab, mac } from '../packets.js'
import { SOAK } from '../soak.js'

const PACKETS = SOAK ? 10_000_000 : 100_000
const MOST = SOAK ? 65_536 : 8192
const AT_ONCE = 200
const L3 = 14
const L4 = L3 + ipv4.HEADER_LENGTH

const RULES = `*raw
-A PREROUTING -p udp --dport 1025 -j NOTRACK
COMMIT
*nat
-A PREROUTING -d 10.0.0.7 -j DNAT --to-destination 10.0.0.1-10.0.1.144
-A POSTROUTING -s 10.0.0.0/25 -j SNAT --to-source 192.0.2.1-192.0.2.3
COMMIT
*filter
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate NEW -m length --length 44 -j DROP
-A FORWARD -p tcp --dport 1030 -j REJECT --reject-with tcp-reset
COMMIT
`

t.setTimeout(900_000)
t.test(`${PACKETS} packets, ${MOST} connections at most`, { timeout: 900_000 }, async (t) => {
  const lab = new Lab({ ports: { p0: {}, p1: {} }, small: 2000 })
  const attached = attachRules(lab.plane, {
    rules: ruleSet(RULES),
    conntrack: { most: MOST, verifiesChecksums: false },
  })
  let state = 20_240_711
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return Math.floor(((state >>> 0) / 0x100000000) * below)
  }
  const frames = [
    udpFrame({ payload: 16 }),
    udpFrame(),
    ...[0x02, 0x12, 0x10, 0x04, 0x11].map((flags) => tcpFrame(flags)),
    icmpFrame(8, 0),
    icmpFrame(0, 0),
    icmpFrame(3, 1, { payload: 28 }),
  ]
  const stations = [mac('02:00:00:00:00:01'), mac('02:00:00:00:00:02')]
  const randomFrame = (side: number): Uint8Array => {
    const b = frames[random(frames.length)].slice()
    b.set(stations[1 - side])
    b.set(stations[side], 6)
    ipv4.setSource(b, L3, 0x0a000001 + random(400))
    ipv4.setDestination(b, L3, 0x0a000001 + random(400))
    if (b.length > L4 + 4) udp.setSourcePort(b, L4, 1024 + random(50))
    if (b.length > L4 + 4) udp.setDestinationPort(b, L4, 1024 + random(10))
    ipv4.fillChecksum(b, L3)
    return b
  }
  const table = attached.connections!.table
  let most = 0
  for (let i = 0; i < PACKETS; i += AT_ONCE) {
    const side = random(2)
    lab.send(side === 0 ? 'p0' : 'p1', ...Array.from({ length: AT_ONCE }, () => randomFrame(side)))
    for (const left of Object.values(lab.left)) left.length = 0
    lab.now += AT_ONCE / 2000
    most = Math.max(most, table.count)
  }
  t.ok(most > MOST / 4 && most <= MOST, `${most} at most`)
  const { forwarded, flooded, delivered, dropped } = lab.plane.totals
  t.equal(forwarded + flooded + delivered + dropped, PACKETS, 'every packet went somewhere')
  t.ok(forwarded > PACKETS / 10 && dropped > PACKETS / 10)
  lab.now += 500_000
  table.clean(fromTimestamp(lab.now, 0))
  t.equal(table.count, 0, 'when time has passed nothing is left')
})
