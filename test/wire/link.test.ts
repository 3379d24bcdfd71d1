/** What stands before the network layer: Ethernet, LLC and SNAP, VLAN tags; and ARP. */
import assert from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import * as layout from 'buffer-layout'
import * as arp from '../../src/wire/arp.js'
import * as ethernet from '../../src/wire/ethernet.js'
import * as llc from '../../src/wire/llc.js'
import * as vlan from '../../src/wire/vlan.js'
import { formatMac, parseIpv4 } from '../../src/wire/address.js'
import { BAD_LENGTH, BAD_VERSION, OK, TRUNCATED } from '../../src/wire/reason.js'
import { hex } from './hex.js'
import { flat, holdAgainstTwin } from './twin.js'

const NODE = hex('080027158517')
const VM = hex('fa163e2ce8ec')

// 10.0.0.1 asks for 10.0.0.2; a bridge says hello to its neighbours; CDP as a switch sends it.
const WHO_HAS = hex(
  'ffffffffffff 080027158517 0806 0001 0800 06 04 0001 080027158517 0a000001 000000000000 0a000002',
)
const HELLO = hex('0180c2000000 080027158517 0026 42 42 03' + '00'.repeat(35) + 'a5'.repeat(8))
const CDP = hex('01000ccccccc 080027158517 000c aa aa 03 00000c 2000 02b4e2c1')
// The request again, with priority 5 in VLAN 100, itself in the service VLAN 2748.
const QINQ = hex('ffffffffffff 080027158517 88a8 0abc 8100 b064 0806 0001 0800')

t.test('Ethernet: a known frame is read', async (t) => {
  t.equal(ethernet.check(WHO_HAS, 0, WHO_HAS.length), OK)
  t.equal(formatMac(WHO_HAS, ethernet.destination(0)), 'ff:ff:ff:ff:ff:ff')
  t.equal(formatMac(WHO_HAS, ethernet.source(0)), '08:00:27:15:85:17')
  t.equal(ethernet.etherType(WHO_HAS, 0), ethernet.ARP)
  t.notOk(ethernet.isLength(ethernet.etherType(WHO_HAS, 0)))
  const names = [0x0800, 0x0806, 0x8100, 0x86dd, 0x88a8].map((type) => ethernet.ETHERTYPE_NAMES.get(type))
  t.same(names, ['IPv4', 'ARP', '802.1Q', 'IPv6', '802.1ad'])
})

t.test('Ethernet: the same header is written onto 0xa5', async (t) => {
  const b = new Uint8Array(18).fill(0xa5)
  ethernet.setDestination(b, 2, hex('00 ffffffffffff'), 1)
  ethernet.setSource(b, 2, NODE, 0)
  ethernet.setEtherType(b, 2, ethernet.ARP)
  t.same(b, Uint8Array.from([0xa5, 0xa5, ...WHO_HAS.slice(0, 14), 0xa5, 0xa5]))
})

t.test('Ethernet: every way of being short or lying', async (t) => {
  for (let size = 0; size < 14; size++) t.equal(ethernet.check(WHO_HAS, 0, size), TRUNCATED, `${size} bytes`)
  t.equal(ethernet.check(WHO_HAS, 0, 14), OK, 'a header alone')
  for (let size = 14; size < 14 + 38; size++)
    t.equal(ethernet.check(HELLO, 0, size), TRUNCATED, `length 38 in ${size} bytes`)
  t.equal(ethernet.check(HELLO, 0, 14 + 38), OK, 'without padding')
  const b = new Uint8Array(14 + 1500)
  for (const [typeOrLength, isLength] of [
    [0, true],
    [1500, true],
    [1501, false],
    [1535, false],
    [1536, false],
  ] as const) {
    ethernet.setEtherType(b, 0, typeOrLength)
    t.equal(ethernet.isLength(typeOrLength), isLength, `${typeOrLength}`)
    t.equal(ethernet.check(b, 0, b.length), OK)
    t.equal(ethernet.check(b, 0, 14), isLength && typeOrLength > 0 ? TRUNCATED : OK)
  }
})

t.test('Ethernet: its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number | Uint8Array>>([
    layout.blob(6, 'destination'),
    layout.blob(6, 'source'),
    layout.u16be('etherType'),
  ])
  holdAgainstTwin(t, twin, {
    destination: {
      get: (b, at) => b.slice(ethernet.destination(at), ethernet.source(at)),
      set: (b, at, mac: Uint8Array) => ethernet.setDestination(b, at, mac, 0),
    },
    source: {
      get: (b, at) => b.slice(ethernet.source(at), ethernet.etherTypeAt(at)),
      set: (b, at, mac: Uint8Array) => ethernet.setSource(b, at, mac, 0),
    },
    etherType: { get: ethernet.etherType, set: ethernet.setEtherType },
  })
})

t.test('LLC: a BPDU, and SNAP', async (t) => {
  const at = ethernet.payload(0)
  t.equal(llc.check(HELLO, at, at + 38), OK)
  t.equal(llc.SAP_NAMES.get(llc.dsap(HELLO, at)), 'STP')
  t.equal(llc.ssap(HELLO, at), llc.BRIDGE)
  t.equal(llc.control(HELLO, at), llc.UNNUMBERED_INFORMATION)
  t.notOk(llc.isSnap(HELLO, at))
  t.equal(llc.payload(HELLO, at), at + 3)

  t.equal(llc.check(CDP, at, CDP.length), OK)
  t.ok(llc.isSnap(CDP, at))
  t.equal(llc.oui(CDP, at), 0x00000c)
  t.equal(llc.protocol(CDP, at), 0x2000)
  t.equal(llc.payload(CDP, at), at + 8)
})

t.test('LLC: written onto 0xa5', async (t) => {
  const b = new Uint8Array(10).fill(0xa5)
  llc.setDsap(b, 1, llc.SNAP)
  llc.setSsap(b, 1, llc.SNAP)
  llc.setControl(b, 1, llc.UNNUMBERED_INFORMATION)
  llc.setOui(b, 1, 0x00000c)
  llc.setProtocol(b, 1, 0x2000)
  t.same(b, Uint8Array.from([0xa5, ...CDP.slice(14, 22), 0xa5]))
})

t.test('LLC: every way of being short', async (t) => {
  for (let size = 0; size < 3; size++) t.equal(llc.check(HELLO, 14, 14 + size), TRUNCATED, `${size} bytes`)
  t.equal(llc.check(HELLO, 14, 17), OK)
  for (let size = 0; size < 8; size++)
    t.equal(llc.check(CDP, 14, 14 + size), TRUNCATED, `SNAP in ${size} bytes`)
  t.equal(llc.check(CDP, 14, 22), OK)
  const information = hex('f0 f0 00 04')
  t.equal(llc.controlLength(information, 0), 2, 'an information frame is numbered')
  t.equal(llc.check(information, 0, 3), TRUNCATED)
  t.equal(llc.check(information, 0, 4), OK)
  t.equal(llc.payload(information, 0), 4)
  for (const text of ['ab aa 03', 'aa ab 03', 'aa aa 13'])
    t.notOk(llc.isSnap(hex(text), 0), `${text} is not SNAP`)
})

t.test('LLC: its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number>>([
    layout.u8('dsap'),
    layout.u8('ssap'),
    layout.u8('control'),
    layout.u24be('oui'),
    layout.u16be('protocol'),
  ])
  holdAgainstTwin(t, twin, {
    dsap: { get: llc.dsap, set: llc.setDsap },
    ssap: { get: llc.ssap, set: llc.setSsap },
    control: { get: llc.control, set: llc.setControl },
    oui: { get: llc.oui, set: llc.setOui },
    protocol: { get: llc.protocol, set: llc.setProtocol },
  })
})

t.test('VLAN: two known tags are read', async (t) => {
  const outer = ethernet.etherTypeAt(0)
  t.equal(vlan.check(QINQ, outer, QINQ.length), OK)
  t.equal(vlan.tpid(QINQ, outer), ethernet.SERVICE_VLAN)
  t.equal(vlan.priority(QINQ, outer), 0)
  t.equal(vlan.dropEligible(QINQ, outer), false)
  t.equal(vlan.identifier(QINQ, outer), 2748)
  t.equal(vlan.etherType(QINQ, outer), ethernet.VLAN)
  const inner = outer + vlan.HEADER_LENGTH
  t.equal(vlan.priority(QINQ, inner), 5)
  t.equal(vlan.dropEligible(QINQ, inner), true)
  t.equal(vlan.identifier(QINQ, inner), 100)
  t.equal(vlan.innerTypeAt(QINQ, 0, QINQ.length), 20)
  t.equal(vlan.etherType(QINQ, inner), ethernet.ARP)
})

t.test('VLAN: the inner tag is written onto 0xa5', async (t) => {
  const b = new Uint8Array(8).fill(0xa5)
  vlan.setTpid(b, 1, ethernet.VLAN)
  vlan.setPriority(b, 1, 5)
  vlan.setDropEligible(b, 1, true)
  vlan.setIdentifier(b, 1, 100)
  vlan.setEtherType(b, 1, ethernet.ARP)
  t.same(b, hex('a5 8100 b064 0806 a5'))
  vlan.setDropEligible(b, 1, false)
  t.same(b, hex('a5 8100 a064 0806 a5'))
})

t.test('VLAN: every way of being short or no tag', async (t) => {
  for (let size = 0; size < 6; size++) t.equal(vlan.check(QINQ, 12, 12 + size), TRUNCATED, `${size} bytes`)
  t.equal(vlan.check(QINQ, 12, 18), OK, 'a tag and what follows it')
  for (const tpid of [0x8100, 0x88a8, 0x9100]) t.ok(vlan.isTag(tpid))
  t.equal(vlan.check(WHO_HAS, 12, WHO_HAS.length), BAD_VERSION, 'ARP is no tag')
})

t.test('VLAN: the EtherType behind any number of tags', async (t) => {
  t.equal(vlan.innerTypeAt(WHO_HAS, 0, WHO_HAS.length), 12, 'no tag')
  t.equal(vlan.innerTypeAt(WHO_HAS, 0, 14), 12, 'a header alone')
  for (let tags = 0; tags <= vlan.MAX_TAGS; tags++) {
    const b = hex('ffffffffffff 080027158517' + '91000001'.repeat(tags) + '0800')
    const frame = Uint8Array.from([0xa5, ...b])
    t.equal(vlan.innerTypeAt(frame, 1, frame.length), 1 + 12 + 4 * tags, `${tags} tags`)
    for (let size = 0; size < b.length; size++) assert.equal(vlan.innerTypeAt(frame, 1, 1 + size), -1)
  }
  const nine = hex('ffffffffffff 080027158517' + '81000001'.repeat(9) + '0800')
  t.equal(vlan.innerTypeAt(nine, 0, nine.length), 12 + 4 * 8, 'nine tags: the ninth')
  const bytes = fc.uint8Array({ maxLength: 80, size: 'max' })
  fc.assert(
    fc.property(bytes, (b) => {
      const type = vlan.innerTypeAt(b, 0, b.length)
      assert.ok(type === -1 || (type >= 12 && type + 2 <= b.length))
    }),
  )
  t.pass('never beyond the end')
})

t.test('VLAN: its buffer-layout twin', async (t) => {
  const tci = layout.bits(layout.u16be(), true, 'tci')
  tci.addField(3, 'priority')
  tci.addField(1, 'dropEligible')
  tci.addField(12, 'identifier')
  const twin = layout.struct<Record<string, number>>([layout.u16be('tpid'), tci, layout.u16be('etherType')])
  holdAgainstTwin(t, flat(twin), {
    tpid: { get: vlan.tpid, set: vlan.setTpid },
    priority: { get: vlan.priority, set: vlan.setPriority },
    dropEligible: {
      get: (b, at) => Number(vlan.dropEligible(b, at)),
      set: (b, at, bit: number) => vlan.setDropEligible(b, at, bit === 1),
    },
    identifier: { get: vlan.identifier, set: vlan.setIdentifier },
    etherType: { get: vlan.etherType, set: vlan.setEtherType },
  })
})

t.test('ARP: a known request is read', async (t) => {
  t.equal(arp.check(WHO_HAS, 14, WHO_HAS.length), OK)
  t.equal(arp.hardwareType(WHO_HAS, 14), arp.ETHERNET)
  t.equal(arp.protocolType(WHO_HAS, 14), ethernet.IPV4)
  t.equal(arp.hlen(WHO_HAS, 14), 6)
  t.equal(arp.plen(WHO_HAS, 14), 4)
  t.equal(arp.OPERATION_NAMES[arp.operation(WHO_HAS, 14)], 'request')
  t.equal(formatMac(WHO_HAS, arp.sha(14)), '08:00:27:15:85:17')
  t.equal(arp.spa(WHO_HAS, 14), parseIpv4('10.0.0.1'))
  t.equal(formatMac(WHO_HAS, arp.tha(14)), '00:00:00:00:00:00')
  t.equal(arp.tpa(WHO_HAS, 14), parseIpv4('10.0.0.2'))
})

t.test('ARP: the same request is written onto 0xa5, and made the reply', async (t) => {
  const b = new Uint8Array(32).fill(0xa5)
  arp.writeRequest(b, 2, NODE, 0, 0x0a000001, 0x0a000002)
  t.same(b, Uint8Array.from([0xa5, 0xa5, ...WHO_HAS.slice(14), 0xa5, 0xa5]))
  arp.turnIntoReply(b, 2, Uint8Array.from([0, ...VM]), 1)
  t.same(b, hex('a5a5 0001 0800 06 04 0002 fa163e2ce8ec 0a000002 080027158517 0a000001 a5a5'))
})

t.test('ARP: every way of being short or lying', async (t) => {
  for (let size = 0; size < 28; size++) t.equal(arp.check(WHO_HAS, 14, 14 + size), TRUNCATED, `${size} bytes`)
  const wrong: [string, number, number, number][] = [
    ['hardware type 0', 0, 0x0000, BAD_VERSION],
    ['hardware type 6, the other IEEE 802 networks', 0, 0x0006, OK],
    ['hardware type 7, ARCNET', 0, 0x0007, BAD_VERSION],
    ['protocol type IPv6', 2, 0x86dd, BAD_VERSION],
    ['hlen 5', 4, 0x0504, BAD_LENGTH],
    ['hlen 8', 4, 0x0804, BAD_LENGTH],
    ['plen 16', 4, 0x0610, BAD_LENGTH],
    ['operation 99', 6, 99, OK],
  ]
  for (const [what, offset, word, reason] of wrong) {
    const b = WHO_HAS.slice(14)
    b.set([word >> 8, word], offset)
    t.equal(arp.check(b, 0, b.length), reason, what)
  }
})

t.test('ARP: its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number | Uint8Array>>([
    layout.u16be('hardwareType'),
    layout.u16be('protocolType'),
    layout.u8('hlen'),
    layout.u8('plen'),
    layout.u16be('operation'),
    layout.blob(6, 'sha'),
    layout.u32be('spa'),
    layout.blob(6, 'tha'),
    layout.u32be('tpa'),
  ])
  holdAgainstTwin(t, twin, {
    hardwareType: { get: arp.hardwareType, set: arp.setHardwareType },
    protocolType: { get: arp.protocolType, set: arp.setProtocolType },
    hlen: { get: arp.hlen, set: arp.setHlen },
    plen: { get: arp.plen, set: arp.setPlen },
    operation: { get: arp.operation, set: arp.setOperation },
    sha: {
      get: (b, at) => b.slice(arp.sha(at), arp.sha(at) + 6),
      set: (b, at, mac: Uint8Array) => arp.setSha(b, at, mac, 0),
    },
    spa: { get: arp.spa, set: arp.setSpa },
    tha: {
      get: (b, at) => b.slice(arp.tha(at), arp.tha(at) + 6),
      set: (b, at, mac: Uint8Array) => arp.setTha(b, at, mac, 0),
    },
    tpa: { get: arp.tpa, set: arp.setTpa },
  })
})
