/**
 * Names of ICMP's types and codes (IANA, "ICMP Parameters"). Where `iptables --icmp-type` has a word for one
 * it is that word, so that a printed frame and a rule read alike.
 */
import * as icmp from './icmp.js'

/** Type → name; the types not in it are unassigned. */
export const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [icmp.ECHO_REPLY, 'echo-reply'],
  [icmp.DESTINATION_UNREACHABLE, 'destination-unreachable'],
  [icmp.SOURCE_QUENCH, 'source-quench'],
  [icmp.REDIRECT, 'redirect'],
  [6, 'alternate-host-address'],
  [icmp.ECHO_REQUEST, 'echo-request'],
  [9, 'router-advertisement'],
  [10, 'router-solicitation'],
  [icmp.TIME_EXCEEDED, 'time-exceeded'],
  [icmp.PARAMETER_PROBLEM, 'parameter-problem'],
  [icmp.TIMESTAMP_REQUEST, 'timestamp-request'],
  [icmp.TIMESTAMP_REPLY, 'timestamp-reply'],
  [15, 'information-request'],
  [16, 'information-reply'],
  [17, 'address-mask-request'],
  [18, 'address-mask-reply'],
  [30, 'traceroute'],
  [31, 'datagram-conversion-error'],
  [32, 'mobile-host-redirect'],
  [33, 'ipv6-where-are-you'],
  [34, 'ipv6-i-am-here'],
  [35, 'mobile-registration-request'],
  [36, 'mobile-registration-reply'],
  [37, 'domain-name-request'],
  [38, 'domain-name-reply'],
  [39, 'skip'],
  [40, 'photuris'],
  [41, 'experimental-mobility'],
  [42, 'extended-echo-request'],
  [43, 'extended-echo-reply'],
  [253, 'experiment-1'],
  [254, 'experiment-2'],
])

/** Type → the names of its codes, from code 0 on. Types whose only code is 0 are not in it. */
export const CODE_NAMES: ReadonlyMap<number, readonly string[]> = new Map([
  [
    icmp.DESTINATION_UNREACHABLE,
    [
      'network-unreachable',
      'host-unreachable',
      'protocol-unreachable',
      'port-unreachable',
      'fragmentation-needed',
      'source-route-failed',
      'network-unknown',
      'host-unknown',
      'source-host-isolated',
      'network-prohibited',
      'host-prohibited',
      'TOS-network-unreachable',
      'TOS-host-unreachable',
      'communication-prohibited',
      'host-precedence-violation',
      'precedence-cutoff',
    ],
  ],
  [icmp.REDIRECT, ['network-redirect', 'host-redirect', 'TOS-network-redirect', 'TOS-host-redirect']],
  [icmp.TIME_EXCEEDED, ['ttl-zero-during-transit', 'ttl-zero-during-reassembly']],
  [icmp.PARAMETER_PROBLEM, ['ip-header-bad', 'required-option-missing', 'bad-length']],
])

/** The name of a code of a type, or undefined where it has none. */
export function codeName(type: number, code: number): string | undefined {
  return CODE_NAMES.get(type)?.[code]
}
