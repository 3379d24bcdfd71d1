/** Rules with targets: as iptables-save prints them, or what is wrong with them. */

/** Rules of one place, of one or more targets. */
export interface Texts {
  table: string
  chain: string
  /** Rule → as it is printed; '=' as it stands. */
  printed: Record<string, string>
  /** Rule → what is wrong with it. iptables refuses it too. */
  refused: Record<string, string>
  /** Rule → what is wrong with it, where iptables takes it but means something else than it says. */
  stricter?: Record<string, string>
}

/** For every target that can be wrong in its own way. */
export const TEXTS: readonly Texts[] = [
  {
    table: 'nat',
    chain: 'POSTROUTING',
    printed: {
      '-j SNAT --to-source 1.1.1.1': '=',
      '-j SNAT --to 1.1.1.1-1.1.1.1': '-j SNAT --to-source 1.1.1.1',
      '-j SNAT --to-source 1.1.1.9-1.1.1.1': '=',
      '-p tcp -j SNAT --to-source :80-90': '=',
      '-p icmp -j SNAT --to-source 1.1.1.1:1-2': '=',
      '-p udp -j SNAT --to-source 1.1.1.1:http': '-p udp -j SNAT --to-source 1.1.1.1:80',
      '-p tcp -j SNAT --to-source 1.1.1.1:0x50-80': '-p tcp -j SNAT --to-source 1.1.1.1:80',
      '-j SNAT --persistent --random-fully --random --to-source 1.1.1.1':
        '-j SNAT --to-source 1.1.1.1 --random --random-fully --persistent',
      '-j MASQUERADE': '=',
      '-j MASQUERADE --random-fully --random': '-j MASQUERADE --random --random-fully',
      '-p tcp -j MASQUERADE --random --to-ports 80-85': '-p tcp -j MASQUERADE --to-ports 80-85 --random',
      '-p sctp -j MASQUERADE --to-ports 80-80': '-p sctp -j MASQUERADE --to-ports 80',
    },
    refused: {
      '-j SNAT': 'SNAT: expected --to-source',
      '-j SNAT --random': 'SNAT: expected --to-source',
      '-j SNAT ! --to-source 1.1.1.1': '! before --to-source: it cannot be negated',
      '-j SNAT --to-source 1.1.1.1 --to-source 2.2.2.2': '--to-source: given twice, expected once',
      '-j SNAT --to-source 1.1.1': '--to-source 1.1.1: expected an IPv4 address or ADDRESS-ADDRESS',
      '-j SNAT --to-source 1.1.1.1-': '--to-source 1.1.1.1-: expected an IPv4 address or ADDRESS-ADDRESS',
      '-j SNAT --to-source 1.1.1.1:80':
        '--to-source with a port: expected -p tcp, udp, sctp, dccp or icmp in the rule',
      '-p udplite -j SNAT --to-source 1.1.1.1:80':
        '--to-source with a port: expected -p tcp, udp, sctp, dccp or icmp in the rule',
      '-p tcp -j SNAT --to-source 1.1.1.1:': '--to-source : a port is 0-65535',
      '-p tcp -j SNAT --to-source 1.1.1.1:90-80': '--to-source 90-80: expected the smaller port first',
      '-p tcp -j SNAT --to-source 1.1.1.1:ftp-80': '--to-source ftp: a port in a range is a number, 0-65535',
      '-p tcp -j SNAT --to-source 1.1.1.1:1-65536':
        '--to-source 65536: a port in a range is a number, 0-65535',
      '-j MASQUERADE --to-ports 80':
        '--to-ports with a port: expected -p tcp, udp, sctp, dccp or icmp in the rule',
      '-p tcp -j MASQUERADE --to-ports 80:90': '--to-ports 80:90: a port is 0-65535',
      '-p tcp -j MASQUERADE --persistent':
        '--persistent: no option of the rule or of a match or target before it',
      '-j DNAT --to-destination 1.1.1.1':
        'DNAT: reached from POSTROUTING, expected only in PREROUTING, OUTPUT and chains reached from there',
      '-j REDIRECT':
        'REDIRECT: reached from POSTROUTING, expected only in PREROUTING, OUTPUT and chains reached from there',
    },
    stricter: {
      '-p tcp -j SNAT --to-source 1.1.1.1:80-90/85': '--to-source: /85 after the ports is for DNAT only',
      '! -p tcp -j SNAT --to-source 1.1.1.1:80':
        '--to-source with a port: expected -p tcp, udp, sctp, dccp or icmp in the rule',
    },
  },
  {
    table: 'nat',
    chain: 'PREROUTING',
    printed: {
      '-j DNAT --to 1.1.1.1': '-j DNAT --to-destination 1.1.1.1',
      '-p tcp -j DNAT --to-destination :80': '=',
      '-p tcp -j DNAT --to-destination 1.1.1.1-1.1.1.5:80-90/http':
        '-p tcp -j DNAT --to-destination 1.1.1.1-1.1.1.5:80-90/80',
      '-p tcp -j DNAT --to-destination 1.1.1.1:0 --persistent --random':
        '-p tcp -j DNAT --to-destination 1.1.1.1:0 --random --persistent',
    },
    refused: {
      '-j SNAT --to-source 1.1.1.1':
        'SNAT: reached from PREROUTING, expected only in INPUT, POSTROUTING and chains reached from there',
      '-p tcp -j DNAT --to-destination 1.1.1.1:80-90/': '--to-destination 80-90/: a port is 0-65535',
      '-p tcp -j DNAT --to-destination 1.1.1.1:80-90/0': '--to-destination /0: a base port is 1-65535',
      '-p tcp -j DNAT --to-destination 1.1.1.1:80/80': '--to-destination 80/80: a port is 0-65535',
      '-j DNAT --to-destination 1.1.1.1 --random-fully':
        '--random-fully: no option of the rule or of a match or target before it',
      '-j DNAT --to-destination localhost':
        '--to-destination localhost: expected an IPv4 address or ADDRESS-ADDRESS',
      '-j MASQUERADE':
        'MASQUERADE: reached from PREROUTING, expected only in POSTROUTING and chains reached from there',
    },
  },
  {
    table: 'nat',
    chain: 'OUTPUT',
    printed: {
      '-j REDIRECT': '=',
      '-p tcp -j REDIRECT --to-port ssh --random': '-p tcp -j REDIRECT --to-ports 22 --random',
      '-p udp -j REDIRECT --to-ports 0-0': '-p udp -j REDIRECT --to-ports 0',
    },
    refused: {
      '-p tcp -j REDIRECT --to-ports 5-3': '--to-ports 5-3: expected the smaller port first',
      '-p tcp -j REDIRECT --to-ports 20-30/25': '--to-ports: /25 after the ports is for DNAT only',
      '-p tcp -j REDIRECT --to-ports nonsense': '--to-ports nonsense: a port is 0-65535',
      '-p tcp -j REDIRECT --random-fully':
        '--random-fully: no option of the rule or of a match or target before it',
    },
  },
  {
    table: 'nat',
    chain: 'INPUT',
    printed: {
      '-j NETMAP --to 1.2.3.4': '-j NETMAP --to 1.2.3.4/32',
      '-j NETMAP --to 1.2.3.4/16': '-j NETMAP --to 1.2.0.0/16',
      '-j NETMAP --to 1.2.3.4/255.255.0.0': '-j NETMAP --to 1.2.0.0/16',
      '-j NETMAP --to 1.2.3.4/0': '-j NETMAP --to 0.0.0.0/0',
    },
    refused: {
      '-j NETMAP': 'NETMAP: expected --to',
      '-j NETMAP --to nowhere/8': '--to nowhere/8: expected an IPv4 address, ADDRESS/LENGTH or ADDRESS/MASK',
    },
    stricter: {
      '-j NETMAP --to 1.2.3.4/255.0.255.0':
        '--to 1.2.3.4/255.0.255.0: expected ADDRESS/LENGTH, or a mask without holes',
      '-j NETMAP --to 1.2.3.4/33':
        '--to 1.2.3.4/33: expected an IPv4 address, ADDRESS/LENGTH or ADDRESS/MASK',
      '-j NETMAP --to 1.2/16': '--to 1.2/16: expected ADDRESS/LENGTH, or a mask without holes',
    },
  },
  {
    table: 'raw',
    chain: 'PREROUTING',
    printed: {
      '-j CT': '=',
      '-j CT --zone 0 --notrack': '-j CT --notrack',
      '-j CT --zone 0x10': '-j CT --zone 16',
      '-j CT --zone-orig mark': '=',
      '-j CT --ctevents destroy,new,secmark,new --expevents new':
        '-j CT --ctevents new,destroy,secmark --expevents new',
      '-p tcp -j CT --zone 3 --expevents new --helper ftp --ctevents new --notrack':
        '-p tcp -j CT --notrack --helper ftp --ctevents new --expevents new --zone 3',
    },
    refused: {
      '-j CT --zone 65536': '--zone 65536: expected mark or a number from 0 to 65535',
      '-j CT --zone none': '--zone none: expected mark or a number from 0 to 65535',
      '-j CT --ctevents new,label':
        '--ctevents label: expected one of new, related, destroy, reply, assured, protoinfo, helper, mark, natseqinfo, secmark',
      '-j CT --expevents destroy': '--expevents destroy: expected one of new',
      '-j CT --helper ftp': '--helper: expected -p with a protocol in the rule',
      '-p tcp -j CT --helper longer-than-any-name':
        '--helper longer-than-any-name: expected at most 15 bytes',
    },
    stricter: {
      '-j CT --zone-orig 1 --zone-reply 2': 'CT: expected only one of --zone, --zone-orig, --zone-reply',
    },
  },
  {
    table: 'raw',
    chain: 'OUTPUT',
    printed: { '-j NOTRACK': '=', '-j TRACE': '=' },
    refused: {
      '-j NOTRACK --notrack': '--notrack: no option of the rule or of a match or target before it',
      '-j ECN --ecn-ip-ect 0': 'ECN: only in the tables mangle',
      '-j TRACE --trace': '--trace: no option of the rule or of a match or target before it',
    },
  },
  {
    table: 'filter',
    chain: 'FORWARD',
    printed: {
      '-j MARK --set-mark 1': '-j MARK --set-xmark 0x1/0xffffffff',
      '-j MARK --set-mark 9/3': '-j MARK --set-xmark 0x9/0xb',
      '-j MARK --set-xmark 9/3': '-j MARK --set-xmark 0x9/0x3',
      '-j MARK --and-mark 0xf0': '-j MARK --set-xmark 0x0/0xffffff0f',
      '-j MARK --or-mark 010': '-j MARK --set-xmark 0x8/0x8',
      '-j MARK --xor-mark 4294967295': '-j MARK --set-xmark 0xffffffff/0x0',
      '-p tcp --syn -j TCPMSS --set-mss 65515':
        '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 65515',
      '-p tcp --tcp-flags ALL SYN,ACK -j TCPMSS --clamp-mss-to-pmtu':
        '-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG SYN,ACK -j TCPMSS --clamp-mss-to-pmtu',
      '-p tcp --syn -m tcp --dport 80 -j TCPMSS --set-mss 0x10':
        '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m tcp --dport 80 -j TCPMSS --set-mss 16',
    },
    refused: {
      '-j NOTRACK': 'NOTRACK: only in the tables raw',
      '-j CT': 'CT: only in the tables raw',
      '-j TRACE': 'TRACE: only in the tables raw',
      '-j TOS --set-tos 1': 'TOS: only in the tables mangle',
      '-j TTL --ttl-set 1': 'TTL: only in the tables mangle',
      '-j DSCP --set-dscp 1': 'DSCP: only in the tables mangle',
      '-j SNAT --to-source 1.1.1.1': 'SNAT: only in the tables nat',
      '-j CHECKSUM --checksum-fill': 'CHECKSUM: only in the tables mangle',
      '-p tcp -j ECN --ecn-tcp-remove': 'ECN: only in the tables mangle',
      '-j MARK': 'MARK: expected --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark',
      '-j MARK --set-mark 4294967296': '--set-mark 4294967296: expected a number from 0 to 4294967295',
      '-j MARK --set-mark -1': '--set-mark -1: expected a number from 0 to 4294967295',
      '-j MARK --set-mark 1/': '--set-mark mask : expected a number from 0 to 4294967295',
      '-j MARK --xor-mark 1/1': '--xor-mark 1/1: expected a number from 0 to 4294967295',
      '-j MARK --xor-mark 1 --or-mark 4':
        'MARK: expected only one of --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark',
      '-j MARK --set-mark 1 --set-mark 1': '--set-mark: given twice, expected once',
      '-p tcp --syn -j TCPMSS': 'TCPMSS: expected --set-mss, --clamp-mss-to-pmtu',
      '-p tcp --syn -j TCPMSS --set-mss 65516': '--set-mss 65516: expected a number from 0 to 65515',
      '-p tcp -j TCPMSS --set-mss 42': 'TCPMSS: expected --syn, or --tcp-flags that ask for SYN, in the rule',
      '-p tcp ! --syn -j TCPMSS --set-mss 42':
        'TCPMSS: expected --syn, or --tcp-flags that ask for SYN, in the rule',
      '-p tcp --tcp-flags SYN NONE -j TCPMSS --set-mss 42':
        'TCPMSS: expected --syn, or --tcp-flags that ask for SYN, in the rule',
      '-p udp -j TCPMSS --set-mss 42': 'TCPMSS: expected -p tcp in the rule',
      '-j TCPMSS --set-mss 42': 'TCPMSS: expected -p tcp in the rule',
    },
    stricter: {
      '-p tcp --syn -j TCPMSS --set-mss 42 --clamp-mss-to-pmtu':
        'TCPMSS: expected only one of --set-mss, --clamp-mss-to-pmtu',
    },
  },
  {
    table: 'mangle',
    chain: 'FORWARD',
    printed: {
      '-j CONNMARK --set-mark 9/7': '-j CONNMARK --set-xmark 0x9/0xf',
      '-j CONNMARK --set-xmark 9/7': '-j CONNMARK --set-xmark 0x9/0x7',
      '-j CONNMARK --and-mark 5': '-j CONNMARK --set-xmark 0x0/0xfffffffa',
      '-j CONNMARK --or-mark 5': '-j CONNMARK --set-xmark 0x5/0x5',
      '-j CONNMARK --xor-mark 5 --left-shift-mark 3': '-j CONNMARK --set-xmark 0x5/0x0 --left-shift-mark 3',
      '-j CONNMARK --save-mark': '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
      '-j CONNMARK --mask 0xff --save-mark': '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff',
      '-j CONNMARK --ctmask 0xff --nfmask 0xf --restore-mark --right-shift-mark 31':
        '-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xff --right-shift-mark 31',
      '-j CONNMARK --restore-mark --left-shift-mark 0':
        '-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff',
    },
    refused: {
      '-j CONNMARK':
        'CONNMARK: expected --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark, --save-mark, --restore-mark',
      '-j CONNMARK --left-shift-mark 5':
        'CONNMARK: expected --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark, --save-mark, --restore-mark',
      '-j CONNMARK --save-mark --restore-mark':
        'CONNMARK: expected only one of --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark, --save-mark, --restore-mark',
      '-j CONNMARK --save-mark --mask 1 --nfmask 1':
        '--mask: expected without --ctmask and --nfmask, for both of which it stands',
      '-j CONNMARK --restore-mark --right-shift-mark 32':
        '--right-shift-mark 32: expected a number from 0 to 31',
      '-j CONNMARK --set-xmark 0x100000000':
        '--set-xmark 0x100000000: expected a number from 0 to 4294967295',
    },
    stricter: {
      '-j CONNMARK --set-mark 5 --mask 0xff':
        "--mask: expected with --save-mark or --restore-mark; a mark's own is VALUE/MASK",
      '-j CONNMARK --save-mark --left-shift-mark 1 --right-shift-mark 2':
        'CONNMARK: expected only one of --left-shift-mark, --right-shift-mark',
    },
  },
  {
    table: 'mangle',
    chain: 'POSTROUTING',
    printed: {
      '-p tcp -j ECN --ecn-tcp-remove': '=',
      '-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 0': '-p tcp -j ECN --ecn-tcp-remove',
      '-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 1': '-p tcp -j ECN --ecn-tcp-ece 1 --ecn-tcp-cwr 0',
      '-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 0':
        '-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 0',
      '-p tcp -j ECN --ecn-ip-ect 2 --ecn-tcp-remove': '-p tcp -j ECN --ecn-tcp-remove',
      '-j ECN --ecn-ip-ect 3': '=',
      '-j CHECKSUM --checksum-fill': '=',
    },
    refused: {
      '-j ECN --ecn-ip-ect 4': '--ecn-ip-ect 4: expected a number from 0 to 3',
      '-p tcp -j ECN': 'ECN: expected --ecn-tcp-remove, --ecn-tcp-ece, --ecn-tcp-cwr or --ecn-ip-ect',
      '-p udp -j ECN --ecn-tcp-remove': 'ECN of TCP: expected -p tcp in the rule',
      '! -p tcp -j ECN --ecn-tcp-cwr 1': 'ECN of TCP: expected -p tcp in the rule',
      '-p tcp -j ECN --ecn-tcp-cwr 2': '--ecn-tcp-cwr 2: expected a number from 0 to 1',
      '-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-cwr 0':
        'ECN: expected only one of --ecn-tcp-remove, --ecn-tcp-ece, --ecn-tcp-cwr',
      '-j CHECKSUM': 'CHECKSUM: expected --checksum-fill',
    },
  },
  {
    table: 'mangle',
    chain: 'INPUT',
    printed: {
      '-j TTL --ttl-set 0': '=',
      '-j TTL --ttl-dec 0x10': '-j TTL --ttl-dec 16',
      '-j TTL --ttl-inc 255': '=',
    },
    refused: {
      '-j TTL': 'TTL: expected --ttl-set, --ttl-dec, --ttl-inc',
      '-j TTL --ttl-set 256': '--ttl-set 256: expected a number from 0 to 255',
      '-j TTL --ttl-inc 0': '--ttl-inc 0: expected a number from 1 to 255',
      '-j TTL --ttl-set 1 --ttl-dec 1': 'TTL: expected only one of --ttl-set, --ttl-dec, --ttl-inc',
    },
  },
  {
    table: 'mangle',
    chain: 'OUTPUT',
    printed: {
      '-j TOS --set-tos 16': '-j TOS --set-tos 0x10/0xff',
      '-j TOS --set-tos 0x1f/0x0f': '=',
      '-j TOS --set-tos minimize-DELAY': '-j TOS --set-tos 0x10/0x3f',
      '-j TOS --set-tos Normal-Service': '-j TOS --set-tos 0x00/0x3f',
      '-j TOS --and-tos 0x12': '-j TOS --set-tos 0x00/0xed',
      '-j TOS --or-tos 0x12': '-j TOS --set-tos 0x12/0x12',
      '-j TOS --xor-tos 255': '-j TOS --set-tos 0xff/0x00',
    },
    refused: {
      '-j TOS': 'TOS: expected --set-tos, --and-tos, --or-tos, --xor-tos',
      '-j TOS --set-tos 256': '--set-tos 256: expected a number from 0 to 255',
      '-j TOS --set-tos Minimize':
        '--set-tos Minimize: expected VALUE[/MASK] or minimize-delay, maximize-throughput, maximize-reliability, minimize-cost, normal-service',
      '-j TOS --or-tos 1 --and-tos 1': 'TOS: expected only one of --set-tos, --and-tos, --or-tos, --xor-tos',
      '-j TOS --and-tos Minimize-Delay': '--and-tos Minimize-Delay: expected a number from 0 to 255',
    },
  },
  {
    table: 'mangle',
    chain: 'PREROUTING',
    printed: {
      '-j DSCP --set-dscp 077': '-j DSCP --set-dscp 0x3f',
      '-j DSCP --set-dscp-class be': '-j DSCP --set-dscp 0x00',
      '-j DSCP --set-dscp-class Af43': '-j DSCP --set-dscp 0x26',
      '-j DSCP --set-dscp-class CS7': '-j DSCP --set-dscp 0x38',
      '-p tcp --syn -j TCPMSS --set-mss 42':
        '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 42',
    },
    refused: {
      '-j DSCP': 'DSCP: expected --set-dscp, --set-dscp-class',
      '-j DSCP --set-dscp 64': '--set-dscp 64: expected a number from 0 to 63',
      '-j DSCP --set-dscp-class AF44':
        '--set-dscp-class AF44: expected CS0, CS1, CS2, CS3, CS4, CS5, CS6, CS7, BE, AF11, AF12, AF13, AF21, AF22, AF23, AF31, AF32, AF33, AF41, AF42, AF43, EF',
      '-j DSCP --set-dscp 0 --set-dscp-class EF': 'DSCP: expected only one of --set-dscp, --set-dscp-class',
      '-j CLASSIFY --set-class 1:2':
        'CLASSIFY: reached from PREROUTING, expected only in FORWARD, OUTPUT, POSTROUTING and chains reached from there',
      '-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu':
        'TCPMSS: reached from PREROUTING, expected only in FORWARD, OUTPUT, POSTROUTING and chains reached from there',
    },
  },
  {
    table: 'filter',
    chain: 'OUTPUT',
    printed: {
      '-j CLASSIFY --set-class 1:0xAb': '-j CLASSIFY --set-class 0001:00ab',
      '-j CLASSIFY --set-class ffff:ffff': '=',
    },
    refused: {
      '-j CLASSIFY': 'CLASSIFY: expected --set-class',
      '-j CLASSIFY --set-class 1':
        '--set-class 1: expected MAJOR:MINOR, two hexadecimal numbers of up to 4 digits',
      '-j CLASSIFY --set-class 1:':
        '--set-class 1:: expected MAJOR:MINOR, two hexadecimal numbers of up to 4 digits',
    },
    stricter: {
      '-j CLASSIFY --set-class 10000:1':
        '--set-class 10000:1: expected MAJOR:MINOR, two hexadecimal numbers of up to 4 digits',
      '-j CLASSIFY --set-class 1:2x':
        '--set-class 1:2x: expected MAJOR:MINOR, two hexadecimal numbers of up to 4 digits',
    },
  },
  {
    table: 'filter',
    chain: 'INPUT',
    printed: {
      '-j NFLOG': '=',
      '-j NFLOG --nflog-threshold 0 --nflog-range 0 --nflog-group 0': '-j NFLOG',
      '-j NFLOG --nflog-threshold 3 --nflog-size 0 --nflog-group 0x10 --nflog-prefix "a b"':
        '-j NFLOG --nflog-prefix "a b" --nflog-group 16 --nflog-size 0 --nflog-threshold 3',
      '-j NFLOG --nflog-range 4294967295': '=',
      '-j NFLOG --nflog-prefix "it\'s \\"1\\""': '-j NFLOG --nflog-prefix "it\\\'s \\"1\\""',
      '-j NFLOG --nflog-prefix 0123456789012345678901234567890123456789012345678901234567890123456789':
        '-j NFLOG --nflog-prefix 012345678901234567890123456789012345678901234567890123456789012',
    },
    refused: {
      '-j NFLOG --nflog-prefix ""': '--nflog-prefix: expected a text that is not empty',
      '-j NFLOG --nflog-group 65536': '--nflog-group 65536: expected a number from 0 to 65535',
      '-j NFLOG --nflog-size 64 --nflog-range 64':
        '--nflog-range and --nflog-size: expected --nflog-size alone',
      '-j NFLOG --nflog-threshold -1': '--nflog-threshold -1: expected a number from 0 to 65535',
      '-j CLASSIFY --set-class 1:2':
        'CLASSIFY: reached from INPUT, expected only in FORWARD, OUTPUT, POSTROUTING and chains reached from there',
    },
  },
]
