/** The kernel's own bridge as a contender: two veth pairs, the same settings, and the same rules by iptables-legacy. */
import { existsSync, readFileSync } from 'node:fs'
import { parseRules } from '../../netfilter/rule-script.js'
import { saveLines } from '../../netfilter/rule-text.js'
import { formatIpv4, formatMac } from '../../wire/address.js'
import { MissingError } from './contender.js'
import type { Contender, Passed } from './contender.js'
import { stationsOf } from './setting.js'
import type { Host, Setting } from './setting.js'
import { isInstalled, whereToFind } from './tools.js'
import type { Spaces } from './spaces.js'

const CALLS_IPTABLES = '/proc/sys/net/bridge/bridge-nf-call-iptables'
/** The kernel counts a second as a hundred. */
const TICKS = 100

/** The kernel. */
export const kernelContender: Contender = {
  name: 'kernel',
  async start(spaces, setting) {
    const { rules, sets } = setting.config
    if (rules !== undefined) checkTools(sets !== undefined)
    await accepted(spaces, ['ip', '-batch', '-'], links(setting, spaces).join('\n'))
    await accepted(spaces, ['bridge', '-batch', '-'], portSettings(setting).join('\n'))
    await applySettings(spaces, kernelSettings(setting))
    if (sets !== undefined) await accepted(spaces, ['ipset', 'restore'], readFileSync(sets, 'utf8'))
    if (rules !== undefined) await accepted(spaces, ['iptables-legacy-restore', '-w'], asSaved(rules))
    for (const { place, device } of setting.hosts)
      await spaces.run(place, ['ip', 'link', 'set', device, 'up'])
    const [from, to] = setting.hosts
    return {
      means: null,
      passed: async () => passed(spaces, from, to),
      drops: async () => [],
      stop: async () => {},
    }
  },
}

function checkTools(hasSets: boolean): void {
  const wanted = ['iptables-legacy-restore', ...(hasSets ? ['ipset'] : [])]
  const missing = wanted.filter((tool) => !isInstalled(tool))
  if (missing.length > 0) throw new MissingError(missing.map(whereToFind).join(', '))
  if (!existsSync(CALLS_IPTABLES)) throw new MissingError('br_netfilter is not loaded: modprobe br_netfilter')
}

/** Commands of `ip`: the bridge, its ports with the hosts behind them, and what the node knows. */
function links(setting: Setting, spaces: Spaces): string[] {
  const { bridge, hosts, config } = setting
  const { mac, ageing_time: ageing, address, neighbours, routes } = config
  const options = [
    'stp_state 0 forward_delay 0 mcast_snooping 0',
    ageing === undefined ? '' : `ageing_time ${ageing * TICKS}`,
  ]
  return [
    `link add name ${bridge} ${mac === undefined ? '' : `address ${formatMac(mac, 0)}`} type bridge ${options.join(' ')}`,
    ...hosts.flatMap(({ port, device, place, mtu }) => [
      `link add name ${port} type veth peer name ${device} netns ${spaces.name(place)}`,
      `link set dev ${port} ${mtu === null ? '' : `mtu ${mtu}`} master ${bridge} up`,
    ]),
    `link set dev ${bridge} up`,
    ...address.map((own) => `addr add ${prefixText(own)} dev ${bridge}`),
    ...Object.entries(neighbours).map(
      ([to, station]) => `neigh add ${to} lladdr ${formatMac(station, 0)} dev ${bridge} nud permanent`,
    ),
    ...routes.map(({ to, via }) => `route add ${prefixText(to)} via ${formatIpv4(via)} dev ${bridge} onlink`),
  ]
}

function prefixText({ address, prefixLength }: { address: number; prefixLength: number }): string {
  return `${formatIpv4(address)}/${prefixLength}`
}

const SWITCHES = ['hairpin', 'learning', 'flood', 'mcast_flood', 'bcast_flood', 'isolated'] as const

/** Commands of `bridge`: the switches of the ports, and static stations. */
function portSettings(setting: Setting): string[] {
  const ports = setting.hosts.flatMap(({ port }) =>
    SWITCHES.flatMap((name) => {
      const value = setting.config.ports[port][name]
      return value === undefined ? [] : [`link set dev ${port} ${name} ${value ? 'on' : 'off'}`]
    }),
  )
  const stations = stationsOf(setting).map(
    ({ mac, port }) => `fdb replace ${formatMac(mac, 0)} dev ${port} master static`,
  )
  return [...ports, ...stations]
}

/** Files of /proc/sys/net: without rules iptables is not asked, as br100 does not ask any. */
function kernelSettings({ config }: Setting): Array<[string, number]> {
  const { max: _ofAllNamespaces, policies: _byName, ...tracking } = config.conntrack
  return [
    ['bridge/bridge-nf-call-iptables', config.rules === undefined ? 0 : 1],
    ['ipv4/ip_forward', Number(config.ip_forward)],
    ...Object.entries(tracking).flatMap(([name, value]): Array<[string, number]> =>
      value === undefined ? [] : [[`netfilter/nf_conntrack_${name}`, Number(value)]],
    ),
  ]
}

/** Those that this kernel has. */
async function applySettings(spaces: Spaces, settings: Array<[string, number]>): Promise<void> {
  const lines = settings.map(
    ([file, value]) => `[ ! -e /proc/sys/net/${file} ] || echo ${value} > /proc/sys/net/${file}`,
  )
  await spaces.run('switch', ['sh', '-ec', lines.join('\n')])
}

/** Rules in the words of iptables-save, however the file has put them. */
function asSaved(path: string): string {
  return [...saveLines(parseRules(path, readFileSync(path))), ''].join('\n')
}

/** Runs a command that the kernel may refuse: such names, rules or sets it does not know. */
async function accepted(spaces: Spaces, command: readonly string[], text: string): Promise<void> {
  const { status, stderr } = await spaces.attempt('switch', command, text)
  if (status !== 0) throw new MissingError(`${command[0]}: ${stderr.trim() || `exit status ${status}`}`)
}

/** By the counters of the bridge's ports. */
async function passed(spaces: Spaces, from: Host, to: Host): Promise<Passed> {
  const links = JSON.parse(await spaces.run('switch', ['ip', '-s', '-j', 'link', 'show'])) as Link[]
  const packets = (name: string, way: 'rx' | 'tx'): number =>
    links.find(({ ifname }) => ifname === name)?.stats64[way].packets ?? 0
  return { entered: packets(from.port, 'rx'), left: packets(to.port, 'tx') }
}

interface Link {
  ifname: string
  stats64: Record<'rx' | 'tx', { packets: number }>
}
