/** Random targets that iptables takes at a place. */
import type { Random } from './random.js'
import type { Place } from './values.js'

/** `asked`: what the rule asks. */
type Grammar = (random: Random, asked: string) => string

/**
 * `-j …` or `-g …`, with its options; '' for a rule that only counts. A broad rule seldom decides, as no rule
 * behind it would be asked.
 */
export function targetOf(random: Random, { table, chain, later }: Place, asked: readonly string[]): string {
  if (random.chance(8)) return ''
  if (later.length > 0 && random.chance(40)) return `${random.chance(75) ? '-j' : '-g'} ${random.pick(later)}`
  const choices = [...ANYWHERE, ...(BY_TABLE[table] ?? [])]
  if (/^(FORWARD|POSTROUTING|OUTPUT)$/.test(chain)) choices.push(classify)
  if (asked.length > 1 || random.chance(15))
    choices.push(...VERDICTS, ...(table === 'filter' ? REJECTING : []))
  return random.pick(choices)(random, asked.join(' '))
}

const VERDICTS: readonly Grammar[] = [() => '-j ACCEPT', () => '-j DROP', () => '-j RETURN']

const value = (random: Random): string => random.pick(['0x0', '0x1', '0x11', '0xffffffff', '16'])

const mark: Grammar = (random) =>
  `-j MARK ${random.pick(['--set-mark', '--set-xmark', '--or-mark', '--and-mark', '--xor-mark'])} ${value(random)}`

const maskedMark: Grammar = (random) =>
  `-j MARK ${random.pick(['--set-mark', '--set-xmark'])} ${value(random)}/${value(random)}`

const log: Grammar = (random) =>
  `-j LOG${random.pick(['', ' --log-prefix "a prefix: "', ' --log-level info --log-tcp-options', ' --log-ip-options --log-tcp-sequence --log-uid'])}`

const nflog: Grammar = (random) =>
  `-j NFLOG --nflog-group 5${random.pick(['', ' --nflog-prefix x', ' --nflog-size 40'])}`

const ANYWHERE: readonly Grammar[] = [mark, maskedMark, log, nflog]

const ttl: Grammar = (random) =>
  `-j TTL ${random.pick(['--ttl-set 0', '--ttl-set 64', '--ttl-inc 1', '--ttl-inc 255', '--ttl-dec 1', '--ttl-dec 64'])}`

const dscp: Grammar = (random) =>
  `-j DSCP ${random.pick(['--set-dscp 0', '--set-dscp 0x2e', '--set-dscp-class AF41', '--set-dscp-class CS7'])}`

const tos: Grammar = (random) =>
  `-j TOS ${random.pick(['--set-tos 0x10', '--set-tos Maximize-Throughput', '--set-tos 0x10/0x1c', '--and-tos 0xf0', '--or-tos 0x03', '--xor-tos 0xff'])}`

/** It takes segments with SYN only. */
const tcpmss: Grammar = (random, asked) =>
  /(^|[^!] )-p tcp( |$)/.test(asked) && !/--syn|--tcp-flags/.test(asked)
    ? `--syn -j TCPMSS --set-mss ${random.pick([0, 536, 1000, 1460, 65_535])}`
    : mark(random, asked)

const checksum: Grammar = () => '-j CHECKSUM --checksum-fill'

const classify: Grammar = (random) => `-j CLASSIFY --set-class ${random.pick(['0:0', '1:2', 'ffff:ffff'])}`

const BY_TABLE: Partial<Record<Place['table'], readonly Grammar[]>> = {
  mangle: [ttl, ttl, dscp, dscp, tos, tos, tcpmss, tcpmss, checksum],
}

const ANSWERS = [
  'icmp-net-unreachable',
  'icmp-host-unreachable',
  'icmp-port-unreachable',
  'icmp-proto-unreachable',
  'icmp-net-prohibited',
  'icmp-host-prohibited',
  'icmp-admin-prohibited',
]

const reject: Grammar = (random) =>
  `-j REJECT${random.chance(30) ? '' : ` --reject-with ${random.pick(ANSWERS)}`}`

const reset: Grammar = (random, asked) =>
  /(^|[^!] )-p (tcp|6)( |$)/.test(asked) ? '-j REJECT --reject-with tcp-reset' : reject(random, asked)

const REJECTING: readonly Grammar[] = [reject, reset]
