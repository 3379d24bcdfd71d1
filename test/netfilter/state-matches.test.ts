/**
 * Matches that remember, that look at the clock or at the bytes of a packet, and those that ask for a connection:
 * how they are read and printed, refused, and what they decide. Where iptables is at hand it must say the same.
 */
import t from 'tap'
import { interpret } from '../../src/netfilter/interpret.js'
import type { Packet } from '../../src/netfilter/packet.js'
import type { Runtime } from '../../src/netfilter/runtime.js'
import { needs } from '../tools.js'
import { icmpFrame, udpFrame } from './frames.js'
import type { FrameFields } from './frames.js'
import { packetOf, ruleOf, ruleSet, runtime, saved, savedByIptables } from './rules.js'

/** Text → what is printed (SAME: the text) or, as a pattern, why it is refused. */
type Texts = Record<string, string | RegExp>
const SAME = '='

const LIMIT: Texts = {
  '-m limit': '-m limit --limit 3/hour',
  '-m limit --limit 10/second --limit-burst 20': '-m limit --limit 10/sec --limit-burst 20',
  '-m limit --limit 1': '-m limit --limit 1/sec',
  '-m limit --limit 7/H': '-m limit --limit 7/hour',
  '-m limit --limit 7000/min': '-m limit --limit 117/sec',
  '-m limit --limit 24/day': '-m limit --limit 1/hour',
  '-m limit --limit 9999/s': '-m limit --limit 10000/sec',
  '-m limit --limit 1/hour --limit-burst 119': SAME,
  '-m limit --limit 1/min --limit-burst 7158': SAME,
  '-m limit --limit 1/min --limit-burst 7159': /expected a smaller burst/,
  '-m limit --limit 1/day': /expected a smaller burst/,
  '-m limit --limit-burst 0': /expected a burst of 1 at least/,
  '-m limit --limit-burst 10001': /--limit-burst 10001: expected a number from 0 to 10000/,
  '-m limit --limit 10001/s': /--limit 10001\/s: too fast/,
  '-m limit --limit 9/ms': /--limit 9\/ms: expected NUMBER/,
  '-m limit --limit 0/s': /--limit 0\/s: expected NUMBER/,
  '-m limit ! --limit 1/s': /! before --limit: it cannot be negated/,
}

const STATISTIC: Texts = {
  '-m statistic --mode random --probability 0.5': '-m statistic --mode random --probability 0.50000000000',
  '-m statistic --mode random ! --probability 0.1':
    '-m statistic --mode random ! --probability 0.10000000009',
  '-m statistic --mode random --probability 1e-3': '-m statistic --mode random --probability 0.00100000016',
  '-m statistic --mode nth --every 5 --packet 0': SAME,
  '-m statistic --mode nth ! --every 5 --packet 4': SAME,
  '-m statistic --mode nth --every 5 --packet 5': /--packet 5: expected a number from 0 to 4/,
  '-m statistic --mode nth --every 5': /--mode nth: expected --every and --packet/,
  '-m statistic --mode random --probability 1.1': /--probability 1.1: expected a number from 0 to 1/,
  '-m statistic --mode random': /--mode random: expected --probability/,
  '-m statistic --mode RANDOM --probability 1': /--mode RANDOM: expected random or nth/,
  '-m statistic --probability 0.4': /statistic: expected --mode/,
}

const STRING: Texts = {
  '-m string --algo bm --string abc': '-m string --string "abc" --algo bm',
  '-m string ! --string "a b\'|" --algo kmp --from 1 --to 30 --icase': SAME,
  '-m string --hex-string "|0A 0b|" --algo bm': '-m string --hex-string "|0a0b|" --algo bm',
  '-m string --hex-string "|6162 63|x" --algo bm': '-m string --string "abcx" --algo bm',
  '-m string --hex-string "|61||62|" --algo bm': '-m string --string "a|62" --algo bm',
  '-m string --hex-string "|5c|" --algo bm': SAME,
  '-m string --string "é" --algo bm': '-m string --hex-string "|c3a9|" --algo bm',
  '-m string --string "a" --algo bm --to 65535': '-m string --string "a" --algo bm',
  '-m string --hex-string "|6|" --algo bm': /--hex-string \|6\|: expected pairs of digits/,
  '-m string --hex-string "||" --algo bm': /expected pairs of digits/,
  [`-m string --string ${'x'.repeat(129)} --algo bm`]: /--string: 129 bytes, expected 1 to 128/,
  '-m string --string "" --algo bm': /--string: 0 bytes/,
  '-m string --string a --algo fsm': /--algo fsm: expected bm or kmp/,
  '-m string --string a --algo bm --from 20 --to 10': /--from 20 --to 10: expected the smaller offset first/,
  '-m string --string a --hex-string |61| --algo bm': /string: expected only one of/,
  '-m string --string a': /string: expected --algo/,
}

const RECENT: Texts = {
  '-m recent --set': '-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource',
  '-m recent ! --rcheck --name A --mask 255.255.0.0 --rdest': SAME,
  '-m recent --update --seconds 60 --reap --hitcount 4 --rttl --name A --mask 255.255.255.255 --rsource':
    SAME,
  '-m recent --set --rsource --rdest': '-m recent --set --name DEFAULT --mask 255.255.255.255 --rdest',
  '-m recent --update --hitcount 0': '-m recent --update --name DEFAULT --mask 255.255.255.255 --rsource',
  '-m recent --update --hitcount 65536': /--hitcount 65536: expected a number from 0 to 65535/,
  '-m recent --update --reap': /--reap: expected --seconds with it/,
  '-m recent --set --seconds 3': /--set: expected no --seconds/,
  '-m recent --remove --rttl': /--remove: expected no --seconds/,
  '-m recent --set --rcheck': /recent: expected only one of --set/,
  '-m recent --set --name a/b': /--name a\/b: expected a name/,
  '-m recent --name x': /recent: expected --set, --rcheck, --update, --remove/,
}

const END = '--datestop 2038-01-19T03:14:07'
const TIME: Texts = {
  '-m time': `-m time ${END}`,
  '-m time --timestart 8:00': `-m time --timestart 08:00:00 --timestop 23:59:59 ${END}`,
  '-m time --timestart 0:00 --timestop 23:59:59 --utc': `-m time ${END}`,
  [`-m time --timestart 22:00:00 --timestop 06:00:00 ${END} --contiguous`]: SAME,
  '-m time ! --weekdays 6,Sunday': `-m time --weekdays Mon,Tue,Wed,Thu,Fri ${END}`,
  '-m time --monthdays 31,1': `-m time --monthdays 1,31 ${END}`,
  '-m time --datestart 2020-02-30 --localtz': `-m time --datestart 2020-03-01T00:00:00 ${END} --kerneltz`,
  '-m time --datestop 2020-02-03T04': '-m time --datestop 2020-02-03T04:00:00',
  '-m time --timestart 24:00': /--timestart 24:00: expected hh:mm/,
  '-m time --weekdays MON': /--weekdays MON: MON is no day/,
  '-m time --monthdays 32': /--monthdays 32: 32 is no day/,
  '-m time --datestart 1969-12-31': /--datestart 1969-12-31: expected YYYY/,
  '-m time --contiguous': /--contiguous: expected a --timestop before/,
  '-m time --utc --kerneltz': /--utc and --kerneltz: expected only one/,
}

const HASHLIMIT: Texts = {
  '-m hashlimit --hashlimit 5/sec --hashlimit-name x':
    '-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name x',
  '-m hashlimit ! --hashlimit-upto 7/m --hashlimit-name x':
    '-m hashlimit --hashlimit-above 7/min --hashlimit-burst 5 --hashlimit-name x',
  '-m hashlimit --hashlimit-above 600/min --hashlimit-name x':
    '-m hashlimit --hashlimit-above 10/sec --hashlimit-burst 5 --hashlimit-name x --hashlimit-htable-expire 60000',
  '-m hashlimit --hashlimit-above 5/sec --hashlimit-mode dstport,srcip --hashlimit-name x --hashlimit-srcmask 24':
    '-m hashlimit --hashlimit-above 5/sec --hashlimit-burst 5 --hashlimit-mode srcip,dstport --hashlimit-name x --hashlimit-srcmask 24',
  '-m hashlimit --hashlimit-above 512kb/s --hashlimit-burst 600kb --hashlimit-name x':
    '-m hashlimit --hashlimit-above 512kb/s --hashlimit-burst 1mb --hashlimit-name x',
  '-m hashlimit --hashlimit-upto 100b/s --hashlimit-name x':
    '-m hashlimit --hashlimit-upto 96b/s --hashlimit-name x',
  '-m hashlimit --hashlimit-above 5/min --hashlimit-name x --hashlimit-rate-match':
    '-m hashlimit --hashlimit-above 5/sec --hashlimit-burst 5 --hashlimit-name x --hashlimit-htable-expire 60000 --hashlimit-rate-match --hashlimit-rate-interval 60',
  '-m hashlimit --hashlimit-above 5/sec --hashlimit-name x --hashlimit-htable-size 2000000':
    '-m hashlimit --hashlimit-above 5/sec --hashlimit-burst 5 --hashlimit-name x --hashlimit-htable-size 1048576',
  '-m hashlimit --hashlimit-above 1/hour --hashlimit-burst 37 --hashlimit-name x': SAME,
  '-m hashlimit --hashlimit-above 1/hour --hashlimit-burst 38 --hashlimit-name x': /expected a smaller burst/,
  '-m hashlimit --hashlimit-above 512kb/s --hashlimit-burst 100kb --hashlimit-name x':
    /expected 524288b at least/,
  '-m hashlimit --hashlimit-above 1000001/sec --hashlimit-name x': /too fast/,
  '-m hashlimit --hashlimit-above 5/sec --hashlimit-name x --hashlimit-mode src': /--hashlimit-mode src/,
  '-m hashlimit --hashlimit-above 5/sec --hashlimit-name x --hashlimit-htable-expire 0': /expire 0: expected/,
  '-m hashlimit --hashlimit-above 5/sec': /hashlimit: expected --hashlimit-name/,
  '-m hashlimit --hashlimit-name x': /hashlimit: expected --hashlimit-upto, --hashlimit-above/,
}

const CONNECTION: Texts = {
  '-m state --state new,ESTAB': '-m state --state NEW,ESTABLISHED',
  '-m state ! --state RELATED,INVALID': '-m state ! --state INVALID,RELATED',
  '-m state --state NEW,': /--state/,
  '-m state --state SNAT': /--state/,
  '-m state': /state: expected --state/,
  '-m conntrack --ctstate DNAT,NEW': '-m conntrack --ctstate NEW,DNAT',
  '-m conntrack ! --ctproto udp --ctdir reply': '-m conntrack ! --ctproto 17 --ctdir REPLY',
  '-m conntrack --ctorigdstport :2 ! --ctorigsrc 10.0.0.1/8':
    '-m conntrack ! --ctorigsrc 10.0.0.1/8 --ctorigdstport 0:2',
  '-m conntrack --ctstatus NONE,ASSURED --ctexpire 5:':
    '-m conntrack --ctstatus ASSURED --ctexpire 5:4294967295',
  '-m conntrack --ctexpire 4294967296': /--ctexpire/,
  '-m conntrack': /conntrack: expected/,
  '-m connlimit ! --connlimit-upto 10':
    '-m connlimit --connlimit-above 10 --connlimit-mask 32 --connlimit-saddr',
  '-m connlimit --connlimit-above 3 --connlimit-daddr --connlimit-saddr': /only one/,
  '-m connlimit': /connlimit: expected/,
  '-m connmark ! --mark 16/0xf0': '-m connmark ! --mark 0x10/0xf0',
  '-m connmark': /connmark: expected --mark/,
  '-m connbytes --connbytes :5 --connbytes-mode bytes --connbytes-dir reply':
    '-m connbytes --connbytes 0:5 --connbytes-mode bytes --connbytes-dir reply',
  '-m connbytes ! --connbytes 0:18446744073709551614 --connbytes-mode avgpkt --connbytes-dir both': SAME,
  '-m connbytes --connbytes 5:4 --connbytes-mode bytes --connbytes-dir both': /--connbytes 5:4/,
  '-m connbytes --connbytes 5 --connbytes-mode bytes': /connbytes: expected --connbytes-dir/,
  '-m helper ! --helper ftp-2121': SAME,
  '-m helper': /helper: expected --helper/,
}

const OWNER: Texts = {
  '-m owner --gid-owner 3-3 --suppl-groups ! --uid-owner root':
    '-m owner ! --uid-owner 0 --gid-owner 3 --suppl-groups',
  '-m owner ! --socket-exists': SAME,
  '-m owner --uid-owner 10-5': /--uid-owner 10-5/,
  '-m owner --suppl-groups --gid-owner 3': /--suppl-groups/,
  '-m owner': /owner: expected/,
}

const FORWARDED = { ...LIMIT, ...STATISTIC, ...STRING, ...RECENT, ...TIME, ...HASHLIMIT, ...CONNECTION }
const ALL = [
  ...Object.entries(FORWARDED).map(([text, expected]) => ({ text, expected, chain: 'FORWARD' })),
  ...Object.entries(OWNER).map(([text, expected]) => ({ text, expected, chain: 'OUTPUT' })),
  { text: '-m owner --uid-owner 1', expected: /owner/, chain: 'FORWARD' },
]

t.test('what is printed, and why it is refused', async (t) => {
  for (const { text, expected, chain } of ALL) {
    const ours = saved(text, 'filter', chain)
    if (typeof expected === 'string') t.equal(ours, expected === SAME ? text : expected, text)
    else {
      t.match(ours, /^refused: /, text)
      t.match(ours, expected, text)
    }
  }
})

t.test('iptables prints or refuses the same texts', async (t) => {
  if (!needs(t, 'iptables-legacy-save', 'unshare')) return
  if (process.getuid?.() !== 0) {
    const message = 'not root: this comparison did not run'
    return process.env['BR100_REQUIRE_TOOLS'] === '1' ? t.fail(message) : t.plan(0, message)
  }
  for (const { text, expected, chain } of ALL) {
    const real = savedByIptables(text, 'filter', chain)
    if (typeof expected === 'string') t.equal(real, expected === SAME ? text : expected, text)
    else t.match(real, /^refused: /, text)
  }
})

t.test('what asks for a connection or a socket is refused where frames are to be decided', async (t) => {
  const texts = Object.entries(CONNECTION).filter(([, expected]) => typeof expected === 'string')
  for (const [text] of texts)
    t.throws(() => interpret(ruleSet(`*filter\n-A FORWARD ${text} -j DROP\nCOMMIT\n`), runtime()), text)
  t.equal(ruleOf('-m owner --uid-owner 1', 'filter', 'OUTPUT').matches[0].start, undefined)
})

/** 2024-01-01T00:00:00Z, a Monday. */
const START = 1_704_067_200
const DAY = 86_400

/** A packet at so many seconds after START. */
function at(seconds: number, frame: FrameFields = {}, fields: Partial<Packet> = {}): Packet {
  return packetOf(udpFrame(frame), { now: (START + seconds) * 1_000_000, ...fields })
}

/** The first match of a rule, started once: what it says of one packet after the other. */
function started(text: string, world: Runtime = runtime()): (packet: Packet) => boolean {
  return ruleOf(text).matches[0].start!(world)
}

/** For how many of so many packets at once it holds. */
function allowed(
  ask: (packet: Packet) => boolean,
  seconds: number,
  count = 100,
  frame: FrameFields = {},
): number {
  return Array.from({ length: count }, () => ask(at(seconds, frame))).filter((holds) => holds).length
}

t.test('limit: a burst, then as many as the time earns', async (t) => {
  const ask = started('-m limit --limit 10/second --limit-burst 5')
  t.equal(allowed(ask, 0), 5)
  t.equal(allowed(ask, 0.099), 0, 'a packet costs 25 ticks of 4 ms')
  t.equal(allowed(ask, 0.1), 1)
  t.equal(allowed(ask, 0.35), 2)
  t.equal(allowed(ask, 0.4), 1, 'what was left over counts')
  t.equal(allowed(ask, 3600), 5, 'never more than the burst')
  t.equal(allowed(ask, 3000), 0, 'a clock that is set back earns nothing')
})

t.test('limit: credit has 32 bits', async (t) => {
  const ask = started('-m limit --limit 1/hour --limit-burst 2')
  t.equal(allowed(ask, 0), 2)
  const ticks = 2 ** 32 / 128
  t.equal(allowed(ask, ticks / 250), 0, 'after 37 hours it begins again from nothing')
  t.equal(allowed(ask, ticks / 250 + 3600), 1)
})

t.test('statistic', async (t) => {
  const nth = started('-m statistic --mode nth --every 3 --packet 1')
  t.same(
    [0, 1, 2, 3, 4, 5].map(() => nth(at(0))),
    [false, true, false, false, true, false],
  )
  const others = started('-m statistic --mode nth ! --every 2 --packet 0')
  t.same(
    [0, 1, 2].map(() => others(at(0))),
    [false, true, false],
  )
  for (const [bits, expected] of [
    [0x1fffffff, true],
    [0x20000000, false],
    [0x9fffffff, true],
    [0xffffffff, false],
  ] as const) {
    const world = runtime({ random: () => bits })
    t.equal(started('-m statistic --mode random --probability 0.25', world)(at(0)), expected)
    t.equal(started('-m statistic --mode random ! --probability 0.25', world)(at(0)), !expected)
  }
})

t.test('string: anywhere from the IPv4 header to the end of the datagram', async (t) => {
  const frame = udpFrame({ payload: 30, padding: 8 })
  frame.set(Buffer.from('xGGET /ab'), 14 + 28)
  frame.set(Buffer.from('padding'), frame.length - 7)
  const packet = packetOf(frame)
  const cases: Array<[options: string, expected: boolean]> = [
    ['--string "GET /"', true],
    ['--string "get /"', false],
    ['--string "get /" --icase', true],
    ['--string padding', false],
    ['--hex-string "|45|" --to 1', true],
    ['--hex-string "|45|" --from 1 --to 15', false],
    ['--string "GET /" --from 30 --to 35', true],
    ['--string "GET /" --from 31', false],
    ['--string "GET /" --to 34', false],
    ['--string "GET /" --from 1000', false],
  ]
  for (const [options, expected] of cases) {
    for (const algorithm of ['bm', 'kmp'])
      t.equal(started(`-m string ${options} --algo ${algorithm}`)(packet), expected, options)
    t.equal(started(`-m string ! ${options} --algo bm`)(packet), !expected, `! ${options}`)
  }
})

t.test('recent: lists by name, times and hits', async (t) => {
  const world = runtime()
  const set = started('-m recent --set --name A', world)
  const check = started('-m recent --rcheck --seconds 10 --hitcount 3 --name A', world)
  const other = started('-m recent --rcheck --name B', world)
  const destination = started('-m recent --rcheck --rdest --name A', world)
  const remove = started('-m recent --remove --name A', world)
  t.notOk(check(at(0)))
  t.notOk(remove(at(0)))
  for (const seconds of [0, 4, 8]) t.ok(set(at(seconds)))
  t.ok(check(at(8)))
  t.ok(check(at(10)), 'the tenth second counts')
  t.notOk(check(at(10.004)))
  t.notOk(check(at(8, { source: '10.0.0.9' })))
  t.notOk(other(at(8)))
  t.ok(destination(at(8, { source: '1.1.1.1', destination: '10.0.0.1' })))
  t.ok(remove(at(8)))
  t.notOk(check(at(8)))
})

t.test('recent: update counts what it holds for, the mask is the first rule’s', async (t) => {
  const world = runtime()
  const set = started('-m recent --set --name A --mask 255.255.255.0', world)
  const update = started('-m recent --update --seconds 10 --name A', world)
  t.ok(set(at(0)))
  t.ok(update(at(9, { source: '10.0.0.77' })))
  t.ok(update(at(18)))
  t.notOk(update(at(29)))
  t.notOk(update(at(30)), 'what does not hold is not counted')
})

t.test('recent: 100 addresses; TTLs as before forwarding', async (t) => {
  const world = runtime()
  const set = started('-m recent --set --name A', world)
  const check = started('-m recent --rcheck --name A', world)
  for (let i = 0; i < 101; i++) set(at(i, { source: `10.0.1.${i}` }))
  t.notOk(check(at(200, { source: '10.0.1.0' })), 'the one seen longest ago made room')
  t.ok(check(at(200, { source: '10.0.1.1' })))
  const sameTtl = started('-m recent --rcheck --rttl --name A', world)
  t.ok(sameTtl(at(200, { source: '10.0.1.9', ttl: 64 })))
  t.notOk(sameTtl(at(200, { source: '10.0.1.9', ttl: 63 })))
  t.ok(sameTtl(at(200, { source: '10.0.1.9', ttl: 63 }, { outInterface: 'br0' })))
})

t.test('recent: --reap forgets the oldest, but not who is to be counted', async (t) => {
  const world = runtime()
  const set = started('-m recent --set --name A', world)
  const listed = started('-m recent --rcheck --name A', world)
  set(at(0, { source: '10.0.0.1' }))
  set(at(50, { source: '10.0.0.2' }))
  t.ok(started('-m recent --rcheck --seconds 20 --reap --name A', world)(at(60, { source: '10.0.0.2' })))
  t.notOk(listed(at(60, { source: '10.0.0.1' })))
  t.ok(started('-m recent ! --update --seconds 5 --reap --name A', world)(at(100, { source: '10.0.0.2' })))
  t.ok(listed(at(100, { source: '10.0.0.2' })))
})

t.test('time: times, days and dates, all bounds included', async (t) => {
  const cases: Array<[options: string, seconds: number, expected: boolean]> = [
    ['--timestart 08:00 --timestop 17:00', 8 * 3600 - 1, false],
    ['--timestart 08:00 --timestop 17:00', 8 * 3600, true],
    ['--timestart 08:00 --timestop 17:00', 17 * 3600 + 0.9, true],
    ['--timestart 08:00 --timestop 17:00', 17 * 3600 + 1, false],
    ['--timestart 22:00 --timestop 06:00', 23 * 3600, true],
    ['--timestart 22:00 --timestop 06:00', 6 * 3600, true],
    ['--timestart 22:00 --timestop 06:00', 12 * 3600, false],
    ['--weekdays Mon', DAY - 1, true],
    ['--weekdays Mon', DAY, false],
    ['--weekdays Sun', -1, true],
    ['--weekdays Mon --timestart 22:00 --timestop 06:00', DAY + 3600, false],
    ['--weekdays Mon --timestart 22:00 --timestop 06:00 --contiguous', DAY + 3600, true],
    ['--weekdays Mon --timestart 22:00 --timestop 06:00 --contiguous', 3600, false],
    ['--monthdays 1', 0, true],
    ['--monthdays 31', -1, true],
    ['--monthdays 29', 59 * DAY, true],
    ['--monthdays 1', 60 * DAY, true],
    ['! --monthdays 1', 60 * DAY, false],
    ['--datestart 2024-01-01T00:00:01', 0, false],
    ['--datestart 2024-01-01T00:00:01', 1, true],
    ['--datestop 2024-01-01', 0, true],
    ['--datestop 2024-01-01', 1, false],
    ['', 0x7fffffff - START, true],
    ['', 0x80000000 - START, false],
  ]
  for (const [options, seconds, expected] of cases)
    t.equal(started(`-m time ${options}`)(at(seconds)), expected, `${options} at ${seconds}`)
})

t.test('time: the days of the calendar', async (t) => {
  const days = Array.from({ length: 31 }, (_, i) => started(`-m time --monthdays ${i + 1}`))
  for (let day = -START / DAY; day < 14 * 365; day += 13) {
    const date = new Date((START + day * DAY) * 1000).getUTCDate()
    const found = days.findIndex((ask) => ask(at(day * DAY))) + 1
    if (found !== date) t.equal(found, date, `day ${day}`)
  }
})

t.test('hashlimit: packets, each group by itself', async (t) => {
  const options =
    '--hashlimit-burst 3 --hashlimit-mode srcip,dstport --hashlimit-name x --hashlimit-srcmask 24'
  const world = runtime()
  const upto = started(`-m hashlimit --hashlimit-upto 10/sec ${options}`, world)
  const above = started(`-m hashlimit --hashlimit-above 10/sec ${options}`, world)
  t.equal(allowed(upto, 0, 10), 3)
  t.equal(
    allowed(upto, 0, 10, { source: '10.0.0.200', destination: '9.9.9.9', sport: 7 }),
    0,
    'the same group',
  )
  t.equal(allowed(upto, 0, 10, { source: '10.0.1.1' }), 3)
  t.equal(allowed(upto, 0, 10, { dport: 54 }), 3)
  t.equal(allowed(above, 0, 10), 10, 'rules of one name share the credit')
  t.equal(allowed(upto, 0.204), 2)
  t.equal(allowed(above, 0.304), 99)
})

t.test('hashlimit: bytes, in parts of 16, with a burst that is spent once', async (t) => {
  const ask = started('-m hashlimit --hashlimit-upto 16kb/s --hashlimit-name x')
  const packet = { payload: 1024 - 28 }
  t.equal(allowed(ask, 0, 100, packet), 15, 'each costs 65 parts of 1025 a second')
  t.equal(allowed(ask, 0.5, 100, packet), 8)
  const burst = started('-m hashlimit --hashlimit-upto 16kb/s --hashlimit-burst 32kb --hashlimit-name x')
  t.equal(allowed(burst, 0, 100, packet), 45)
  t.equal(allowed(burst, 10, 100, packet), 15)
})

t.test('hashlimit: --hashlimit-rate-match counts in intervals', async (t) => {
  const ask = started(
    '-m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 2 --hashlimit-name x --hashlimit-rate-match',
  )
  t.equal(allowed(ask, 0, 100), 12, 'the rate and the burst')
  t.equal(allowed(ask, 0.996, 1), 0)
  t.equal(allowed(ask, 1, 5), 0, 'nothing after an interval above the rate')
  t.equal(allowed(ask, 2, 12), 12)
})

t.test('hashlimit: groups go when they are silent; a full table and a cut header drop', async (t) => {
  const options =
    '--hashlimit-mode srcip --hashlimit-name x --hashlimit-htable-size 1 --hashlimit-htable-max 2'
  const ask = started(
    `-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-htable-expire 3000 ${options}`,
  )
  t.ok(ask(at(0, { source: '1.1.1.1' })))
  t.ok(ask(at(0.5, { source: '1.1.1.2' })))
  const third = at(1, { source: '1.1.1.3' })
  t.notOk(ask(third))
  t.ok(third.isMalformed)
  t.ok(ask(at(3.1, { source: '1.1.1.3' })), 'the first is gone, the second is not')
  t.notOk(ask(at(3.9, { source: '1.1.1.2' })))
  const byPort = started('-m hashlimit --hashlimit-upto 5/sec --hashlimit-mode srcport --hashlimit-name p')
  const cut = at(0)
  cut.end = cut.l4 + 3
  t.notOk(byPort(cut))
  t.ok(cut.isMalformed)
  t.ok(byPort(packetOf(icmpFrame(8, 0), { now: 0 })), 'a protocol without ports has port 0')
})

t.test('hashlimit: as many groups as there is room for', async (t) => {
  const ask = started(
    '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name x',
  )
  const packet = at(0)
  const say = (source: number): boolean => ask(Object.assign(packet, { source }))
  const sources = Array.from({ length: 5000 }, (_, i) => 0x0a000000 + i)
  t.ok(sources.every(say))
  t.notOk(sources.some(say))
})
