/**
 * The kernel's own bridge with iptables on it (bridge-nf-call-iptables=1), in namespaces that have no name: they
 * end with the process `wire`, which ends with this one, however it ends. Root is needed.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Test } from 'tap'
import { needs, run } from '../tools.js'
import { BRIDGE, BRIDGE_MAC, PORTS } from './bridge-under-test.js'
import type { BridgeOptions, BridgeUnderTest } from './bridge-under-test.js'
import { FAR_NAMESPACE, Wires } from './wires.js'

/** Whether the kernel's bridge can be had here; if not, the test `t` is skipped, or fails where it is required. */
export function needsKernelBridge(t: Test): boolean {
  if (!needs(t, 'iptables-legacy-restore', 'conntrack', 'ethtool', 'nsenter', 'gcc')) return false
  if (process.getuid?.() === 0) return true
  const message = 'not root: the comparison with the kernel did not run'
  if (process.env['BR100_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.plan(0, message)
  return false
}

/** A bridge that other programs can be run beside. */
export interface KernelBridge extends BridgeUnderTest {
  /** Starts a program in the bridge's namespace; its output can be read. */
  spawn(program: string, ...options: string[]): ChildProcess
}

/** EtherType of the frames by which wire.c sees that a frame has gone its way. */
const MARKER_TYPE = '0x88b5'

/** Makes a bridge for as long as `use` takes. */
export async function withKernelBridge<T>(
  options: BridgeOptions,
  use: (bridge: KernelBridge) => Promise<T>,
): Promise<T> {
  const wires = new Wires(Object.keys(PORTS))
  try {
    await wires.receive()
    setUp(wires.pid, options)
    return await use(bridgeOf(wires))
  } finally {
    await wires.end()
  }
}

function bridgeOf(wires: Wires): KernelBridge {
  let tables = new Set<string>()
  return {
    load(rules) {
      tables = new Set([...rules.matchAll(/^\*(\w+)/gm)].map(([, table]) => table))
      return load(wires.pid, rules)
    },
    async run(entering) {
      inNamespace(wires.pid, 'ip', 'link', 'set', BRIDGE, 'type', 'bridge', 'fdb_flush')
      wires.send(entering)
      const left = await wires.receive()
      const connections = inNamespace(wires.pid, 'conntrack', '-L').split('\n').slice(0, -1)
      return { left, counters: countersOf(wires.pid, tables), connections }
    },
    spawn: (...command) => spawn('nsenter', ['-t', `${wires.pid}`, '-n', ...command], { stdio: 'pipe' }),
  }
}

/** Runs a command in the network namespace of a process: what it prints. */
export function inNamespace(pid: number, ...command: string[]): string {
  return run('nsenter', '-t', `${pid}`, '-n', ...command)
}

/** Nothing speaks on these wires by itself: no IPv6, no answers to ARP, no limit on the ICMP that REJECT sends. */
const SILENCE = [
  ...['all', 'default'].map((which) => `net.ipv6.conf.${which}.disable_ipv6=1`),
  ...['all', 'default'].map((which) => `net.ipv4.conf.${which}.rp_filter=0`),
  'net.ipv4.conf.all.arp_ignore=8',
  'net.ipv4.icmp_ratemask=0',
]

/**
 * The node has nothing that listens, and must not say so: what INPUT lets through ends at a policy of IPsec, which is
 * asked behind all hooks. A rule would not do: what it drops begins no connection.
 */
const DEAF = 'ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in action block'

/** The bridge asks iptables and nobody else. */
const NO_OTHERS = 'net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0'

function setUp(pid: number, options: BridgeOptions): void {
  setUpPorts(pid, [
    `link add ${BRIDGE} address ${BRIDGE_MAC} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
  ])
  shell(
    ['-t', `${pid}`, '-n'],
    [
      `sysctl -qw net.bridge.bridge-nf-call-iptables=1 ${NO_OTHERS}`,
      `sysctl -qw net.ipv4.ip_forward=${options.forwards === true ? 1 : 0}`,
      `ip -batch - << END\n${ofBridge(options).join('\n')}\nEND`,
      plain(BRIDGE),
      ...guardCommands(options),
      DEAF,
    ],
  )
}

/** What libvirt makes of nova-base: a chain a port in nat, and one for each filter; the wires' markers pass. */
function guardCommands({ guards = {} }: BridgeOptions): string[] {
  return Object.entries(guards).flatMap(([port, { mac, ip, dhcpServer }]) => {
    const chain = `I-${port}`
    const filter = (name: string, protocol: string, rules: readonly string[]): string[] => [
      `-N ${chain}-${name} -P DROP`,
      ...rules.map((rule) => `-A ${chain}-${name} ${rule}`),
      `-A ${chain} ${protocol} -j ${chain}-${name}`,
    ]
    const dhcp = `-p IPv4 --ip-src 0.0.0.0 --ip-dst 255.255.255.255 --ip-proto udp --ip-sport 68 --ip-dport 67`
    const answers = `-p IPv4 --ip-src ${dhcpServer} --ip-proto udp --ip-sport 67 --ip-dport 68`
    return [
      `-N ${chain} -P ACCEPT`,
      `-A ${chain} -p ${MARKER_TYPE} -j ACCEPT`,
      ...(mac === undefined ? [] : filter('mac', '', [`-s ${mac} -j RETURN`])),
      ...(ip === undefined
        ? []
        : filter('ipv4-ip', '-p IPv4', [
            '-p IPv4 --ip-src 0.0.0.0 --ip-proto udp -j RETURN',
            `-p IPv4 --ip-src ${ip} -j RETURN`,
          ])),
      `-A ${chain} ${dhcp} -j ACCEPT`,
      ...(mac === undefined ? [] : filter('arp-mac', '-p ARP', [`-p ARP --arp-mac-src ${mac} -j RETURN`])),
      ...(ip === undefined ? [] : filter('arp-ip', '-p ARP', [`-p ARP --arp-ip-src ${ip} -j RETURN`])),
      `-A PREROUTING -i ${port} -j ${chain}`,
      ...(dhcpServer === undefined ? [] : [`-A POSTROUTING -o ${port} ${answers} -j ACCEPT`]),
    ].map((command) => `ebtables -t nat ${command}`)
  })
}

const plain = (name: string): string => `ethtool -K ${name} tx off rx off tso off gso off gro off > /dev/null`

/** The ports and their far ends, up and silent; `before` are commands for `ip -batch`. */
export function setUpPorts(pid: number, before: readonly string[] = []): void {
  const far = `/proc/${pid}/fd/${FAR_NAMESPACE}`
  const names = Object.keys(PORTS)
  const links = Object.entries(PORTS).flatMap(([name, mac]) => [
    `link add ${name} address ${mac} type veth peer name ${name} netns ${far}`,
    `link set ${name} arp off up`,
  ])
  shell(
    ['-t', `${pid}`, '-n'],
    [
      `sysctl -qw ${SILENCE.join(' ')}`,
      `ip -batch - << END\n${['link set lo up', ...before, ...links].join('\n')}\nEND`,
      ...names.map(plain),
    ],
  )
  shell(
    [`--net=${far}`],
    [
      `sysctl -qw ${SILENCE.join(' ')}`,
      ...names.flatMap((name) => [plain(name), `ip link set ${name} arp off up`]),
    ],
  )
}

/** Commands for `ip -batch`: the bridge takes its ports, and what the node knows. */
function ofBridge({ address, neighbours = {} }: BridgeOptions): string[] {
  return [
    ...Object.keys(PORTS).map((name) => `link set ${name} master ${BRIDGE}`),
    ...(address === null ? [] : [`addr add ${address} dev ${BRIDGE}`]),
    `link set ${BRIDGE} up`,
    ...Object.entries(neighbours).map(
      ([to, mac]) => `neigh add ${to} lladdr ${mac} dev ${BRIDGE} nud permanent`,
    ),
  ]
}

function shell(namespace: string[], lines: string[]): void {
  run('nsenter', ...namespace, 'sh', '-ec', lines.join('\n'))
}

const NO_RULES = ['raw', 'mangle', 'filter'].map((table) => `*${table}\nCOMMIT\n`).join('')

function load(pid: number, rules: string): string | null {
  const failed = restore(pid, NO_RULES)
  if (failed !== null) throw new Error(failed)
  const refused = restore(pid, rules)
  if (refused !== null) restore(pid, NO_RULES)
  return refused
}

function restore(pid: number, rules: string): string | null {
  const command = ['-t', `${pid}`, '-n', 'iptables-legacy-restore', '-w']
  const { status, stderr } = spawnSync('nsenter', command, { input: rules, encoding: 'utf8' })
  return status === 0 ? null : stderr.trim() || `iptables-legacy-restore: status ${status}`
}

/** Those tables that the rules name: the others are there as well, empty. */
function countersOf(pid: number, tables: ReadonlySet<string>): string {
  const saved = inNamespace(pid, 'iptables-legacy-save', '-c')
  const all = saved.match(/^\*\w+\n[^]*?^COMMIT\n/gm) ?? []
  return all.filter((table) => tables.has(/^\*(\w+)/.exec(table)![1])).join('')
}
