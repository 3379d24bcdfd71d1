/**
 * The port guard against the kernel's: libvirt's filters as ebtables has them, random frames of honest and of forging
 * hosts, rules behind it. What leaves and every counter are the same; what was not let in was not learned from.
 * `--seed N`, or BR100_SEED=N, begins where a failure was; `npm run soak` does more.
 */
import t from 'tap'
import { formatIpv4, parseIpv4, parseMac } from '../../src/wire/address.js'
import * as arp from '../../src/wire/arp.js'
import { needs } from '../tools.js'
import { runs } from '../soak.js'
import { OPTIONS, agreeOnSeeds } from './agreement.js'
import { PORTS } from './bridge-under-test.js'
import type { BridgeOptions, Entering } from './bridge-under-test.js'
import { draftOf, frameOf } from './draft.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { packetsFor } from './packets-for-rules.js'
import { Random } from './random.js'
import { ADDRESSES, STATIONS, home } from './values.js'

const FRAMES = 300
const { numRuns, seed: usualSeed } = runs(8)
const SETS = Math.min(numRuns, 100)

/** Some that say what has come so far. */
const RULES = [
  '*raw',
  '-A PREROUTING -p udp',
  '-A PREROUTING -s 10.0.0.2',
  'COMMIT',
  '*filter',
  '-A FORWARD -p tcp',
  'COMMIT',
]

/** What the host behind a port would be: a station that is at home there, and its address. */
const honest = (port: string): { mac: string; ip: string } => {
  const mac = STATIONS.find((station) => home(station) === port)!
  return { mac, ip: formatIpv4(0x0a000000 | parseMac(mac)![5]) }
}

function randomOptions(random: Random): BridgeOptions {
  const guards = Object.fromEntries(
    Object.keys(PORTS).flatMap((port) => {
      const { mac, ip } = honest(port)
      const guard = random.pick([{ mac, ip, dhcpServer: '10.0.0.1' }, { mac, ip }, { mac }, { ip }, null])
      return guard === null ? [] : [[port, guard]]
    }),
  )
  return { ...random.pick(OPTIONS), guards }
}

/** ARP that is right, or not in one place or two, whole or cut, tagged or not. */
function randomArp(random: Random): Entering {
  const port = random.pick(Object.keys(PORTS))
  const { mac, ip } = honest(port)
  const b = new Uint8Array(60)
  b.set(parseMac('ff:ff:ff:ff:ff:ff')!)
  b.set(parseMac(random.chance(90) ? mac : random.pick(STATIONS))!, 6)
  const at = random.chance(10) ? 18 : 14
  if (at === 18) b.set([0x81, 0x00, 0x00, 0x05], 12)
  b.set(random.chance(90) ? [0x08, 0x06] : [0x80, 0x35], at - 2)
  arp.setHardwareType(b, at, random.chance(90) ? arp.ETHERNET : random.pick([0, 6, 255]))
  arp.setProtocolType(b, at, random.chance(90) ? 0x0800 : random.pick([0x86dd, 0x0801]))
  arp.setHlen(b, at, random.chance(90) ? 6 : random.pick([0, 5, 7, 8, 255]))
  arp.setPlen(b, at, random.chance(90) ? 4 : random.pick([0, 6, 16]))
  arp.setOperation(b, at, random.pick([arp.REQUEST, arp.REPLY, 3, 0]))
  arp.setSha(b, at, parseMac(random.chance(80) ? mac : random.pick(STATIONS))!, 0)
  arp.setSpa(b, at, parseIpv4(random.chance(80) ? ip : random.pick([...ADDRESSES, '0.0.0.0']))!)
  arp.setTpa(b, at, parseIpv4('10.0.0.3')!)
  return { port, frame: random.chance(90) ? b : b.slice(0, random.between(14, 60)) }
}

/** IPv4 that the guard has an opinion on: of 0.0.0.0, of the host, of another. */
function randomIpv4(random: Random): Entering {
  const port = random.pick(Object.keys(PORTS))
  const { mac, ip } = honest(port)
  const frame = frameOf(
    draftOf({
      port,
      from: random.chance(90) ? mac : random.pick(STATIONS),
      to: random.pick([...STATIONS, 'ff:ff:ff:ff:ff:ff']),
      source: random.pick([ip, ip, '0.0.0.0', ...ADDRESSES]),
      destination: random.pick(['255.255.255.255', '10.0.0.3']),
      protocol: random.pick([17, 17, 6, 1]),
      sport: random.pick([68, 68, 67, 1024]),
      dport: random.pick([67, 67, 68, 53]),
      fragmentOffset: random.chance(5) ? 8 : 0,
      tags: random.chance(5) ? [[0x8100, 5]] : [],
    }),
  )
  return { port, frame: random.chance(95) ? frame : frame.slice(0, random.between(14, 40)) }
}

function randomFrames(random: Random): Entering[] {
  const others = packetsFor(random, RULES, FRAMES)
  return others.map((other) => random.pick([other, randomArp(random), randomIpv4(random)]))
}

t.setTimeout(600_000)

t.test('what guards let in, and what rules see of it', { timeout: 600_000 }, async (t) => {
  if (!needsKernelBridge(t) || !needs(t, 'ebtables')) return
  const make = (seed: number) => {
    const random = new Random(seed)
    return { options: randomOptions(random), rules: RULES, entering: randomFrames(random) }
  }
  await agreeOnSeeds(t, SETS, usualSeed, make)
})
