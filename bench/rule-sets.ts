/** Rule sets that benchmarks of rules share, as text. */

/** As performance is quoted for the kernel: one source each, a network, a port. */
export function flatRules(count: number): string {
  const rules = Array.from({ length: count }, (_, i) => `${flatRule(i)}\n`)
  return `*filter\n${rules.join('')}COMMIT\n`
}

/** The rule of this number, from 0. */
export function flatRule(i: number): string {
  const source = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`
  return `-A FORWARD -s ${source} -d 10.1.0.0/16 -p udp -m udp --dport ${(i % 60_000) + 1} -j DROP`
}

/** The address of an instance of `novaRules`, unsigned. */
export function instanceAddress(i: number): number {
  return 0x0a000002 + i
}

const NOVA = 'nova-compute'
/** What security groups let in: none, ping and ssh, a web server, all three. Instances are in one after another. */
const [PING, SSH, WEB] = ['-p icmp', '-p tcp -m tcp --dport 22', '-p tcp -m tcp --dport 80:443']
const GROUPS = [[], [PING, SSH], [WEB], [PING, SSH, WEB]]

/**
 * What nova-compute of Essex writes for so many instances, less its two rules of connection state: a jump for each
 * address, and a chain for each instance with what its security group lets in.
 */
export function novaRules(instances: number): string {
  const all = Array.from({ length: instances }, (_, i) => i)
  const chains = ['local', 'FORWARD', 'sg-fallback', 'provider', ...all.map((i) => `inst-${i}`)]
  return [
    '*filter',
    ...['nova-filter-top', ...chains.map((chain) => `${NOVA}-${chain}`)].map((chain) => `:${chain} - [0:0]`),
    '-A FORWARD -j nova-filter-top',
    `-A FORWARD -j ${NOVA}-FORWARD`,
    `-A nova-filter-top -j ${NOVA}-local`,
    `-A ${NOVA}-FORWARD -i br100 -j ACCEPT`,
    `-A ${NOVA}-FORWARD -o br100 -j ACCEPT`,
    ...all.map((i) => `-A ${NOVA}-local -d ${dotted(instanceAddress(i))}/32 -j ${NOVA}-inst-${i}`),
    ...all.flatMap(instanceRules),
    `-A ${NOVA}-sg-fallback -j DROP`,
    'COMMIT\n',
  ].join('\n')
}

/**
 * The rules of a node (iptables-save) with so many more instances: each has what the first one of the file has,
 * seven rules, and an address of its own.
 */
export function withMoreInstances(rules: string, more: number): string {
  const first = /-d (\S+) -j \S+-inst-(\d+)/.exec(rules)
  if (first === null) throw new Error('expected a jump to the chain of an instance')
  const [, address, number] = first
  const name = new RegExp(`inst-${number}\\b`)
  const lines = rules.split('\n').flatMap((line) => {
    if (!name.test(line)) return [line]
    const others = Array.from({ length: more }, (_, i) =>
      line.replace(name, `inst-${1000 + i}`).replace(address, `${dotted(moreInstancesAt(i))}/32`),
    )
    return [line, ...others]
  })
  return lines.join('\n')
}

/** The address of an instance that `withMoreInstances` has added, unsigned. */
export function moreInstancesAt(i: number): number {
  return 0x0a010000 + i
}

function instanceRules(i: number): string[] {
  return [
    `-j ${NOVA}-provider`,
    '-s 10.0.0.1/32 -p udp -m udp --sport 67 --dport 68 -j ACCEPT',
    '-s 10.0.0.0/24 -j ACCEPT',
    ...GROUPS[i % GROUPS.length].map((group) => `${group} -j ACCEPT`),
    `-j ${NOVA}-sg-fallback`,
  ].map((rule) => `-A ${NOVA}-inst-${i} ${rule}`)
}

function dotted(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.')
}
