import t from 'tap'
import { parseIpv4 } from '../../src/wire/address.js'
import * as arp from '../../src/wire/arp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as udp from '../../src/wire/udp.js'
import { BROADCAST, Lab, frame, mac } from '../packets.js'

const [VM, OTHER, GATEWAY] = ['fa:16:3e:2c:e8:ec', 'fa:16:3e:00:00:09', '08:00:27:15:85:17']
const IP = parseIpv4('10.0.0.2')!
const GUARD = { mac: mac(VM), ip: IP, dhcpServer: parseIpv4('10.0.0.1')! }

function typed(type: number, from = VM, to = GATEWAY): Uint8Array {
  const b = frame(to, from)
  b.set([type >> 8, type & 255], 12)
  return b
}

interface Arp {
  from?: string
  sha?: string
  spa: string
  operation?: number
  tag?: boolean
}

function arpFrame({ from = VM, sha = VM, spa, operation = arp.REQUEST, tag = false }: Arp): Uint8Array {
  const b = typed(tag ? 0x8100 : 0x0806, from, BROADCAST)
  const at = tag ? 18 : 14
  if (tag) b.set([0x00, 0x05, 0x08, 0x06], 14)
  arp.setHardwareType(b, at, arp.ETHERNET)
  arp.setProtocolType(b, at, 0x0800)
  arp.setHlen(b, at, 6)
  arp.setPlen(b, at, 4)
  arp.setOperation(b, at, operation)
  arp.setSha(b, at, mac(sha), 0)
  arp.setSpa(b, at, parseIpv4(spa)!)
  return b
}

function udpFrame(source: string, from: [string, number], to: number, protocol = 17): Uint8Array {
  const b = typed(0x0800, from[0])
  b[14] = 0x45
  ipv4.setProtocol(b, 14, protocol)
  ipv4.setSource(b, 14, parseIpv4(source)!)
  udp.setSourcePort(b, 34, from[1])
  udp.setDestinationPort(b, 34, to)
  return b
}

/** The rows of what was measured of nova-base on a compute node: what a host at 10.0.0.2 sends, and what becomes of it. */
const MATRIX: ReadonlyArray<[what: string, frame: Uint8Array, reason: string | null]> = [
  ['ARP request of its own', arpFrame({ spa: '10.0.0.2' }), null],
  ['ARP reply of its own', arpFrame({ spa: '10.0.0.2', operation: arp.REPLY }), null],
  ['ARP with another sender address', arpFrame({ spa: '10.0.0.99' }), 'arp-spoof'],
  ['ARP reply that claims the gateway', arpFrame({ spa: '10.0.0.1', operation: arp.REPLY }), 'arp-spoof'],
  ['ARP with another sender MAC address', arpFrame({ spa: '10.0.0.2', sha: OTHER }), 'arp-spoof'],
  ['ARP probe', arpFrame({ spa: '0.0.0.0' }), 'arp-spoof'],
  ['ARP from another MAC address', arpFrame({ spa: '10.0.0.2', from: OTHER }), 'mac-spoof'],
  ['IPv6 from another MAC address', typed(0x86dd, OTHER), 'mac-spoof'],
  ['IPv4 from another MAC address', udpFrame('10.0.0.2', [OTHER, 1024], 53), 'mac-spoof'],
  ['IPv4 from another address', udpFrame('10.0.0.77', [VM, 1024], 53), 'ip-spoof'],
  ['IPv4 of its own', udpFrame('10.0.0.2', [VM, 1024], 53), null],
  ['UDP from 0.0.0.0, any ports', udpFrame('0.0.0.0', [VM, 1024], 53), null],
  ['DHCP DISCOVER', udpFrame('0.0.0.0', [VM, 68], 67), null],
  ['TCP from 0.0.0.0', udpFrame('0.0.0.0', [VM, 68], 67, 6), 'ip-spoof'],
  ["a DHCP server's answer", udpFrame('10.0.0.2', [VM, 67], 68), null],
  ['IPv6', typed(0x86dd), null],
  ['an unknown EtherType', typed(0x1234), null],
  ['RARP', typed(0x8035), null],
  ['ARP of another sender behind a VLAN tag', arpFrame({ spa: '10.0.0.1', tag: true }), null],
  ['a tag from another MAC address', arpFrame({ spa: '10.0.0.2', from: OTHER, tag: true }), 'mac-spoof'],
]

t.test('what a guarded host may send, and what not', async (t) => {
  for (const [what, sent, reason] of MATRIX) {
    const lab = new Lab({ ports: { vnet0: { guard: GUARD }, eth2: {} } })
    t.same(lab.send('vnet0', sent), reason === null ? ['eth2'] : [], what)
    t.same(lab.drops, reason === null ? {} : { [reason]: 1 }, what)
    t.same(
      Object.keys(lab.stations),
      reason === null ? [VM] : [],
      `${what}: learned from only if it was let in`,
    )
    t.equal(lab.plane.totals.dropped, reason === null ? 0 : 1, what)
  }
})

t.test('toward the host everything passes, and other ports are free', async (t) => {
  const lab = new Lab({ ports: { vnet0: { guard: GUARD }, eth2: {} } })
  for (const [what, sent] of MATRIX) t.same(lab.send('eth2', sent), ['vnet0'], what)
})

t.test('of a burst the rest goes on in its order', async (t) => {
  const lab = new Lab({ ports: { vnet0: { guard: GUARD }, eth2: {} } })
  lab.send('vnet0', ...MATRIX.map(([, sent]) => sent))
  t.same(
    lab.left['eth2'],
    MATRIX.filter(([, , reason]) => reason === null).map(([, sent]) => sent),
  )
  t.same(lab.drops, { 'arp-spoof': 4, 'mac-spoof': 4, 'ip-spoof': 2 })
})

t.test('what no bridge forwards is dropped for that', async (t) => {
  const lab = new Lab({ ports: { vnet0: { guard: GUARD }, eth2: {} } })
  lab.send('vnet0', typed(0x86dd, BROADCAST), typed(0x86dd, OTHER).slice(0, 13))
  lab.send('vnet0', typed(0x88cc, OTHER, '01:80:c2:00:00:0e'))
  t.same(lab.drops, { 'bad-source': 1, runt: 1, 'link-local': 1 })
})

t.test('only what a guard names is looked at', async (t) => {
  const ofMac = new Lab({ ports: { vnet0: { guard: { mac: GUARD.mac } }, eth2: {} } })
  t.same(ofMac.send('vnet0', udpFrame('10.0.0.77', [VM, 1], 1), arpFrame({ spa: '10.0.0.1' })), [
    'eth2',
    'eth2',
  ])
  ofMac.send('vnet0', arpFrame({ spa: '10.0.0.2', sha: OTHER }), typed(0x86dd, OTHER))
  t.same(ofMac.drops, { 'arp-spoof': 1, 'mac-spoof': 1 })
  const ofIp = new Lab({ ports: { vnet0: { guard: { ip: IP } }, eth2: {} } })
  t.same(ofIp.send('vnet0', typed(0x86dd, OTHER), arpFrame({ spa: '10.0.0.2', sha: OTHER })), [
    'eth2',
    'eth2',
  ])
  ofIp.send('vnet0', arpFrame({ spa: '10.0.0.1' }), udpFrame('10.0.0.77', [OTHER, 1], 1))
  t.same(ofIp.drops, { 'arp-spoof': 1, 'ip-spoof': 1 })
  const ofServer = new Lab({ ports: { vnet0: { guard: { dhcpServer: IP } }, eth2: {} } })
  for (const [what, sent] of MATRIX) t.same(ofServer.send('vnet0', sent), ['eth2'], what)
})

t.test('headers that are cut are not those of the host', async (t) => {
  const lab = new Lab({ ports: { vnet0: { guard: GUARD }, eth2: {} } })
  const [whole, arpWhole] = [udpFrame('10.0.0.2', [VM, 1], 1), arpFrame({ spa: '10.0.0.2' })]
  for (let size = 14; size < 34; size++)
    t.same(lab.send('vnet0', whole.slice(0, size)), [], `IPv4 of ${size} bytes`)
  for (let size = 14; size < 42; size++)
    t.same(lab.send('vnet0', arpWhole.slice(0, size)), [], `ARP of ${size} bytes`)
  t.same(lab.drops, { 'ip-spoof': 20, 'arp-spoof': 28 })
  t.same(lab.send('vnet0', whole.slice(0, 34), arpWhole.slice(0, 42)), ['eth2', 'eth2'])
})

t.test('a guard comes, changes and goes', async (t) => {
  const lab = new Lab({ ports: { vnet0: {}, eth2: {} } })
  const [own, foreign] = [typed(0x86dd), typed(0x86dd, OTHER)]
  t.same(lab.send('vnet0', own, foreign), ['eth2', 'eth2'])
  lab.plane.bridge.setOptions(0, { guard: GUARD })
  t.same(lab.send('vnet0', own, foreign), ['eth2'])
  lab.plane.bridge.setOptions(0, { guard: { mac: mac(OTHER) } })
  t.same(lab.send('vnet0', foreign), ['eth2'])
  t.same(lab.send('vnet0', own), [])
  lab.plane.bridge.setOptions(0, {})
  t.same(lab.send('vnet0', own, foreign), ['eth2', 'eth2'])
})
