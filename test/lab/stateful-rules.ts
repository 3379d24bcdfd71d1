/** Random rule sets that ask what packets are to their connections, and change what is remembered of those. */
import type { TableName } from '../../src/netfilter/hook.js'
import { anyMatch } from './match-grammar.js'
import type { Random } from './random.js'
import { tablesOf } from './rule-grammar.js'
import type { RuleMaker } from './rule-grammar.js'
import { CLIENT_PORTS, HOSTS, NODE, SERVER_PORTS } from './talk.js'
import { not } from './values.js'
import type { Place } from './values.js'

/** Tables that a set may have. */
const TABLES: readonly TableName[] = ['raw', 'mangle', 'filter']

/** Lines of a rule set as iptables-restore takes them. Most ask for connections. */
export function statefulRules(random: Random): string[] {
  return tablesOf(random, TABLES, 3, statefulRule)
}

type Grammar = (random: Random, place: Place) => string

const statefulRule: RuleMaker = (random, place) => {
  const protocol = random.pick(PROTOCOLS)
  // In raw nothing is known of connections yet.
  const knows = place.table !== 'raw' || random.chance(30)
  const asked = [
    random.chance(15) ? `${not(random)}-s ${random.pick(ADDRESSES)}` : '',
    random.chance(15) ? `${not(random)}-d ${random.pick(ADDRESSES)}` : '',
    protocol,
    /tcp|udp/.test(protocol) && !protocol.startsWith('!') && random.chance(25)
      ? portMatch(random, protocol)
      : '',
    knows && random.chance(75) ? random.pick(MATCHES)(random, place) : '',
    knows && random.chance(15) ? random.pick(MATCHES)(random, place) : '',
    random.chance(8) ? anyMatch(random, place) : '',
  ].filter((part) => part !== '')
  return [...asked, targetOf(random, place, asked)].join(' ')
}

const PROTOCOLS = [
  '',
  '',
  '',
  '',
  '-p tcp',
  '-p tcp',
  '-p udp',
  '-p sctp',
  '-p sctp',
  '-p icmp',
  '! -p tcp',
  '-p 47',
]
const ADDRESSES = [...Object.keys(HOSTS), NODE, '10.0.0.0/24', '10.0.0.2/31', '224.0.0.0/4']
const PORTS = [...CLIENT_PORTS, ...SERVER_PORTS]

function portMatch(random: Random, protocol: string): string {
  return `-m ${protocol.slice(3)} --${random.pick(['sport', 'dport'])} ${random.pick(PORTS)}`
}

const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED']
const STATUSES = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']

/** One name or two of a list; two that are the same are one. */
const some = (random: Random, list: readonly string[]): string =>
  [...new Set(random.picks(random.pick([1, 1, 2]), list))].join(',')

const state: Grammar = (random) => `-m state ${not(random)}--state ${some(random, STATES)}`

const portRange = (random: Random): string =>
  random.pick([...PORTS.map(String), '0:999', '1000:1001', '22:1000'])

/** Of the conntrack match. Seconds are far from those that connections are given. */
const ASKED: readonly Grammar[] = [
  (random) => `--ctstate ${some(random, [...STATES, 'SNAT', 'DNAT'])}`,
  (random) => `--ctstate ${some(random, STATES)}`,
  (random) => `--ctstatus ${random.pick(['NONE', some(random, STATUSES), some(random, STATUSES)])}`,
  (random) => `--ctproto ${random.pick(['tcp', 'udp', 'sctp', 'icmp', '47', '50'])}`,
  ...['ctorigsrc', 'ctorigdst', 'ctreplsrc', 'ctrepldst'].map(
    (option): Grammar =>
      (random) =>
        `--${option} ${random.pick(ADDRESSES)}`,
  ),
  ...['ctorigsrcport', 'ctorigdstport', 'ctreplsrcport', 'ctrepldstport'].map(
    (option): Grammar =>
      (random) =>
        `--${option} ${portRange(random)}`,
  ),
  (random) =>
    `--ctexpire ${random.pick(['0', '0:20', '20:45', '45:90', '90:200', '200:400', '400:1000', '1000:'])}`,
]

const DIRECTIONS = ['--ctdir ORIGINAL', '--ctdir REPLY']

const conntrack: Grammar = (random, place) => {
  const options = new Map(
    random.picks(random.pick([1, 1, 2, 3]), ASKED).map((ask) => {
      const text = ask(random, place)
      return [text.split(' ')[0], `${not(random)}${text}`]
    }),
  )
  return ['-m conntrack', ...options.values(), ...(random.chance(25) ? [random.pick(DIRECTIONS)] : [])].join(
    ' ',
  )
}

const markText = (random: Random): string =>
  random.pick(['0x0', '0x1', '0x3', '0x1/0x1', '0x10/0xf0', '0xffffffff'])

const connmark: Grammar = (random) => `-m connmark ${not(random)}--mark ${markText(random)}`

const mark: Grammar = (random) => `-m mark ${not(random)}--mark ${markText(random)}`

const connbytes: Grammar = (random) => {
  const range = random.pick([':0', '1:3', '4', '40:100', '60', '100:2000'])
  const mode = random.pick(['packets', 'bytes', 'avgpkt'])
  const direction = random.pick(['original', 'reply', 'both'])
  return `-m connbytes ${range === ':0' ? '' : not(random)}--connbytes ${range} --connbytes-mode ${mode} --connbytes-dir ${direction}`
}

const MATCHES: readonly Grammar[] = [
  ...[state, state, state, conntrack, conntrack, conntrack],
  ...[connmark, mark, connbytes, connbytes],
]

/** Rules that are asked of everything seldom decide, as no rule behind them would be asked. */
function targetOf(random: Random, place: Place, asked: readonly string[]): string {
  const { table, chain, later } = place
  if (random.chance(10)) return ''
  if (later.length > 0 && random.chance(35)) return `${random.chance(75) ? '-j' : '-g'} ${random.pick(later)}`
  const choices = [...CHANGES]
  if (table === 'raw') choices.push(...UNTRACKING, ...UNTRACKING)
  if (asked.length > 1 || random.chance(20)) {
    choices.push('-j ACCEPT', '-j DROP', '-j RETURN')
    if (table === 'filter' && chain !== 'OUTPUT') choices.push(...REJECTING)
    if (table === 'filter' && asked.includes('-p tcp')) choices.push('-j REJECT --reject-with tcp-reset')
  }
  return random.pick(choices)
}

const UNTRACKING = ['-j NOTRACK', '-j CT --notrack']
const REJECTING = ['-j REJECT', '-j REJECT --reject-with icmp-host-prohibited']

const CHANGES: readonly string[] = [
  '-j MARK --set-xmark 0x1',
  '-j MARK --set-xmark 0x10/0xf0',
  '-j MARK --or-mark 0x3',
  '-j CONNMARK --set-mark 0x1',
  '-j CONNMARK --set-mark 0x3/0x10',
  '-j CONNMARK --set-xmark 0x10/0xf0',
  '-j CONNMARK --or-mark 0x80000000',
  '-j CONNMARK --and-mark 0xf0',
  '-j CONNMARK --xor-mark 0xffffffff',
  '-j CONNMARK --save-mark',
  '-j CONNMARK --save-mark --nfmask 0x3 --ctmask 0xff',
  '-j CONNMARK --restore-mark',
  '-j CONNMARK --restore-mark --mask 0xf0',
  '-j CONNMARK --restore-mark --nfmask 0xf0 --ctmask 0x1',
]
