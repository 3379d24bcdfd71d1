/** Random matches, each with options that iptables takes. */
import { PORTS } from './bridge-under-test.js'
import type { Random } from './random.js'
import { ADDRESSES, PORT_NUMBERS, STATIONS, not, portRange } from './values.js'
import type { Place } from './values.js'

type Grammar = (random: Random, place: Place) => string

/** A match that knows this protocol; '' where there is none. */
export function matchOf(random: Random, protocol: string): string {
  if (protocol === '-p tcp' || protocol === '-p 6')
    return random.pick([tcp, tcp, tcp, multiport, tcpmss])(random)
  if (protocol === '-p udp') return random.pick([udp, udp, multiport])(random)
  return protocol === '-p icmp' ? icmp(random) : ''
}

/** A match for any packet. */
export const anyMatch: Grammar = (random, place) => random.pick(ANY)(random, place)

const FLAGS = ['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH', 'SYN,ACK', 'FIN,SYN,RST,ACK', 'SYN,FIN']

function tcp(random: Random): string {
  const flags = `${random.pick(['ALL', ...FLAGS])} ${random.pick(['NONE', 'ALL', ...FLAGS])}`
  const parts = [
    random.chance(30) ? `${not(random)}--sport ${portRange(random)}` : '',
    random.chance(60) ? `${not(random)}--dport ${portRange(random)}` : '',
    random.chance(25) ? random.pick([`${not(random)}--tcp-flags ${flags}`, `${not(random)}--syn`]) : '',
    random.chance(10) ? `${not(random)}--tcp-option ${random.pick([1, 2, 3, 4, 8, 254])}` : '',
  ]
  return ['-m tcp', ...parts.filter((part) => part !== '')].join(' ')
}

function udp(random: Random): string {
  const sport = random.chance(40) ? ` ${not(random)}--sport ${portRange(random)}` : ''
  const dport = random.chance(70) ? ` ${not(random)}--dport ${portRange(random)}` : ''
  return `-m udp${sport}${dport}`
}

const ICMP_TYPES = [
  '8',
  '0',
  '8/0',
  '3/1',
  '3',
  'any',
  'echo-request',
  'host-unreachable',
  'time-exceeded',
  '255',
]

function icmp(random: Random): string {
  return `-m icmp ${not(random)}--icmp-type ${random.pick(ICMP_TYPES)}`
}

function multiport(random: Random): string {
  const list = Array.from({ length: random.between(1, 7) }, () => {
    const [least, greatest] = random.picks(2, PORT_NUMBERS).sort((a, b) => a - b)
    return random.chance(30) && least < greatest ? `${least}:${greatest}` : `${least}`
  })
  return `-m multiport ${not(random)}--${random.pick(['sports', 'dports', 'ports'])} ${list.join(',')}`
}

function tcpmss(random: Random): string {
  return `-m tcpmss ${not(random)}--mss ${random.pick(['536', '1000', '536:1460', '1460', '0:65535'])}`
}

const addressNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const iprange: Grammar = (random) => {
  const side = (name: string): string => {
    const [least, greatest] = random.picks(2, ADDRESSES).sort((a, b) => addressNumber(a) - addressNumber(b))
    return `${not(random)}--${name}-range ${least}-${greatest}`
  }
  return `-m iprange ${random
    .pick([['src'], ['dst'], ['src', 'dst']])
    .map(side)
    .join(' ')}`
}

const mac: Grammar = (random, { chain }) =>
  /^(OUTPUT|POSTROUTING)$/.test(chain) ? '' : `-m mac ${not(random)}--mac-source ${random.pick(STATIONS)}`

const pkttype: Grammar = (random) =>
  `-m pkttype ${not(random)}--pkt-type ${random.pick(['unicast', 'broadcast', 'multicast', 'host'])}`

const length: Grammar = (random) =>
  `-m length ${not(random)}--length ${random.pick(['28', '20:40', '0:28', '40:', ':60', '41:1500', '20'])}`

const ttl: Grammar = (random) =>
  `-m ttl ${random.pick([`${not(random)}--ttl-eq`, '--ttl-lt', '--ttl-gt'])} ${random.pick([0, 1, 2, 63, 64, 65, 255])}`

const dscp: Grammar = (random) =>
  `-m dscp ${not(random)}${random.pick(['--dscp 0', '--dscp 0x0a', '--dscp 46', '--dscp-class EF', '--dscp-class CS1', '--dscp-class AF11', '--dscp-class BE'])}`

const tos: Grammar = (random) =>
  `-m tos ${not(random)}--tos ${random.pick(['0x10', '0x10/0x3f', 'Minimize-Delay', '0', '0x28/0xfc', '0xff/0x3', '8'])}`

const mark: Grammar = (random) =>
  `-m mark ${not(random)}--mark ${random.pick(['0', '0x1', '1', '0x1/0x1', '0x10/0xf0', '0xffffffff', '0/0x3'])}`

const physdev: Grammar = (random, { chain }) => {
  const device = (): string => random.pick([...Object.keys(PORTS), 'vnet+', 'e+', 'tap0'])
  const inward = random.pick([`${not(random)}--physdev-in ${device()}`, `${not(random)}--physdev-is-in`])
  const outward = random.pick([
    `--physdev-is-bridged ${not(random)}--physdev-out ${device()}`,
    `${not(random)}--physdev-is-bridged`,
    `--physdev-is-bridged ${not(random)}--physdev-is-out`,
  ])
  const isLate = /^(FORWARD|POSTROUTING)$/.test(chain)
  return `-m physdev ${random.pick(isLate ? [inward, outward, outward, `${inward} ${outward}`] : [inward])}`
}

const TYPES = [
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'MULTICAST',
  'UNSPEC',
  'LOCAL,BROADCAST',
  'ANYCAST,UNREACHABLE',
]

const addrtype: Grammar = (random, { chain }) => {
  const sides = random.pick([['src'], ['dst'], ['dst'], ['src', 'dst']])
  const types = sides.map((side) => `${not(random)}--${side}-type ${random.pick(TYPES)}`).join(' ')
  const limit = /^(INPUT|PREROUTING)$/.test(chain) ? '--limit-iface-in' : '--limit-iface-out'
  const mayLimit = /^(INPUT|PREROUTING|OUTPUT|POSTROUTING|FORWARD)$/.test(chain) && random.chance(25)
  return `-m addrtype ${types}${mayLimit ? ` ${limit}` : ''}`
}

const comment: Grammar = (random) =>
  `-m comment --comment ${random.pick(['word', '"two words"', '"a \\"quote\\""'])}`

const PATTERNS = [
  '--string GET',
  '--string "0.1"',
  '--hex-string "|0a000002|"',
  '--hex-string "a|00|"',
  '--string abcab',
]

const string: Grammar = (random) => {
  const parts = [
    `${not(random)}${random.pick(PATTERNS)}`,
    `--algo ${random.pick(['bm', 'kmp'])}`,
    random.chance(20) ? `--from ${random.pick([0, 12, 20, 28, 40])}` : '',
    random.chance(20) ? `--to ${random.pick([41, 44, 48, 60, 200])}` : '',
    random.chance(20) ? '--icase' : '',
  ]
  return ['-m string', ...parts.filter((part) => part !== '')].join(' ')
}

const statistic: Grammar = (random) => {
  const every = random.between(1, 5)
  return `-m statistic --mode nth ${not(random)}--every ${every} --packet ${random.below(every)}`
}

const ANY: readonly Grammar[] = [
  iprange,
  mac,
  pkttype,
  length,
  ttl,
  dscp,
  tos,
  mark,
  mark,
  physdev,
  physdev,
  addrtype,
  addrtype,
  comment,
  string,
  statistic,
]
