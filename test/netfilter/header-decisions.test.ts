/** What matches that look at one packet's headers or way decide, at the edges of what they ask and beyond them. */
import t from 'tap'
import assert from 'node:assert/strict'
import { compile } from '../../src/netfilter/compile/compile.js'
import { FORWARD } from '../../src/netfilter/hook.js'
import { BROADCAST, MULTICAST, OTHER_HOST, UNICAST } from '../../src/netfilter/packet.js'
import type { Packet } from '../../src/netfilter/packet.js'
import type { Runtime } from '../../src/netfilter/runtime.js'
import { ACCEPT } from '../../src/netfilter/verdict.js'
import { formatIpv4 } from '../../src/wire/address.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import { tcpFrame, udpFrame } from './frames.js'
import { holds, packetOf, ruleSet, runtime } from './rules.js'

/** Text → values whose packets match, and values whose packets do not. */
type Decisions<T> = Record<string, { yes: readonly T[]; no: readonly T[] }>

/** Whether the matches hold; what is compiled of the rule must say the same. */
function decided(text: string, packet: Packet, world: Runtime): boolean | 'dropped' {
  const asked = holds(text, packet, world)
  packet.isMalformed = false
  const engine = compile(ruleSet(`*filter\n-A FORWARD ${text} -j DROP\nCOMMIT\n`), world)
  const isDropped = engine.judge(FORWARD, packet) !== ACCEPT
  assert.equal(isDropped && engine.culprit.isMalformed ? 'dropped' : isDropped, asked, text)
  return asked
}

function decides<T>(
  match: string,
  packetFor: (value: T) => Packet,
  decisions: Decisions<T>,
  world = runtime(),
): void {
  t.test(`${match} decides`, async (t) => {
    for (const [options, { yes, no }] of Object.entries(decisions)) {
      const text = `${match} ${options}`
      for (const one of yes) t.equal(decided(text, packetFor(one), world), true, `${text} on ${String(one)}`)
      for (const one of no) t.equal(decided(text, packetFor(one), world), false, `${text} on ${String(one)}`)
    }
  })
}

const bytesLong = (length: number): Packet => packetOf(udpFrame({ payload: length - 28, padding: 5 }))
decides('-m length', bytesLong, {
  '--length 100': { yes: [100], no: [99, 101] },
  '! --length 100': { yes: [99, 101], no: [100] },
  '--length 100:200': { yes: [100, 101, 199, 200], no: [99, 201] },
  '! --length 100:200': { yes: [99, 201], no: [100, 101, 199, 200] },
  '--length :100': { yes: [28, 99, 100], no: [101] },
  '--length 100:': { yes: [100, 101, 65_535], no: [99] },
  '--length 65535': { yes: [65_535], no: [65_534] },
  // The greater end first: nothing is in between.
  '--length 200:100': { yes: [], no: [99, 100, 150, 200, 201] },
  '! --length 200:100': { yes: [99, 100, 150, 200, 201], no: [] },
})

decides('-m ttl', (ttl: number) => packetOf(udpFrame({ ttl })), {
  '--ttl-eq 64': { yes: [64], no: [63, 65] },
  '! --ttl-eq 64': { yes: [63, 65], no: [64] },
  '--ttl-eq 255': { yes: [255], no: [0, 254] },
  '--ttl-lt 64': { yes: [0, 63], no: [64, 65, 255] },
  '--ttl-gt 64': { yes: [65, 255], no: [0, 63, 64] },
  '--ttl-lt 0': { yes: [], no: [0, 1, 255] },
  '--ttl-gt 255': { yes: [], no: [0, 254, 255] },
})

function withTos(tos: number): Packet {
  const frame = udpFrame()
  ipv4.setTos(frame, 14, tos)
  ipv4.fillChecksum(frame, 14)
  return packetOf(frame)
}
decides('-m tos', withTos, {
  '--tos 0x10': { yes: [0x10], no: [0x0f, 0x11, 0x90] },
  '! --tos 0x10': { yes: [0x0f, 0x11, 0x90], no: [0x10] },
  '--tos Minimize-Delay': { yes: [0x10, 0x50, 0xd0], no: [0x11, 0x30, 0x00] },
  '--tos 0xc0/0xc0': { yes: [0xc0, 0xff], no: [0x80, 0x40, 0xbf] },
  // A bit outside the mask is never found set.
  '--tos 0x10/0x0f': { yes: [], no: [0x00, 0x10, 0x1f] },
  '! --tos 0x10/0x0f': { yes: [0x00, 0x10, 0x1f], no: [] },
  '--tos 0/0': { yes: [0, 0xff], no: [] },
})
decides('-m dscp', withTos, {
  // The two bits of ECN do not count.
  '--dscp 46': { yes: [0xb8, 0xb9, 0xbb], no: [0xb7, 0xbc] },
  '! --dscp-class EF': { yes: [0xb7, 0xbc], no: [0xb8, 0xb9, 0xbb] },
  '--dscp 0': { yes: [0x00, 0x03], no: [0x04, 0xff] },
  '--dscp 63': { yes: [0xfc, 0xff], no: [0xfb, 0x00] },
})

decides('-m mark', (mark: number) => packetOf(udpFrame(), { mark }), {
  '--mark 5': { yes: [5], no: [4, 6, 0x80000005] },
  '! --mark 5': { yes: [4, 6, 0x80000005], no: [5] },
  '--mark 0xffffffff': { yes: [0xffffffff], no: [0xfffffffe, 0] },
  '--mark 0x80000000/0x80000000': { yes: [0x80000000, 0xffffffff], no: [0x7fffffff, 0] },
  '! --mark 0x80000000/0x80000000': { yes: [0x7fffffff, 0], no: [0x80000000, 0xffffffff] },
  '--mark 0x100/0xff': { yes: [], no: [0, 0x100, 0x1ff] },
  '! --mark 0x100/0xff': { yes: [0, 0x100, 0x1ff], no: [] },
  '--mark 0/0': { yes: [0, 0xffffffff], no: [] },
})

/** `SOURCE > DESTINATION`. */
function between(way: string): Packet {
  const [source, destination] = way.split(' > ')
  return packetOf(udpFrame({ source, destination }), { inInterface: 'br100', outInterface: 'eth9' })
}
decides('-m iprange', between, {
  '--src-range 10.0.0.5-10.0.1.1': {
    yes: ['10.0.0.5 > 1.1.1.1', '10.0.0.255 > 1.1.1.1', '10.0.1.1 > 1.1.1.1'],
    no: ['10.0.0.4 > 10.0.0.5', '10.0.1.2 > 10.0.0.5'],
  },
  '--src-range 10.0.0.5': { yes: ['10.0.0.5 > 1.1.1.1'], no: ['10.0.0.4 > 1.1.1.1', '10.0.0.6 > 10.0.0.5'] },
  // Across the sign bit.
  '--dst-range 127.255.255.255-200.0.0.0': {
    yes: ['1.1.1.1 > 127.255.255.255', '1.1.1.1 > 128.0.0.0', '1.1.1.1 > 200.0.0.0'],
    no: ['128.0.0.0 > 127.255.255.254', '128.0.0.0 > 200.0.0.1'],
  },
  '! --dst-range 127.255.255.255-200.0.0.0': {
    yes: ['128.0.0.0 > 127.255.255.254', '128.0.0.0 > 200.0.0.1'],
    no: ['1.1.1.1 > 127.255.255.255', '1.1.1.1 > 128.0.0.0', '1.1.1.1 > 200.0.0.0'],
  },
  '--src-range 10.0.0.1 ! --dst-range 10.0.0.2': {
    yes: ['10.0.0.1 > 10.0.0.3'],
    no: ['10.0.0.1 > 10.0.0.2', '10.0.0.2 > 10.0.0.3'],
  },
  '--src-range 10.0.0.9-10.0.0.1': {
    yes: [],
    no: ['10.0.0.1 > 1.1.1.1', '10.0.0.5 > 1.1.1.1', '10.0.0.9 > 1.1.1.1'],
  },
  '! --src-range 10.0.0.9-10.0.0.1': { yes: ['10.0.0.1 > 1.1.1.1', '10.0.0.5 > 1.1.1.1'], no: [] },
})

decides('-m mac', (from: string) => packetOf(udpFrame({ from })), {
  '--mac-source 02:00:00:00:00:07': {
    yes: ['02:00:00:00:00:07'],
    no: ['02:00:00:00:00:08', '03:00:00:00:00:07'],
  },
  '! --mac-source 02:00:00:00:00:07': {
    yes: ['02:00:00:00:00:08', '03:00:00:00:00:07'],
    no: ['02:00:00:00:00:07'],
  },
})
// What the node itself sends has no frame yet, and does not match, negated or not.
decides('-m mac', (frame: number) => packetOf(udpFrame(), { frame }), {
  '--mac-source 02:00:00:00:00:01': { yes: [0], no: [-1] },
  '! --mac-source 02:00:00:00:00:09': { yes: [0], no: [-1] },
})

decides('-m pkttype', (type: number) => packetOf(udpFrame(), { type }), {
  '--pkt-type unicast': { yes: [UNICAST], no: [BROADCAST, MULTICAST, OTHER_HOST] },
  '--pkt-type broadcast': { yes: [BROADCAST], no: [UNICAST, MULTICAST, OTHER_HOST] },
  '--pkt-type multicast': { yes: [MULTICAST], no: [UNICAST, BROADCAST, OTHER_HOST] },
  '--pkt-type otherhost': { yes: [OTHER_HOST], no: [UNICAST, BROADCAST, MULTICAST] },
  '! --pkt-type multicast': { yes: [UNICAST, BROADCAST, OTHER_HOST], no: [MULTICAST] },
})

/** Bridged; for the node; by no port. */
const [ACROSS, UP, ROUTED] = ['eth0 > eth1', 'eth0 > ', ' > ']
function byPorts(way: string): Packet {
  const [physicalIn, physicalOut] = way.split(' > ')
  return packetOf(udpFrame(), { physicalIn, physicalOut, isBridged: physicalOut !== '' })
}
decides('-m physdev', byPorts, {
  '--physdev-in eth0': { yes: [ACROSS, UP], no: ['eth1 > eth0', 'eth > eth0', 'eth01 > eth0', ROUTED] },
  '! --physdev-in eth0': { yes: ['eth1 > eth0', ROUTED], no: [ACROSS, UP] },
  '--physdev-in eth+': { yes: [ACROSS, 'eth > a', 'eth99 > a'], no: ['et > a', 'veth0 > a', ROUTED] },
  '--physdev-in +': { yes: [ACROSS, UP], no: [ROUTED] },
  '--physdev-out eth1': { yes: [ACROSS], no: ['eth0 > eth2', UP, ROUTED] },
  // Without a port out none is another one; but of a packet that came by no port all that is negated holds.
  '! --physdev-out eth1': { yes: ['eth0 > eth2', ROUTED], no: [ACROSS, UP] },
  '--physdev-is-in': { yes: [ACROSS, UP], no: [ROUTED] },
  '! --physdev-is-in': { yes: [ROUTED], no: [ACROSS, UP] },
  '--physdev-is-out': { yes: [ACROSS], no: [UP, ROUTED] },
  '! --physdev-is-out': { yes: [UP, ROUTED], no: [ACROSS] },
  '--physdev-is-bridged': { yes: [ACROSS], no: [UP, ROUTED] },
  '! --physdev-is-bridged': { yes: [UP, ROUTED], no: [ACROSS] },
  '--physdev-in eth0 ! --physdev-out eth1': { yes: ['eth0 > eth2'], no: [ACROSS, UP, 'eth1 > eth2', ROUTED] },
  '! --physdev-in eth1 ! --physdev-is-bridged': { yes: [UP, ROUTED], no: [ACROSS, 'eth1 > eth2'] },
})

/** A node that has 10.0.0.1 on br100 and 10.0.0.2 on another interface. */
const node = runtime({
  addressType(address, interfaceName) {
    if (address >>> 28 === 14) return 'MULTICAST'
    const own = { '10.0.0.1': 'br100', '10.0.0.2': 'eth0' }[formatIpv4(address)]
    return own !== undefined && (interfaceName === '' || interfaceName === own) ? 'LOCAL' : 'UNICAST'
  },
})
decides(
  '-m addrtype',
  between,
  {
    '--src-type LOCAL': { yes: ['10.0.0.1 > 10.0.0.9'], no: ['10.0.0.9 > 10.0.0.1'] },
    '! --src-type LOCAL': { yes: ['10.0.0.9 > 10.0.0.1'], no: ['10.0.0.1 > 10.0.0.9'] },
    '--dst-type LOCAL,MULTICAST': {
      yes: ['1.1.1.1 > 10.0.0.2', '1.1.1.1 > 224.0.0.1'],
      no: ['10.0.0.1 > 1.1.1.1'],
    },
    '--src-type LOCAL ! --dst-type LOCAL': {
      yes: ['10.0.0.1 > 10.0.0.9'],
      no: ['10.0.0.1 > 10.0.0.2', '10.0.0.9 > 10.0.0.8'],
    },
    '--dst-type LOCAL --limit-iface-in': { yes: ['1.1.1.1 > 10.0.0.1'], no: ['1.1.1.1 > 10.0.0.2'] },
    '--dst-type LOCAL --limit-iface-out': { yes: [], no: ['1.1.1.1 > 10.0.0.1', '1.1.1.1 > 10.0.0.2'] },
    '! --dst-type LOCAL --limit-iface-out': { yes: ['1.1.1.1 > 10.0.0.1'], no: [] },
  },
  node,
)

/** A SYN with these bytes of options, which fill whole words. */
function synWith(...options: number[]): Packet {
  const frame = tcpFrame(tcp.SYN, { payload: options.length })
  tcp.setDataOffset(frame, 34, tcp.HEADER_LENGTH + options.length)
  frame.set(options, 54)
  return packetOf(frame)
}
const mss = (size: number): number[] => [2, 4, size >> 8, size & 255]

decides('-p tcp -m tcpmss', (size: number) => synWith(...mss(size)), {
  '--mss 1000:1460': { yes: [1000, 1001, 1459, 1460], no: [999, 1461] },
  '! --mss 1000:1460': { yes: [999, 1461], no: [1000, 1001, 1459, 1460] },
  '--mss 536': { yes: [536], no: [535, 537] },
  '--mss 65535': { yes: [65_535], no: [65_534, 0] },
})
decides('-p tcp -m tcpmss', (options: string) => synWith(...Buffer.from(options, 'hex')), {
  // In turn: the end of the list, which does not end it; a length of 0, which counts as 1; the first of two.
  '--mss 1460': {
    yes: ['00010101020405b4', '09000101020405b4', '020405b402040218'],
    no: ['02040218020405b4'],
  },
  // No options; a length of 3; one that runs past the end; half an MSS; an MSS inside another option.
  '--mss :': { yes: [], no: ['', '02030500', '080a0204', '01010204', '0308020405b40000'] },
  '! --mss :': { yes: ['', '02030500', '080a0204', '01010204', '0308020405b40000'], no: [] },
})

t.test('tcpmss drops headers that it cannot judge', async (t) => {
  const short = tcpFrame(tcp.SYN)
  tcp.setDataOffset(short, 34, 16)
  const long = tcpFrame(tcp.SYN)
  tcp.setDataOffset(long, 34, 24)
  const cut = tcpFrame(tcp.SYN)
  ipv4.setTotalLength(cut, 14, 39)
  for (const [what, frame] of Object.entries({ short, long, cut }))
    for (const not of ['', '! ']) {
      const said = decided(`-p tcp -m tcpmss ${not}--mss 1`, packetOf(frame), runtime())
      t.equal(said, 'dropped', `${what} ${not}`)
    }
})
