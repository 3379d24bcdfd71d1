/** tcp, udp, icmp and multiport: how they are read and printed, and what they decide. */
import t from 'tap'
import type { Packet } from '../../src/netfilter/packet.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import { needs } from '../tools.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { holds, packetOf, saved, savedByIptables } from './rules.js'

/** A rule → what is printed for it. */
type Texts = Record<string, string>
/** Printed as it is given. */
const SAME = '='
const REFUSED = 'refused'

const TCP: Texts = {
  '-p tcp -m tcp': SAME,
  '-p tcp --dport 5': '-p tcp -m tcp --dport 5',
  '-p tcp --syn': '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN',
  '-p tcp -m tcp --sport 010 --dport 0x50': '-p tcp -m tcp --sport 8 --dport 80',
  '-p tcp -m tcp --sport 08': REFUSED,
  '-p tcp -m tcp --sport 80:80': '-p tcp -m tcp --sport 80',
  '-p tcp -m tcp --sport 90:80': REFUSED,
  '-p tcp -m tcp --sport :80 --dport 80:': '-p tcp -m tcp --sport 0:80 --dport 80:65535',
  '-p tcp -m tcp --sport :': '-p tcp -m tcp',
  '-p tcp -m tcp ! --sport 0:65535 ! --dport 0:': '-p tcp -m tcp',
  '-p tcp -m tcp --sport http:https': '-p tcp -m tcp --sport 80:443',
  '-p tcp -m tcp --sport HTTP': REFUSED,
  '-p tcp -m tcp --sport ""': REFUSED,
  '-p tcp -m tcp --sport 1:2:3': REFUSED,
  '-p tcp -m tcp --sport 65536': REFUSED,
  '-p tcp -m tcp --sport 1 --sport 2': REFUSED,
  '-p tcp -m tcp --tcp-option 5 --syn --destination-port 3 --source-port 2':
    '-p tcp -m tcp --sport 2 --dport 3 --tcp-option 5 --tcp-flags FIN,SYN,RST,ACK SYN',
  '-p tcp ! --syn ! --dport 80 ! --sport 3:4 ! --tcp-option 0x9':
    '-p tcp -m tcp ! --sport 3:4 ! --dport 80 ! --tcp-option 9 ! --tcp-flags FIN,SYN,RST,ACK SYN',
  '-p tcp -m tcp --tcp-option 0': REFUSED,
  '-p tcp -m tcp --tcp-option 256': REFUSED,
  '-p tcp -m tcp --syn --tcp-flags ALL SYN': REFUSED,
  '-p tcp -m tcp --tcp-flags ack,SYN Syn': '-p tcp -m tcp --tcp-flags SYN,ACK SYN',
  '-p tcp -m tcp --tcp-flags=SYN SYN': '-p tcp -m tcp --tcp-flags SYN SYN',
  '-p tcp -m tcp --tcp-flags ALL NONE': '-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE',
  '-p tcp -m tcp --tcp-flags SYN,,SYN, ""': '-p tcp -m tcp --tcp-flags SYN NONE',
  '-p tcp -m tcp --tcp-flags SYN ACK': SAME,
  '-p tcp -m tcp --tcp-flags NONE SYN': '-p tcp -m tcp',
  '-p tcp -m tcp ! --tcp-flags NONE NONE': SAME,
  '-p tcp -m tcp --tcp-flags SYN': REFUSED,
  '-p tcp -m tcp --tcp-flags SYN --dport 5': REFUSED,
  '-p tcp -m tcp --tcp-flags ECE ECE': REFUSED,
  '! -p tcp -m tcp --dport 5': REFUSED,
  '-p udp -m tcp --dport 5': REFUSED,
}

const UDP: Texts = {
  '-p udp -m udp': SAME,
  '-p udp ! --source-port 5': '-p udp -m udp ! --sport 5',
  '-p udp -m udp --sport 90:80': SAME,
  '-p udp -m udp --sport 010 --dport 08': '-p udp -m udp --sport 10 --dport 8',
  '-p udp -m udp --sport 0x50': REFUSED,
  '-p udp -m udp --sport 1:2:3': REFUSED,
  '-p udp -m udp ! --sport 0:65535': '-p udp -m udp',
}

const ICMP: Texts = {
  '-p icmp -m icmp': REFUSED,
  '-p icmp --icmp-type any': '-p icmp -m icmp --icmp-type any',
  '-p icmp ! --icmp-type 255/3': '-p icmp -m icmp ! --icmp-type any',
  '-p icmp -m icmp ! --icmp-type 8': SAME,
  '-p icmp --icmp-type 010/0x10': '-p icmp -m icmp --icmp-type 8/16',
  '-p icmp -m icmp --icmp-type 3/255': SAME,
  '-p icmp --icmp-type PING': '-p icmp -m icmp --icmp-type 8',
  '-p icmp --icmp-type echo-req': '-p icmp -m icmp --icmp-type 8',
  ...refused(
    '-p icmp --icmp-type',
    ...['3/256', '256', '3/', '8:0', '8/0/1', 'any/3', 'echo-re', 'ttl-z', '""'],
    ...['source-host-isolated', 'information-request', 'bad-length'],
  ),
  ...icmpNames({
    'echo-reply': '0',
    pong: '0',
    'destination-unreachable': '3',
    'network-unreachable': '3/0',
    'host-unreachable': '3/1',
    'protocol-unreachable': '3/2',
    'port-unreachable': '3/3',
    'fragmentation-needed': '3/4',
    'source-route-failed': '3/5',
    'network-unknown': '3/6',
    'host-unknown': '3/7',
    'network-prohibited': '3/9',
    'host-prohibited': '3/10',
    'TOS-network-unreachable': '3/11',
    'TOS-host-unreachable': '3/12',
    'communication-prohibited': '3/13',
    'host-precedence-violation': '3/14',
    'precedence-cutoff': '3/15',
    'source-quench': '4',
    redirect: '5',
    'network-redirect': '5/0',
    'host-redirect': '5/1',
    'TOS-network-redirect': '5/2',
    'TOS-host-redirect': '5/3',
    'echo-request': '8',
    ping: '8',
    'router-advertisement': '9',
    'router-solicitation': '10',
    'time-exceeded': '11',
    'ttl-exceeded': '11',
    'ttl-zero-during-transit': '11/0',
    'ttl-zero-during-reassembly': '11/1',
    'parameter-problem': '12',
    'ip-header-bad': '12/0',
    'required-option-missing': '12/1',
    'timestamp-request': '13',
    'timestamp-reply': '14',
    'address-mask-request': '17',
    'address-mask-reply': '18',
  }),
}

const MULTIPORT: Texts = {
  '-p tcp -m multiport ! --ports 80,90:91': SAME,
  '-p 17 -m multiport --sport 5,5': '-p udp -m multiport --sports 5,5',
  '-p tcp -m multiport --destination-port http,ssh:smtp': '-p tcp -m multiport --dports 80,22:25',
  '-p udplite -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14:15': SAME,
  '-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15:16': REFUSED,
  '-p tcp -m multiport --ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16': REFUSED,
  ...refused(
    '-p tcp -m multiport --dports',
    '80:80',
    '80:',
    ':80',
    '1:2:3',
    '80,',
    '65536',
    '80 --sports 80',
  ),
  '-p tcp -m multiport': REFUSED,
  '-p icmp -m multiport --ports 5': REFUSED,
  '! -p tcp -m multiport --ports 5': REFUSED,
}

function refused(option: string, ...values: string[]): Texts {
  return Object.fromEntries(values.map((value) => [`${option} ${value}`, REFUSED]))
}

function icmpNames(names: Texts): Texts {
  const entries = Object.entries(names)
  return Object.fromEntries(
    entries.map(([name, type]) => [`-p icmp --icmp-type ${name}`, `-p icmp -m icmp --icmp-type ${type}`]),
  )
}

const ALL = Object.entries({ ...TCP, ...UDP, ...ICMP, ...MULTIPORT })

t.test('texts are printed as iptables prints them, or refused', async (t) => {
  for (const [rule, expected] of ALL)
    if (expected === REFUSED) t.match(saved(rule), /^refused: rules:2: .+expected|a port is 0-65535/, rule)
    else t.equal(saved(rule), expected === SAME ? rule : expected, rule)
})

t.test('iptables says the same', async (t) => {
  if (!needs(t, 'iptables-legacy-save', 'unshare')) return
  if (process.getuid?.() !== 0) {
    const message = 'not root: this comparison did not run'
    return process.env['BR100_REQUIRE_TOOLS'] === '1' ? t.fail(message) : t.plan(0, message)
  }
  const accepted = ALL.filter(([, expected]) => expected !== REFUSED)
  const lines = accepted.map(([rule]) => rule).join('\n-A FORWARD ')
  const printed = accepted.map(([rule, expected]) => (expected === SAME ? rule : expected))
  t.same(savedByIptables(lines).split('\n'), printed)
  for (const [rule, expected] of ALL)
    if (expected === REFUSED) t.match(savedByIptables(rule), /^refused/, rule)
})

const L3 = 14
const L4 = L3 + ipv4.HEADER_LENGTH

/** The frame, changed. */
function changed(frame: Uint8Array, change: (b: Uint8Array) => void): Uint8Array {
  change(frame)
  return frame
}

/** Without what follows the first `bytes` of the transport header. */
function cut(frame: Uint8Array, bytes: number): Packet {
  return packetOf(changed(frame, (b) => ipv4.setTotalLength(b, L3, ipv4.HEADER_LENGTH + bytes)))
}

/** A later fragment that begins like the frame. */
function fragment(frame: Uint8Array, offset: number): Packet {
  return packetOf(changed(frame, (b) => ipv4.setFragmentOffset(b, L3, offset)))
}

/** A SYN whose header has these bytes of options; `length` is what its data offset says. */
function optionsFrame(options: readonly number[], length = 20 + options.length): Uint8Array {
  return changed(tcpFrame(tcp.SYN, { payload: options.length }), (b) => {
    tcp.setDataOffset(b, L4, length)
    b.set(options, L4 + tcp.HEADER_LENGTH)
  })
}

/** The rule holds for those packets that are named, and for no other. */
function check(
  t: { equal(a: unknown, b: unknown, message: string): unknown },
  rule: string,
  packets: Record<string, Packet>,
  holding: readonly string[],
): void {
  for (const [name, packet] of Object.entries(packets))
    t.equal(holds(rule, packet), holding.includes(name), `${rule}: ${name}`)
}

t.test('ports: bounds, negation, cut headers and fragments', async (t) => {
  for (const [protocol, frameOf, header] of [
    ['tcp', (fields: object) => tcpFrame(tcp.SYN, fields), 20],
    ['udp', udpFrame, 8],
  ] as const) {
    const dport = (port: number): Packet => packetOf(frameOf({ dport: port }))
    const packets = { 79: dport(79), 80: dport(80), 90: dport(90), 91: dport(91) }
    check(t, `-p ${protocol} --dport 80:90`, packets, ['80', '90'])
    check(t, `-p ${protocol} ! --dport 80:90`, packets, ['79', '91'])
    check(t, `-p ${protocol} ! --dport 0:65535`, packets, [])
    check(t, `-p ${protocol} --sport 1000`, packets, Object.keys(packets))
    check(t, `-p ${protocol} --sport 999`, packets, [])
    const any = `-p ${protocol} -m ${protocol}`
    t.equal(holds(any, cut(frameOf({}), header)), true)
    t.equal(holds(any, cut(frameOf({}), header - 1)), 'dropped', 'a cut header is dropped')
    t.equal(holds(any, fragment(frameOf({}), 16)), false, 'a later fragment does not match')
    t.equal(holds(`${any} ! --dport 1`, fragment(frameOf({}), 16)), false, 'nor negated')
  }
  t.equal(holds('-p tcp -m tcp', fragment(tcpFrame(0), 8)), 'dropped', 'it would overwrite the flags')
  t.equal(
    holds('-p tcp -m multiport --ports 1000', fragment(tcpFrame(0), 8)),
    false,
    'multiport does not ask',
  )
  t.equal(holds('-p udp -m udp', fragment(udpFrame(), 8)), false)
  const reversed = { one: packetOf(udpFrame({ dport: 85 })) }
  check(t, '-p udp --dport 90:80', reversed, [])
  check(t, '-p udp ! --dport 90:80', reversed, ['one'])
})

t.test('tcp flags', async (t) => {
  const flags = {
    none: 0,
    syn: tcp.SYN,
    synAck: tcp.SYN | tcp.ACK,
    synUrg: tcp.SYN | tcp.URG,
    synEce: tcp.SYN | tcp.ECE | tcp.CWR,
    all: 0x3f,
  }
  const names = Object.keys(flags)
  const packets = Object.fromEntries(
    Object.entries(flags).map(([name, bits]) => [name, packetOf(tcpFrame(bits))]),
  )
  check(t, '-p tcp --syn', packets, ['syn', 'synUrg', 'synEce'])
  check(t, '-p tcp ! --syn', packets, ['none', 'synAck', 'all'])
  check(t, '-p tcp --tcp-flags ALL SYN', packets, ['syn', 'synEce'])
  check(t, '-p tcp --tcp-flags ALL NONE', packets, ['none'])
  check(t, '-p tcp --tcp-flags ALL ALL', packets, ['all'])
  check(t, '-p tcp --tcp-flags SYN ACK', packets, [])
  check(t, '-p tcp ! --tcp-flags SYN ACK', packets, names)
  check(t, '-p tcp --tcp-flags NONE NONE', packets, names)
})

t.test('tcp options are walked as the kernel walks them', async (t) => {
  const asks = (wanted: number, options: number[], length?: number): unknown =>
    holds(`-p tcp --tcp-option ${wanted}`, packetOf(optionsFrame(options, length)))
  t.equal(asks(2, [2, 4, 5, 180]), true)
  t.equal(asks(3, [2, 4, 5, 180]), false)
  t.equal(asks(5, [2, 4, 5, 180]), false, 'data is no option')
  t.equal(asks(8, [1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0]), true, 'behind NOPs')
  t.equal(asks(4, [0, 0, 4, 2]), true, 'the end of the list does not end the walk')
  t.equal(asks(7, [9, 0, 7, 2]), true, 'a length of 0 counts as 1')
  t.equal(asks(7, [9, 40, 7, 2]), false, 'a length beyond the end ends it')
  t.equal(asks(9, [1, 1, 1, 9]), true, 'the last byte may be a kind')
  t.equal(asks(9, []), false)
  t.equal(holds('-p tcp ! --tcp-option 9', packetOf(optionsFrame([]))), true)
  t.equal(holds('-p tcp ! --tcp-option 9', packetOf(optionsFrame([9, 2, 1, 1]))), false)
  t.equal(asks(9, [9, 2, 0, 0], 16), 'dropped', 'a data offset below 20')
  t.equal(asks(9, [9, 2, 0, 0], 28), 'dropped', 'options beyond the end')
  t.equal(
    holds('-p tcp --dport 81 --tcp-option 9', packetOf(optionsFrame([], 16))),
    false,
    'ports come first',
  )
  const later = fragment(optionsFrame([2, 4, 5, 180]), 64)
  t.equal(holds('-p tcp -m tcpmss --mss 1460', later), true, 'tcpmss takes a fragment for a header')
})

t.test('icmp', async (t) => {
  const packets = {
    '3/0': packetOf(icmpFrame(3, 0)),
    '3/1': packetOf(icmpFrame(3, 1)),
    '3/255': packetOf(icmpFrame(3, 255)),
    '4/0': packetOf(icmpFrame(4, 0)),
    '255/9': packetOf(icmpFrame(255, 9)),
  }
  check(t, '-p icmp --icmp-type 3', packets, ['3/0', '3/1', '3/255'])
  check(t, '-p icmp ! --icmp-type 3', packets, ['4/0', '255/9'])
  check(t, '-p icmp --icmp-type 3/1', packets, ['3/1'])
  check(t, '-p icmp --icmp-type 3/255', packets, ['3/255'])
  check(t, '-p icmp --icmp-type any', packets, Object.keys(packets))
  check(t, '-p icmp --icmp-type 255/8', packets, Object.keys(packets))
  check(t, '-p icmp ! --icmp-type any', packets, [])
  t.equal(holds('-p icmp --icmp-type 8', cut(icmpFrame(8, 0), 8)), true)
  t.equal(holds('-p icmp --icmp-type 8', cut(icmpFrame(8, 0), 7)), 'dropped')
  t.equal(holds('-p icmp --icmp-type any', fragment(icmpFrame(8, 0), 8)), false)
})

t.test('multiport', async (t) => {
  const packets = {
    low: packetOf(udpFrame({ sport: 79, dport: 1 })),
    source: packetOf(udpFrame({ sport: 80, dport: 1 })),
    destination: packetOf(udpFrame({ sport: 1, dport: 95 })),
    high: packetOf(udpFrame({ sport: 1, dport: 96 })),
  }
  check(t, '-p udp -m multiport --sports 80,90:95', packets, ['source'])
  check(t, '-p udp -m multiport --dports 80,90:95', packets, ['destination'])
  check(t, '-p udp -m multiport --ports 80,90:95', packets, ['source', 'destination'])
  check(t, '-p udp -m multiport ! --ports 80,90:95', packets, ['low', 'high'])
  check(t, '-p udp -m multiport ! --dports 80,90:95', packets, ['low', 'source', 'high'])
  t.equal(holds('-p udp -m multiport --dports 53', cut(udpFrame(), 4)), true, 'the two ports are enough')
  t.equal(holds('-p udp -m multiport --dports 53', cut(udpFrame(), 3)), 'dropped')
  t.equal(holds('-p udp -m multiport ! --dports 54', fragment(udpFrame(), 16)), false)
})
