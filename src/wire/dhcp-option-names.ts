/**
 * The DHCP options by number: all of RFC 2132, and the later ones a network of virtual machines meets. The
 * names are those of dnsmasq's `--dhcp-option=option:NAME`; an option it has no name for carries the RFC's.
 */

/**
 * How an option's data read: addresses of 4 bytes, numbers in network order.
 *
 *   ip, ips, ip-pairs       one address; any number of them; pairs (address and mask, destination and router)
 *   u8, u16, u16s, u32, i32 one number, or a list
 *   seconds                 a 32-bit time that dnsmasq prints as one, all ones for ever
 *   flag                    one byte, 0 or 1
 *   text                    bytes that people read
 *   codes                   option numbers, one a byte
 *   names                   domain names in DNS form, compressed among themselves (RFC 3397 §2)
 *   routes                  prefix length, prefix without its empty bytes, router (RFC 3442)
 *   message-type, fqdn, agent   options 53, 81 (RFC 4702 §2) and 82 (RFC 3046 §2)
 *   opaque                  anything else
 */
export type Kind =
  | 'ip'
  | 'ips'
  | 'ip-pairs'
  | 'u8'
  | 'u16'
  | 'u16s'
  | 'u32'
  | 'i32'
  | 'seconds'
  | 'flag'
  | 'text'
  | 'codes'
  | 'names'
  | 'routes'
  | 'message-type'
  | 'fqdn'
  | 'agent'
  | 'opaque'

const ROWS: readonly [code: number, name: string, kind: Kind][] = [
  // RFC 1497's vendor extensions (RFC 2132 §3)
  [1, 'netmask', 'ip'],
  [2, 'time-offset', 'i32'],
  [3, 'router', 'ips'],
  [4, 'time-server', 'ips'],
  [5, 'name-server', 'ips'], // IEN 116, not DNS
  [6, 'dns-server', 'ips'],
  [7, 'log-server', 'ips'],
  [8, 'cookie-server', 'ips'],
  [9, 'lpr-server', 'ips'],
  [10, 'impress-server', 'ips'],
  [11, 'resource-location-server', 'ips'],
  [12, 'hostname', 'text'],
  [13, 'boot-file-size', 'u16'],
  [14, 'merit-dump-file', 'text'],
  [15, 'domain-name', 'text'],
  [16, 'swap-server', 'ip'],
  [17, 'root-path', 'text'],
  [18, 'extension-path', 'text'],
  // IP, by host (§4) and by interface (§5)
  [19, 'ip-forward-enable', 'flag'],
  [20, 'non-local-source-routing', 'flag'],
  [21, 'policy-filter', 'ip-pairs'],
  [22, 'max-datagram-reassembly', 'u16'],
  [23, 'default-ttl', 'u8'],
  [24, 'path-mtu-aging-timeout', 'u32'],
  [25, 'path-mtu-plateau-table', 'u16s'],
  [26, 'mtu', 'u16'],
  [27, 'all-subnets-local', 'flag'],
  [28, 'broadcast', 'ip'],
  [29, 'perform-mask-discovery', 'flag'],
  [30, 'mask-supplier', 'flag'],
  [31, 'router-discovery', 'flag'],
  [32, 'router-solicitation', 'ip'],
  [33, 'static-route', 'ip-pairs'],
  // Link layer (§6) and TCP (§7)
  [34, 'trailer-encapsulation', 'flag'],
  [35, 'arp-timeout', 'u32'],
  [36, 'ethernet-encap', 'flag'],
  [37, 'tcp-ttl', 'u8'],
  [38, 'tcp-keepalive', 'u32'],
  [39, 'tcp-keepalive-garbage', 'flag'],
  // Applications and services (§8)
  [40, 'nis-domain', 'text'],
  [41, 'nis-server', 'ips'],
  [42, 'ntp-server', 'ips'],
  [43, 'vendor-encap', 'opaque'],
  [44, 'netbios-ns', 'ips'],
  [45, 'netbios-dd', 'ips'],
  [46, 'netbios-nodetype', 'u8'],
  [47, 'netbios-scope', 'opaque'],
  [48, 'x-windows-fs', 'ips'],
  [49, 'x-windows-dm', 'ips'],
  [64, 'nis+-domain', 'text'],
  [65, 'nis+-server', 'ips'],
  [68, 'mobile-ip-home', 'ips'],
  [69, 'smtp-server', 'ips'],
  [70, 'pop3-server', 'ips'],
  [71, 'nntp-server', 'ips'],
  [72, 'www-server', 'ips'],
  [73, 'finger-server', 'ips'],
  [74, 'irc-server', 'ips'],
  [75, 'streettalk-server', 'ips'],
  [76, 'stda-server', 'ips'],
  // DHCP's own (§9)
  [50, 'requested-address', 'ip'],
  [51, 'lease-time', 'seconds'],
  [52, 'option-overload', 'u8'],
  [53, 'message-type', 'message-type'],
  [54, 'server-identifier', 'ip'],
  [55, 'parameter-request', 'codes'],
  [56, 'message', 'text'],
  [57, 'max-message-size', 'u16'],
  [58, 'T1', 'seconds'],
  [59, 'T2', 'seconds'],
  [60, 'vendor-class', 'text'],
  [61, 'client-id', 'opaque'],
  [66, 'tftp-server', 'text'],
  [67, 'bootfile-name', 'text'],
  // Later RFCs
  [77, 'user-class', 'opaque'], // RFC 3004
  [80, 'rapid-commit', 'opaque'], // RFC 4039: no data
  [81, 'FQDN', 'fqdn'], // RFC 4702
  [82, 'agent-info', 'agent'], // RFC 3046
  [90, 'authentication', 'opaque'], // RFC 3118
  [91, 'last-transaction', 'seconds'], // RFC 4388, and the next
  [92, 'associated-ip', 'ips'],
  [93, 'client-arch', 'u16s'], // RFC 4578, and the next two
  [94, 'client-interface-id', 'opaque'],
  [97, 'client-machine-id', 'opaque'],
  [100, 'posix-timezone', 'text'], // RFC 4833, and the next
  [101, 'tzdb-timezone', 'text'],
  [108, 'ipv6-only', 'u32'], // RFC 8925
  [114, 'captive-portal', 'text'], // RFC 8910
  [116, 'auto-configure', 'u8'], // RFC 2563
  [118, 'subnet-select', 'ip'], // RFC 3011
  [119, 'domain-search', 'names'], // RFC 3397
  [120, 'sip-server', 'opaque'], // RFC 3361
  [121, 'classless-static-route', 'routes'], // RFC 3442
  [124, 'vendor-id-class', 'opaque'], // RFC 3925, and the next
  [125, 'vendor-id-encap', 'opaque'],
  [150, 'tftp-server-address', 'ips'], // RFC 5859
]

const BY_CODE = new Map(ROWS.map((row) => [row[0], row]))

/** The option's name; `option-224` for a number without one. */
export function optionName(code: number): string {
  return BY_CODE.get(code)?.[1] ?? `option-${code}`
}

/** How the option's data read; `opaque` for a number without a name. */
export function optionKind(code: number): Kind {
  return BY_CODE.get(code)?.[2] ?? 'opaque'
}
