/**
 * Matches that look at one packet's headers or way: how they are read, printed and refused. Where iptables is at
 * hand it must say the same of every text. What they decide is in header-decisions.test.ts.
 */
import t from 'tap'
import { compile } from '../../src/netfilter/compile/compile.js'
import { interpret } from '../../src/netfilter/interpret.js'
import { needs } from '../tools.js'
import { ruleOf, ruleSet, runtime, saved, savedByIptables } from './rules.js'

/** Text → what is printed (SAME: the text) or, as a pattern, why it is refused. */
type Texts = Record<string, string | RegExp>
const SAME = '='

const LENGTH: Texts = {
  '-m length --length 0': SAME,
  '-m length --length 65535': SAME,
  '-m length ! --length 28:1500': SAME,
  '-m length --length :9': '-m length --length 0:9',
  '-m length --length 9:': '-m length --length 9:65535',
  '-m length --length :': '-m length --length 0:65535',
  '-m length --length 7:7': '-m length --length 7',
  '-m length --length 5:4': SAME,
  '-m length --length 0x10:020': '-m length --length 16',
  '-m length --length 65536': /--length 65536: expected a number from 0 to 65535/,
  '-m length --length -1': /--length -1: expected/,
  '-m length --length 1:2:3': /--length 1:2:3: expected one number or LEAST:GREATEST/,
  '-m length --length 1 --length 2': /--length: given twice/,
  '-m length': /length: expected --length/,
}

const TTL: Texts = {
  '-m ttl --ttl-eq 0': SAME,
  '-m ttl ! --ttl-eq 255': SAME,
  '-m ttl ! --ttl 5': '-m ttl ! --ttl-eq 5',
  '-m ttl --ttl-lt 0': SAME,
  '-m ttl --ttl-gt 255': SAME,
  '-m ttl --ttl-eq 256': /--ttl-eq 256: expected a number from 0 to 255/,
  '-m ttl ! --ttl-lt 5': /! before --ttl-lt: it cannot be negated/,
  '-m ttl ! --ttl-gt 5': /! before --ttl-gt: it cannot be negated/,
  '-m ttl --ttl-gt 5 --ttl-lt 9': /ttl: expected only one of --ttl-eq, --ttl-lt, --ttl-gt/,
  '-m ttl': /ttl: expected --ttl-eq, --ttl-lt, --ttl-gt/,
}

const TOS: Texts = {
  '-m tos --tos 0': '-m tos --tos 0x00/0xff',
  '-m tos --tos 255': '-m tos --tos 0xff/0xff',
  '-m tos ! --tos 0x10/0x0f': SAME,
  '-m tos --tos Normal-Service': '-m tos --tos 0x00/0x3f',
  '-m tos --tos minimize-delay': '-m tos --tos 0x10/0x3f',
  '-m tos --tos Minimize-Cost': '-m tos --tos 0x02/0x3f',
  '-m tos --tos Minimize': /--tos Minimize: expected VALUE\[\/MASK\] or minimize-delay, /,
  '-m tos --tos 256': /--tos 256: expected a number from 0 to 255/,
  '-m tos --tos 1/256': /--tos mask 256: expected a number from 0 to 255/,
  '-m tos --tos 1/2/3': /--tos 1\/2\/3: expected VALUE or VALUE\/MASK/,
  '-m tos': /tos: expected --tos/,
}

const DSCP: Texts = {
  '-m dscp --dscp 0': '-m dscp --dscp 0x00',
  '-m dscp ! --dscp 63': '-m dscp ! --dscp 0x3f',
  '-m dscp --dscp-class be': '-m dscp --dscp 0x00',
  '-m dscp --dscp-class CS7': '-m dscp --dscp 0x38',
  '-m dscp --dscp-class AF11': '-m dscp --dscp 0x0a',
  '-m dscp ! --dscp-class AF43': '-m dscp ! --dscp 0x26',
  '-m dscp --dscp-class EF': '-m dscp --dscp 0x2e',
  '-m dscp --dscp 64': /--dscp 64: expected a number from 0 to 63/,
  '-m dscp --dscp-class AF44': /--dscp-class AF44: expected CS0, /,
  '-m dscp --dscp 1 --dscp-class EF': /dscp: expected only one of --dscp, --dscp-class/,
  '-m dscp': /dscp: expected --dscp, --dscp-class/,
}

const MARK: Texts = {
  '-m mark --mark 0x0': SAME,
  '-m mark ! --mark 0x1/0xff': SAME,
  '-m mark --mark 0x100/0xff': SAME,
  '-m mark --mark 0x1/0x0': SAME,
  '-m mark --mark 4294967295/0xffffffff': '-m mark --mark 0xffffffff',
  '-m mark --mark 010': '-m mark --mark 0x8',
  '-m mark --mark 09': /--mark 09: expected a number/,
  '-m mark --mark 4294967296': /--mark 4294967296: expected a number from 0 to 4294967295/,
  '-m mark --mark 1/4294967296': /--mark mask 4294967296: expected/,
  '-m mark --mark -1': /--mark -1: expected/,
  '-m mark --mark 1/2/3': /--mark 1\/2\/3: expected VALUE or VALUE\/MASK/,
  '-m mark': /mark: expected --mark/,
}

const MAC: Texts = {
  '-m mac --mac-source 02:00:00:00:00:01': SAME,
  '-m mac ! --mac-source AA:bb:CC:dd:EE:ff': '-m mac ! --mac-source aa:bb:cc:dd:ee:ff',
  '-m mac --mac-source 2:0:0:0:0:a': '-m mac --mac-source 02:00:00:00:00:0a',
  '-m mac --mac-source 02-00-00-00-00-01': /--mac-source 02-00-00-00-00-01: expected a MAC address/,
  '-m mac --mac-source 02:00:00:00:01': /--mac-source 02:00:00:00:01: expected a MAC address/,
  '-m mac --mac-source 02:00:00:00:00:100': /--mac-source 02:00:00:00:00:100: expected a MAC address/,
  '-m mac': /mac: expected --mac-source/,
}

const IPRANGE: Texts = {
  '-m iprange --src-range 10.0.0.1-10.0.0.9': SAME,
  '-m iprange ! --src-range 10.0.0.1-10.0.0.9 ! --dst-range 0.0.0.0-255.255.255.255': SAME,
  '-m iprange --dst-range 1.1.1.1-1.1.1.2 --src-range 10.0.0.1':
    '-m iprange --src-range 10.0.0.1-10.0.0.1 --dst-range 1.1.1.1-1.1.1.2',
  '-m iprange --src-range 10.0.0.9-10.0.0.1': SAME,
  '-m iprange --src-range 10.0.0.9-': /--src-range 10.0.0.9-: expected an IPv4 address or ADDRESS-ADDRESS/,
  '-m iprange --src-range 1.1.1.1-1.1.1.256': /--src-range 1.1.1.1-1.1.1.256: expected/,
  '-m iprange --dst-range 10.0.0.0/8': /--dst-range 10.0.0.0\/8: expected/,
  '-m iprange': /iprange: expected --src-range, --dst-range or both/,
}

const PKTTYPE: Texts = {
  '-m pkttype --pkt-type unicast': SAME,
  '-m pkttype ! --pkt-type broadcast': SAME,
  '-m pkttype --pkt-type HOST': '-m pkttype --pkt-type unicast',
  '-m pkttype --pkt-type bcast': '-m pkttype --pkt-type broadcast',
  '-m pkttype --pkt-type mcast': '-m pkttype --pkt-type multicast',
  '-m pkttype --pkt-type uni': /--pkt-type uni: expected unicast, broadcast, multicast, otherhost/,
  '-m pkttype': /pkttype: expected --pkt-type/,
}

const PHYSDEV: Texts = {
  '-m physdev ! --physdev-in eth+': SAME,
  '-m physdev --physdev-in 123456789012345': SAME,
  '-m physdev --physdev-in eth0.100': SAME,
  '-m physdev --physdev-is-bridged --physdev-is-out --physdev-is-in ! --physdev-out a --physdev-in b':
    '-m physdev --physdev-is-in --physdev-in b --physdev-is-out ! --physdev-out a --physdev-is-bridged',
  '-m physdev --physdev-in 1234567890123456': /--physdev-in 1234567890123456: expected an interface's name/,
  '-m physdev --physdev-in a --physdev-in b': /--physdev-in: given twice/,
  '-m physdev': /physdev: expected one of --physdev-is-in, /,
}

const ADDRTYPE: Texts = {
  '-m addrtype --src-type LOCAL --dst-type LOCAL': SAME,
  '-m addrtype ! --src-type local': '-m addrtype ! --src-type LOCAL',
  '-m addrtype --dst-type LOCAL,UNICAST,LOCAL': '-m addrtype --dst-type UNICAST,LOCAL',
  '-m addrtype --dst-type UN': '-m addrtype --dst-type UNSPEC',
  '-m addrtype --dst-type unr,x': '-m addrtype --dst-type UNREACHABLE,XRESOLVE',
  '-m addrtype --dst-type LOCAL --limit-iface-in': SAME,
  '-m addrtype --src-type LOCAL --limit-iface-out': SAME,
  '-m addrtype --dst-type LOCAL,': /--dst-type LOCAL,: expected some of UNSPEC,UNICAST,/,
  '-m addrtype --dst-type ,LOCAL': /--dst-type ,LOCAL: expected/,
  '-m addrtype --dst-type LOCALE': /--dst-type LOCALE: expected/,
  '-m addrtype --dst-type LOCAL --limit-iface-in --limit-iface-out': /expected only one of them/,
  '-m addrtype --limit-iface-in': /addrtype: expected --src-type, --dst-type or both/,
}

const TCPMSS: Texts = {
  '-p tcp -m tcpmss --mss 1': SAME,
  '-p tcp -m tcpmss ! --mss 1:2': SAME,
  '-p tcp -m tcpmss --mss :9': '-p tcp -m tcpmss --mss 0:9',
  '-p tcp -m tcpmss --mss :': '-p tcp -m tcpmss --mss 0:65535',
  '-p tcp -m tcpmss --mss 2:1': /--mss 2:1: expected the smaller number first/,
  '-p tcp -m tcpmss --mss 65536': /--mss 65536: expected a number from 0 to 65535/,
  '-p tcp -m tcpmss': /tcpmss: expected --mss/,
  '-p udp -m tcpmss --mss 1': /tcpmss: expected -p tcp in the rule/,
  '! -p tcp -m tcpmss --mss 1': /tcpmss: expected -p tcp in the rule/,
}

const SCTP: Texts = {
  '-p sctp -m sctp': SAME,
  '-p sctp -m sctp ! --sport 0:65535': SAME,
  '-p sctp --source-port 7 --destination-port :9': '-p sctp -m sctp --sport 7 --dport 0:9',
  '-p sctp -m sctp ! --chunk-types any INIT,data': '-p sctp -m sctp ! --chunk-types any DATA,INIT',
  '-p sctp -m sctp --chunk-types all DATA:beI,ABORT:t': '-p sctp -m sctp --chunk-types all DATA:Ibe,ABORT:t',
  '-p sctp -m sctp --chunk-types only none': '-p sctp -m sctp --chunk-types only NONE',
  '-p sctp -m sctp --chunk-types some DATA': /--chunk-types some: expected all, any or only/,
  '-p sctp -m sctp --chunk-types all INIT:T': /--chunk-types INIT:T: INIT has no flags/,
  '-p sctp -m sctp --chunk-types all WRONG': /--chunk-types WRONG: expected DATA, INIT, /,
  '-p sctp -m sctp --chunk-types any': /--chunk-types: expected all\|any\|only /,
  '-p tcp -m sctp --sport 1': /sctp: expected -p sctp in the rule/,
}

const IPSEC: Texts = {
  '-p ah -m ah': SAME,
  '-p ah --ahspi 0x10': '-p ah -m ah --ahspi 16',
  '-p ah -m ah ! --ahspi 0:4294967294': SAME,
  '-p ah -m ah --ahspi :': '-p ah -m ah',
  '-p ah -m ah --ahspi 1:': '-p ah -m ah --ahspi 1:4294967295',
  '-p esp -m esp --espspi 5:1': SAME,
  '-p esp -m esp ! --espspi :': '-p esp -m esp',
  '-p esp -m esp --espspi 4294967296': /--espspi 4294967296: expected a number from 0 to 4294967295/,
  '-p ah -m esp --espspi 1': /esp: expected -p esp in the rule/,
}

const ECN: Texts = {
  '-m ecn ! --ecn-ip-ect 3': SAME,
  '-p tcp -m ecn --ecn-ip-ect 0 ! --ecn-tcp-cwr --ecn-tcp-ece':
    '-p tcp -m ecn --ecn-tcp-ece ! --ecn-tcp-cwr --ecn-ip-ect 0',
  '-m ecn --ecn-ip-ect 4': /--ecn-ip-ect 4: expected a number from 0 to 3/,
  '-p udp -m ecn --ecn-tcp-ece': /--ecn-tcp-ece: expected -p tcp in the rule/,
  '-p tcp -m ecn': /ecn: expected one of --ecn-tcp-ece, --ecn-tcp-cwr, --ecn-ip-ect/,
}

/** Texts by the place where the rule stands, for what may not stand everywhere. */
const PLACES: ReadonlyArray<readonly [table: string, chain: string, texts: Texts]> = [
  [
    'filter',
    'FORWARD',
    {
      ...{ ...LENGTH, ...TTL, ...TOS, ...DSCP, ...MARK, ...MAC, ...IPRANGE, ...PKTTYPE, ...PHYSDEV },
      ...{ ...ADDRTYPE, ...TCPMSS, ...SCTP, ...IPSEC, ...ECN },
      '-m rpfilter': /rpfilter: only in the tables raw, mangle/,
    },
  ],
  [
    'filter',
    'INPUT',
    {
      '-m mac --mac-source 02:00:00:00:00:01': SAME,
      '-m addrtype --dst-type LOCAL --limit-iface-in': SAME,
      '-m addrtype --dst-type LOCAL --limit-iface-out': /addrtype: reached from INPUT/,
    },
  ],
  [
    'filter',
    'OUTPUT',
    {
      '-m mac --mac-source 02:00:00:00:00:01': /mac: reached from OUTPUT/,
      '-m addrtype --dst-type LOCAL --limit-iface-out': SAME,
      '-m addrtype --dst-type LOCAL --limit-iface-in': /addrtype: reached from OUTPUT/,
      '-m physdev --physdev-in a': SAME,
      '-m physdev --physdev-out a': /physdev: reached from OUTPUT/,
      '-m physdev ! --physdev-is-out': /physdev: reached from OUTPUT/,
      '-m physdev --physdev-out a --physdev-is-bridged': SAME,
      '-m physdev --physdev-out a ! --physdev-is-bridged': /physdev: reached from OUTPUT/,
    },
  ],
  [
    'raw',
    'PREROUTING',
    {
      '-m rpfilter': SAME,
      '-m rpfilter --invert --accept-local --validmark --loose':
        '-m rpfilter --loose --validmark --accept-local --invert',
      '-m rpfilter ! --invert': /! before --invert: it cannot be negated/,
    },
  ],
  ['mangle', 'INPUT', { '-m rpfilter': /rpfilter: reached from INPUT/ }],
]

const ALL = PLACES.flatMap(([table, chain, texts]) =>
  Object.entries(texts).map(([text, expected]) => ({ text, expected, table, chain })),
)

t.test('texts are printed as they should be, or refused', async (t) => {
  for (const { text, expected, table, chain } of ALL) {
    const ours = saved(text, table, chain)
    const where = `${table} ${chain} ${text}`
    if (typeof expected === 'string') t.equal(ours, expected === SAME ? text : expected, where)
    else t.match(ours, new RegExp(`^refused: rules:\\d+: .*${expected.source}`), where)
  }
})

t.test('iptables prints or refuses the same texts', async (t) => {
  if (!needs(t, 'iptables-legacy-save', 'unshare')) return
  if (process.getuid?.() !== 0) {
    const message = 'not root: this comparison did not run'
    return process.env['BR100_REQUIRE_TOOLS'] === '1' ? t.fail(message) : t.plan(0, message)
  }
  for (const { text, expected, table, chain } of ALL) {
    const real = savedByIptables(text, table, chain)
    const where = `${table} ${chain} ${text}`
    if (typeof expected === 'string') t.equal(real, expected === SAME ? text : expected, where)
    else t.match(real, /^refused: /, where)
  }
})

t.test('names that no port of a bridge can have are refused, although iptables takes them', async (t) => {
  t.match(saved('-m physdev --physdev-in a/b'), /^refused: .*--physdev-in a\/b: expected an interface's name/)
  t.match(saved('-m physdev --physdev-out ""'), /^refused: .*--physdev-out : expected an interface's name/)
})

t.test('what is only parsed and printed is refused where frames are to be decided', async (t) => {
  for (const match of ['-p sctp -m sctp', '-p ah -m ah', '-p esp -m esp', '-m ecn --ecn-ip-ect 0'])
    for (const begin of [interpret, compile])
      t.throws(() => begin(ruleSet(`*filter\n-A FORWARD ${match} -j DROP\nCOMMIT\n`), runtime()), match)
  t.equal(ruleOf('-m rpfilter', 'raw', 'PREROUTING').matches[0].start, undefined)
})
