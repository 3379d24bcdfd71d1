/**
 * Random rule sets: everything of the rules' language that decides by the packet alone, or by counting packets.
 * Few values, so that rules meet, and packets-for-rules.ts finds them in the text.
 */
import { HOOK_NAMES, TABLE_HOOKS } from '../../src/netfilter/hook.js'
import type { TableName } from '../../src/netfilter/hook.js'
import { anyMatch, matchOf } from './match-grammar.js'
import type { Random } from './random.js'
import { targetOf } from './target-grammar.js'
import { ADDRESSES, not } from './values.js'
import type { Place } from './values.js'

const TABLES = ['raw', 'mangle', 'filter'] as const
const MOST_RULES = 40

/** Lines of a rule set as iptables-restore takes them. One in twelve has a line that iptables ought to refuse. */
export function randomRules(random: Random): string[] {
  const lines = tablesOf(random, TABLES, 15, randomRule)
  if (random.chance(8)) spoil(random, lines)
  return lines
}

/** A rule without the `-A CHAIN` in front of it. */
export type RuleMaker = (random: Random, place: Place) => string

/** Lines for some of these tables, at least one. Of a hundred policies `dropping` are DROP. */
export function tablesOf(
  random: Random,
  names: readonly TableName[],
  dropping: number,
  makeRule: RuleMaker,
): string[] {
  const tables = names.filter(() => random.chance(60))
  if (tables.length === 0) tables.push(random.pick(names))
  const rules = random.between(1, MOST_RULES)
  return tables.flatMap((table) =>
    randomTable(random, table, Math.ceil(rules / tables.length), dropping, makeRule),
  )
}

function randomTable(
  random: Random,
  table: TableName,
  rules: number,
  dropping: number,
  makeRule: RuleMaker,
): string[] {
  const builtIn = TABLE_HOOKS[table].map((hook) => HOOK_NAMES[hook])
  const own = ['first', 'second', 'a-name-of-twenty-eight-chars', 'last'].slice(0, random.between(0, 4))
  const policies = builtIn.map((chain) => `:${chain} ${random.chance(dropping) ? 'DROP' : 'ACCEPT'} [0:0]`)
  const lines = Array.from({ length: rules }, () => {
    const at = own.length > 0 && random.chance(50) ? random.below(own.length) : -1
    const chain = at === -1 ? usedChain(random, builtIn) : own[at]
    return `-A ${chain} ${makeRule(random, { table, chain, later: own.slice(at + 1) })}`.trimEnd()
  })
  return [`*${table}`, ...policies, ...own.map((chain) => `:${chain} - [0:0]`), ...lines, 'COMMIT']
}

/** Bridged frames see OUTPUT never, but for what REJECT sends. */
function usedChain(random: Random, builtIn: readonly string[]): string {
  const chain = random.pick(builtIn)
  return chain === 'OUTPUT' || chain === 'INPUT' ? random.pick(builtIn) : chain
}

const randomRule: RuleMaker = (random, place) => {
  const protocol = random.pick(PROTOCOLS)
  const asked = [
    ...addressParts(random),
    random.chance(15) ? interfacePart(random, place) : '',
    protocol,
    random.chance(5) ? `${not(random)}-f` : '',
    random.chance(60) ? matchOf(random, protocol) : '',
    random.chance(35) ? anyMatch(random, place) : '',
    random.chance(8) ? anyMatch(random, place) : '',
  ].filter((part) => part !== '')
  return [...asked, targetOf(random, place, asked)].join(' ')
}

const PROTOCOLS = [
  '',
  '',
  '',
  '-p tcp',
  '-p tcp',
  '-p udp',
  '-p udp',
  '-p icmp',
  '! -p tcp',
  '-p 6',
  '-p 47',
  '! -p 1',
  '-p all',
]

/** Several addresses make several rules; iptables takes them only where nothing is negated. */
function addressParts(random: Random): string[] {
  if (random.chance(3))
    return [`-s ${random.picks(2, ADDRESSES).join(',')}`, `-d ${random.picks(2, ADDRESSES).join(',')}`]
  return [
    random.chance(20) ? `${not(random)}-s ${network(random)}` : '',
    random.chance(20) ? `${not(random)}-d ${network(random)}` : '',
  ]
}

function network(random: Random): string {
  const address = random.pick(ADDRESSES)
  const masks = ['', '', '/32', '/31', '/25', '/24', '/8', '/0', '/255.255.255.0', '/255.0.0.255', '/0.0.0.3']
  return `${address}${random.pick(masks)}`
}

/** `-i` where there is a way in, `-o` where there is a way out; in a chain of the user's own both are taken. */
function interfacePart(random: Random, { chain }: Place): string {
  const options = ['-i', '-o'].filter(
    (option) =>
      !(option === '-i' && /^(OUTPUT|POSTROUTING)$/.test(chain)) &&
      !(option === '-o' && /^(INPUT|PREROUTING)$/.test(chain)),
  )
  return `${not(random)}${random.pick(options)} ${random.pick(['br100', 'br+', 'br1', 'br100+', 'eth2', 'lo', '+', 'vnet+'])}`
}

/** What iptables refuses, here or there; some of it only in some chains, which the kernel decides. */
const REFUSED = [
  '-i br100 -o br100',
  '-m tcp --dport 1',
  '-p tcp -m tcp --dport 70000',
  '-p tcp -m tcp --dport 20:10',
  '-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16',
  '-m multiport --dports 1',
  '-p udp -m tcpmss --mss 1',
  '-m statistic --mode nth --every 4 --packet 4',
  '-m statistic --mode nth --every 4',
  '-m ttl --ttl-eq 256',
  '-m dscp --dscp 64',
  '-m string --string a',
  '-m string --algo bm',
  '-m iprange --src-range 10.0.0.9-10.0.0.1',
  '-m mac --mac-source 02:00:00:00:00:01',
  '-m physdev --physdev-out vnet0',
  '-m addrtype --dst-type LOCAL --limit-iface-out',
  '-m addrtype --src-type LOCAL --limit-iface-in',
  '-m addrtype --dst-type NOWHERE',
  '-m length --length 9:3',
  '-m mark --mark 0x100000000',
  '-p icmp -m icmp --icmp-type nonsense',
  '-s 10.0.0.1,10.0.0.2 -d 1.2.3',
  '! -s 10.0.0.1,10.0.0.2',
  '-p tcp -j REJECT --reject-with tcp-reset',
  '-j REJECT --reject-with tcp-reset',
  '-j REJECT',
  '-j TTL --ttl-dec 0',
  '-j TTL --ttl-set 1 --ttl-inc 1',
  '-j TOS --set-tos 1',
  '-j DSCP --set-dscp 64',
  '-p tcp -j TCPMSS --set-mss 1000',
  '-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu',
  '-j CLASSIFY --set-class 1:1',
  '-j CHECKSUM --checksum-fill',
  '-j MARK',
  '-j MARK --set-mark 1 --set-xmark 2',
  '-j nowhere',
  '-g last',
  '-j FORWARD',
  '-j LOG --log-prefix "longer than twenty-nine characters"',
  '-j LOG --log-level nonsense',
  '-j ACCEPT -j DROP',
  '-p tcp -p udp',
  '-m comment',
  '-f 3',
]

function spoil(random: Random, lines: string[]): void {
  const places = lines.flatMap((line, i) => (line.startsWith('-A ') ? [i] : []))
  const at = random.pick(places)
  const [command, chain] = lines[at].split(' ')
  lines.splice(at, 0, `${command} ${chain} ${random.pick(REFUSED)}`)
}
