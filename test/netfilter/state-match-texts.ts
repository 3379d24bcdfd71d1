/** Texts of the matches that have a memory, look into the payload, or ask about connections. */

/** Text → what is printed (SAME: the text) or, as a pattern, why it is refused. */
export type Texts = Record<string, string | RegExp>
/** What is printed is the text itself. */
export const SAME = '='

/** Those of which iptables says the same, by place. */
export const TEXTS: ReadonlyArray<readonly [table: string, chain: string, texts: Texts]> = [
  ['filter', 'FORWARD', limit()],
  ['filter', 'FORWARD', hashlimit()],
  ['filter', 'FORWARD', hashlimitOfBytes()],
  ['filter', 'FORWARD', recent()],
  ['filter', 'FORWARD', statistic()],
  ['filter', 'FORWARD', time()],
  ['filter', 'FORWARD', string()],
  ['filter', 'FORWARD', conntrack()],
  ['filter', 'FORWARD', connections()],
  ['filter', 'OUTPUT', owner()],
  ['mangle', 'POSTROUTING', { '-m owner --uid-owner 3': SAME }],
  ['filter', 'INPUT', { '-m owner --uid-owner 3': /owner: reached from INPUT, expected only in OUTPUT/ }],
  ['filter', 'FORWARD', comment()],
]

function limit(): Texts {
  return {
    '-m limit': '-m limit --limit 3/hour',
    '-m limit --limit 1/s': '-m limit --limit 1/sec',
    '-m limit --limit 5': '-m limit --limit 5/sec',
    '-m limit --limit 5/M': '-m limit --limit 5/min',
    '-m limit --limit 7/day --limit-burst 1': SAME,
    '-m limit --limit 7/hour': SAME,
    '-m limit --limit 100/MINUTE --limit-burst 5': '-m limit --limit 100/min',
    '-m limit --limit 90/min --limit-burst 10000': SAME,
    '-m limit --limit 10000/sec': SAME,
    '-m limit --limit 3333/sec': SAME,
    '-m limit --limit 61/min': SAME,
    // A period of whole ten thousandths of a second is often another rate.
    '-m limit --limit 3600/hour': '-m limit --limit 1/sec',
    '-m limit --limit 86399/day': '-m limit --limit 1/sec',
    '-m limit --limit 7001/s': '-m limit --limit 10000/sec',
    '-m limit --limit 1/day --limit-burst 3': SAME,
    '-m limit --limit-burst 0x10': '-m limit --limit 3/hour --limit-burst 16',
    '-m limit --limit 1/day --limit-burst 4': /--limit 1\/day with --limit-burst 4: expected a smaller burst/,
    '-m limit --limit 1/day': /--limit 1\/day with --limit-burst 5: expected a smaller burst/,
    '-m limit --limit-burst 0': /--limit 3\/hour with --limit-burst 0: expected a burst of 1 at least/,
    '-m limit --limit-burst 10001': /--limit-burst 10001: expected a number from 0 to 10000/,
    '-m limit --limit 10001/s': /--limit 10001\/s: too fast, expected at most 10000\/second/,
    '-m limit --limit 0/s': /--limit 0\/s: expected NUMBER or NUMBER\/second/,
    '-m limit --limit 3/': /--limit 3\/: expected/,
    '-m limit --limit 3/week': /--limit 3\/week: expected/,
    '-m limit --limit 3/secs': /--limit 3\/secs: expected/,
    '-m limit --limit 0x10/s': /--limit 0x10\/s: expected/,
    '-m limit --limit -1/s': /--limit -1\/s: expected/,
    '-m limit --limit 5/s/s': /--limit 5\/s\/s: expected/,
    '-m limit ! --limit 3/s': /! before --limit: it cannot be negated/,
    '-m limit --limit 3/s --limit 4/s': /--limit: given twice/,
  }
}

function hashlimit(): Texts {
  const upto = '-m hashlimit --hashlimit-upto'
  const name = '--hashlimit-name x'
  return {
    [`-m hashlimit --hashlimit 1/s ${name}`]: `${upto} 1/sec --hashlimit-burst 5 ${name}`,
    [`-m hashlimit ! --hashlimit 1/s ${name}`]: `-m hashlimit --hashlimit-above 1/sec --hashlimit-burst 5 ${name}`,
    [`-m hashlimit ! --hashlimit-above 1/s ${name}`]: `${upto} 1/sec --hashlimit-burst 5 ${name}`,
    [`${upto} 1000000/sec --hashlimit-burst 5 ${name}`]: SAME,
    [`${upto} 7/hour --hashlimit-burst 5 ${name}`]: SAME,
    [`${upto} 1/min --hashlimit-burst 10k ${name}`]: `${upto} 1/min --hashlimit-burst 10240 ${name}`,
    [`${upto} 1/min --hashlimit-burst 1000000 ${name}`]: SAME,
    [`${upto} 1/day --hashlimit-burst 1000000 ${name}`]: /1\/day with a burst of 1000000: expected a smaller/,
    [`${upto} 1/min --hashlimit-burst 5 --hashlimit-mode srcip,srcport,dstip,dstport ${name}`]: SAME,
    [`${upto} 1/min --hashlimit-mode dstport|srcip,dstip ${name}`]: `${upto} 1/min --hashlimit-burst 5 --hashlimit-mode srcip,dstip,dstport ${name}`,
    [`${upto} 1/min --hashlimit-mode "" ${name}`]: `${upto} 1/min --hashlimit-burst 5 ${name}`,
    [`${upto} 1/min --hashlimit-burst 5 ${name} --hashlimit-srcmask 24 --hashlimit-dstmask 0`]: SAME,
    [`${upto} 1/min --hashlimit-burst 5 ${name} --hashlimit-htable-size 7 --hashlimit-htable-max 3 --hashlimit-htable-gcinterval 500 --hashlimit-htable-expire 61000`]:
      SAME,
    [`${upto} 1/min --hashlimit-burst 5 ${name} --hashlimit-htable-max 2000000`]: `${upto} 1/min --hashlimit-burst 5 ${name} --hashlimit-htable-max 1048576`,
    [`${upto} 1/min --hashlimit-burst 5 ${name} --hashlimit-htable-size 2000000`]: `${upto} 1/min --hashlimit-burst 5 ${name} --hashlimit-htable-size 1048576`,
    [`${upto} 1/min ${name} --hashlimit-htable-gcinterval 1000 --hashlimit-htable-expire 60000`]: `${upto} 1/min --hashlimit-burst 5 ${name}`,
    // The unit becomes the interval.
    [`${upto} 120/min ${name} --hashlimit-rate-match`]: `${upto} 120/sec --hashlimit-burst 5 ${name} --hashlimit-htable-expire 60000 --hashlimit-rate-match --hashlimit-rate-interval 60`,
    [`${upto} 120/min ${name} --hashlimit-rate-match --hashlimit-rate-interval 1`]: `${upto} 120/sec --hashlimit-burst 5 ${name} --hashlimit-htable-expire 60000 --hashlimit-rate-match`,
    [`${upto} 1/day ${name} --hashlimit-rate-match`]: `${upto} 1/sec --hashlimit-burst 5 ${name} --hashlimit-htable-expire 86400000 --hashlimit-rate-match --hashlimit-rate-interval 86400`,
    [`${upto} 120/min ${name} --hashlimit-rate-interval 5`]: `${upto} 2/sec --hashlimit-burst 5 ${name} --hashlimit-htable-expire 60000`,
    [`${upto} 120/min ${name} --hashlimit-rate-interval 0`]: /--hashlimit-rate-interval 0: expected a number/,
    [`${upto} 50000000/min ${name} --hashlimit-rate-match`]: /too fast for --hashlimit-rate-match/,
    [`${upto} 1000001/s ${name}`]: /--hashlimit-upto 1000001\/s: too fast, expected at most 1000000\/second/,
    [`${upto} 1/min --hashlimit-burst 1000001 ${name}`]:
      /--hashlimit-burst 1000001: expected a number from 1/,
    [`${upto} 1/min --hashlimit-burst 1m ${name}`]:
      /--hashlimit-burst 1m: expected a number from 1 to 1000000/,
    [`${upto} 1/min --hashlimit-burst 0 ${name}`]: /--hashlimit-burst 0: expected/,
    [`${upto} 1/min --hashlimit-mode srcmac ${name}`]: /--hashlimit-mode srcmac: expected some of srcip,/,
    [`${upto} 1/min --hashlimit-srcmask 33 ${name}`]:
      /--hashlimit-srcmask 33: expected a number from 0 to 32/,
    [`${upto} 1/min ${name} --hashlimit-htable-expire 0`]: /--hashlimit-htable-expire 0: expected/,
    [`${upto} 1/min ${name} --hashlimit-htable-gcinterval 0`]: /--hashlimit-htable-gcinterval 0: expected/,
    [`${upto} 1/s --hashlimit-above 1/s ${name}`]: /hashlimit: expected only one of --hashlimit-upto, /,
    [`${upto} 1/s --hashlimit-name a/b`]: /--hashlimit-name a\/b: expected a name/,
    [`${upto} 1/s --hashlimit-name ..`]: /--hashlimit-name \.\.: expected a name/,
    [`${upto} 1/s --hashlimit-name ""`]: /--hashlimit-name : expected a name/,
    [`${upto} 1/s`]: /hashlimit: expected --hashlimit-name/,
    [`-m hashlimit ${name}`]: /hashlimit: expected --hashlimit-upto, --hashlimit-above/,
  }
}

function hashlimitOfBytes(): Texts {
  const upto = '-m hashlimit --hashlimit-upto'
  const name = '--hashlimit-name x'
  return {
    [`${upto} 10kb/s ${name}`]: SAME,
    [`${upto} 1mb/s ${name}`]: SAME,
    [`${upto} 16b/s ${name}`]: SAME,
    [`${upto} 1000000b/s ${name}`]: SAME,
    [`${upto} 100b/s ${name}`]: `${upto} 96b/s ${name}`,
    [`${upto} 4096mb/s ${name}`]: `${upto} 4581298432b/s ${name}`,
    [`${upto} 512kb/s --hashlimit-burst 1mb ${name}`]: SAME,
    [`${upto} 512kb/s --hashlimit-burst 600k ${name}`]: `${upto} 512kb/s --hashlimit-burst 1mb ${name}`,
    [`${upto} 512kb/s --hashlimit-burst 1000000 ${name}`]: `${upto} 512kb/s --hashlimit-burst 1mb ${name}`,
    [`${upto} 96b/s --hashlimit-burst 96b ${name}`]: SAME,
    [`${upto} 10kb/s --hashlimit-burst 100kb ${name} --hashlimit-rate-match`]: SAME,
    [`-m hashlimit --hashlimit-above 10kb/s ${name} --hashlimit-htable-expire 15001`]: SAME,
    [`${upto} 10kb/s ${name} --hashlimit-htable-expire 15000`]: `${upto} 10kb/s ${name}`,
    [`${upto} 10kb/s --hashlimit-burst 10kb ${name} --hashlimit-htable-expire 60000`]: `${upto} 10kb/s --hashlimit-burst 10kb ${name}`,
    [`${upto} 512kb/s --hashlimit-burst 100k ${name}`]: /--hashlimit-burst: expected 524288b at least/,
    [`${upto} 512kb/s --hashlimit-burst 1000001 ${name}`]: /--hashlimit-burst 1000001: expected a number/,
    [`${upto} 40960mb/s ${name}`]: /--hashlimit-upto 40960mb\/s: too fast/,
  }
}

function recent(): Texts {
  const rest = '--name DEFAULT --mask 255.255.255.255 --rsource'
  return {
    '-m recent --set': `-m recent --set ${rest}`,
    '-m recent ! --set --rsource --rdest': `-m recent ! --set --name DEFAULT --mask 255.255.255.255 --rdest`,
    '-m recent --rcheck --rdest --rsource': `-m recent --rcheck ${rest}`,
    '-m recent ! --update --rttl --hitcount 3 --seconds 5 --name a.b --mask 255.0.255.0 --rdest':
      '-m recent ! --update --seconds 5 --hitcount 3 --rttl --name a.b --mask 255.0.255.0 --rdest',
    '-m recent --rcheck --reap --seconds 10': `-m recent --rcheck --seconds 10 --reap ${rest}`,
    '-m recent ! --remove --name %CURRENTTIME':
      '-m recent ! --remove --name %CURRENTTIME --mask 255.255.255.255 --rsource',
    '-m recent --update --hitcount 0': `-m recent --update ${rest}`,
    '-m recent --update --hitcount 65535': `-m recent --update --hitcount 65535 ${rest}`,
    '-m recent --update --hitcount 65536': /--hitcount 65536: expected a number from 0 to 65535/,
    '-m recent --update --seconds 0': /--seconds 0: expected a number from 1/,
    '-m recent --update --reap': /--reap: expected --seconds with it/,
    '-m recent --set --rttl': /--set: expected no --seconds, --hitcount, --reap and --rttl with it/,
    '-m recent --remove --seconds 4': /--remove: expected no --seconds/,
    '-m recent --set --hitcount 4': /--set: expected no --seconds/,
    '-m recent --set --name a/b': /--name a\/b: expected a name of at most 199 bytes/,
    '-m recent --set --name ""': /--name : expected a name/,
    '-m recent --set --mask 255.255.0.x': /--mask 255\.255\.0\.x: expected a mask/,
    '-m recent --set --update': /recent: expected only one of --set, --rcheck, --update, --remove/,
    '-m recent': /recent: expected --set, --rcheck, --update, --remove/,
  }
}

function statistic(): Texts {
  const random = '-m statistic --mode random --probability'
  return {
    [`${random} 0.5`]: `${random} 0.50000000000`,
    [`${random} .25`]: `${random} 0.25000000000`,
    [`${random} 1`]: `${random} 1.00000000000`,
    [`${random} 0`]: `${random} 0.00000000000`,
    [`${random} 1e-3`]: `${random} 0.00100000016`,
    [`${random} 0.333333333333`]: `${random} 0.33333333349`,
    // 2^-12 is as near to …062 as to …063.
    [`${random} 0.000244140625`]: `${random} 0.00024414062`,
    [`${random} 0.000732421875`]: `${random} 0.00073242188`,
    '-m statistic --mode random ! --probability 0.1':
      '-m statistic --mode random ! --probability 0.10000000009',
    '-m statistic --mode nth --every 1 --packet 0': SAME,
    '-m statistic --packet 4 --mode nth ! --every 5': '-m statistic --mode nth ! --every 5 --packet 4',
    '-m statistic --mode nth --every 4294967295 --packet 0': SAME,
    [`${random} 1.1`]: /--probability 1\.1: expected a number from 0 to 1/,
    [`${random} -0.5`]: /--probability -0\.5: expected/,
    [`${random} ""`]: /--probability : expected/,
    [`${random} .`]: /--probability \.: expected/,
    [`${random} 0.3 --every 5 --packet 0`]: /--probability with --every or --packet: expected only one kind/,
    '-m statistic --mode nth --every 0 --packet 0': /--every 0: expected a number from 1 to 4294967295/,
    '-m statistic --mode nth --every 4294967296 --packet 0': /--every 4294967296: expected/,
    '-m statistic --mode nth --every 5 --packet 5': /--packet 5: expected a number from 0 to 4/,
    '-m statistic --mode nth --every 5': /--mode nth: expected --every and --packet/,
    '-m statistic --mode nth --packet 5': /--mode nth: expected --every and --packet/,
    '-m statistic --mode nth --probability 0.3': /--mode nth: expected --every and --packet/,
    '-m statistic --mode random --every 5 --packet 0': /--mode random: expected --probability/,
    '-m statistic --mode foo --probability 0.3': /--mode foo: expected random or nth/,
    '-m statistic --probability 0.3': /statistic: expected --mode/,
  }
}

function time(): Texts {
  const end = '--datestop 2038-01-19T03:14:07'
  return {
    '-m time': `-m time ${end}`,
    '-m time --timestart 01:02': `-m time --timestart 01:02:00 --timestop 23:59:59 ${end}`,
    '-m time --timestop 1:2:3': `-m time --timestart 00:00:00 --timestop 01:02:03 ${end}`,
    '-m time --timestart 00:00 --timestop 23:59:59': `-m time ${end}`,
    '-m time --timestart 23:00 --timestop 01:00 --contiguous': `-m time --timestart 23:00:00 --timestop 01:00:00 ${end} --contiguous`,
    '-m time --timestart 01:00 --timestop 01:00 --contiguous': `-m time --timestart 01:00:00 --timestop 01:00:00 ${end} --contiguous`,
    '-m time --weekdays 7,Mo,Tuesday': `-m time --weekdays Mon,Tue,Sun ${end}`,
    '-m time ! --weekdays Mon': `-m time --weekdays Tue,Wed,Thu,Fri,Sat,Sun ${end}`,
    '-m time --weekdays 1,2,3,4,5,6,7': `-m time ${end}`,
    '-m time --monthdays 31,1,,07': `-m time --monthdays 1,7,31 ${end}`,
    '-m time ! --monthdays 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31': `-m time --monthdays 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 ${end}`,
    '-m time --datestart 1970': `-m time ${end}`,
    '-m time --datestop 1970': '-m time',
    '-m time --datestart 2000': `-m time --datestart 2000-01-01T00:00:00 ${end}`,
    '-m time --datestart 2000-2-3T4:5': `-m time --datestart 2000-02-03T04:05:00 ${end}`,
    '-m time --datestart 2000-02-30': `-m time --datestart 2000-03-01T00:00:00 ${end}`,
    '-m time --datestart 2000-00': `-m time --datestart 1999-12-01T00:00:00 ${end}`,
    '-m time --datestart 2000-02-29T23:59:59 --datestop 2038-12-31T23:59:59': SAME,
    '-m time --kerneltz': `-m time ${end} --kerneltz`,
    '-m time --localtz': `-m time ${end} --kerneltz`,
    '-m time --utc': `-m time ${end}`,
    '-m time --utc --kerneltz': /--utc and --kerneltz: expected only one of them/,
    '-m time --timestart 01:00 --timestop 02:00 --contiguous': /--contiguous: expected a --timestop before/,
    '-m time --contiguous': /--contiguous: expected a --timestop before/,
    '-m time --timestop 24:00': /--timestop 24:00: expected hh:mm\[:ss\]/,
    '-m time --timestart 1200': /--timestart 1200: expected/,
    '-m time --timestart 12:60': /--timestart 12:60: expected/,
    '-m time ! --timestart 01:00': /! before --timestart: it cannot be negated/,
    '-m time --weekdays Mon,sun': /--weekdays Mon,sun: sun is no day/,
    '-m time --weekdays 0': /--weekdays 0: 0 is no day/,
    '-m time --weekdays Mon,,Tue': /--weekdays Mon,,Tue:  is no day/,
    '-m time --weekdays M': /--weekdays M: M is no day/,
    '-m time --monthdays 32': /--monthdays 32: 32 is no day/,
    '-m time --monthdays 08': /--monthdays 08: 08 is no day/,
    '-m time --datestart 1969': /--datestart 1969: expected YYYY/,
    '-m time --datestart 1970-00': /--datestart 1970-00: expected YYYY/,
    '-m time --datestop 2039': /--datestop 2039: expected/,
    '-m time --datestart 2000-13': /--datestart 2000-13: expected/,
    '-m time --datestart 2000-01-01T24': /--datestart 2000-01-01T24: expected/,
  }
}

function string(): Texts {
  const bm = '-m string --algo bm'
  const printed = (pattern: string): string => `-m string ${pattern} --algo bm`
  return {
    '-m string --string "test" --algo kmp': SAME,
    '-m string ! --string "x y\'z" --algo bm --from 5 --to 10 --icase': SAME,
    [`${bm} --string "a\\"b\\\\c"`]: printed('--string "a\\"b\\\\c"'),
    [`${bm} --string "a\\\\"`]: printed('--hex-string "|615c|"'),
    [`${bm} --string äö`]: printed('--hex-string "|c3a4c3b6|"'),
    [`${bm} --string "~ "`]: printed('--string "~ "'),
    [`${bm} --hex-string "|41 42|c"`]: printed('--string "ABc"'),
    [`${bm} --hex-string "| 41|"`]: printed('--string "A"'),
    [`${bm} --hex-string "|0d0a|GET|20|"`]: printed('--hex-string "|0d0a47455420|"'),
    [`${bm} --hex-string "a\\\\|b"`]: printed('--string "a|b"'),
    [`${bm} --hex-string "a|"`]: printed('--string "a"'),
    [`${bm} --hex-string "a|  "`]: printed('--string "a"'),
    [`${bm} --hex-string "|41||42|"`]: printed('--string "A|42"'),
    [`${bm} --hex-string "|41|x|42|"`]: printed('--string "AxB"'),
    [`${bm} --hex-string "|41|\\\\|"`]: printed('--hex-string "|415c|"'),
    [`${bm} --hex-string "|00|" --from 65535 --to 65535`]:
      '-m string --hex-string "|00|" --algo bm --from 65535',
    [`${bm} --string ${'x'.repeat(128)}`]: printed(`--string "${'x'.repeat(128)}"`),
    [`${bm} --hex-string ${'x'.repeat(128)}`]: printed(`--string "${'x'.repeat(128)}"`),
    [`${bm} --hex-string |${'41'.repeat(127)}|`]: printed(`--string "${'A'.repeat(127)}"`),
    [`${bm} --hex-string |${'41'.repeat(127)}|x`]: printed(`--string "${'A'.repeat(127)}x"`),
    [`${bm} --hex-string |${'41'.repeat(128)}|`]: /--hex-string .*: expected at most 128 bytes/,
    [`${bm} --hex-string ${'x'.repeat(129)}`]: /--hex-string .*: expected at most 128 bytes/,
    [`${bm} --string ${'x'.repeat(129)}`]: /--string: 129 bytes, expected 1 to 128/,
    [`${bm} --string ""`]: /--string: 0 bytes, expected 1 to 128/,
    [`${bm} --hex-string ""`]: /--hex-string : expected at least a byte/,
    [`${bm} --hex-string "|"`]: /--hex-string \|: expected at least a byte/,
    [`${bm} --hex-string "|41 4"`]: /--hex-string \|41 4: expected pairs of digits/,
    [`${bm} --hex-string "|41"`]: /--hex-string \|41: expected pairs of digits/,
    [`${bm} --hex-string "|4g|"`]: /--hex-string \|4g\|: expected pairs/,
    [`${bm} --hex-string "|41  42|"`]: /--hex-string .*: expected pairs/,
    [`${bm} --hex-string "||"`]: /--hex-string \|\|: expected pairs/,
    [`${bm} --hex-string "a\\\\"`]: /--hex-string a\\: expected pairs/,
    [`${bm} --hex-string "|\\\\41|"`]: /--hex-string .*: expected pairs/,
    [`${bm} --string x --from 10 --to 5`]: /--from 10 --to 5: expected the smaller offset first/,
    [`${bm} --string x --from 65536`]: /--from 65536: expected a number from 0 to 65535/,
    [`${bm} --string x --hex-string y`]: /string: expected only one of --string, --hex-string/,
    [bm]: /string: expected --string, --hex-string/,
    '-m string --algo fsm --string x': /--algo fsm: expected bm or kmp/,
    '-m string --algo BM --string x': /--algo BM: expected bm or kmp/,
    '-m string --string x': /string: expected --algo/,
  }
}

function conntrack(): Texts {
  return {
    '-m state --state new,est': '-m state --state NEW,ESTABLISHED',
    '-m state ! --state INVALID,UNTRACKED': SAME,
    '-m state --state ESTABLISHED,NEW,RELATED,INVALID': '-m state --state INVALID,NEW,RELATED,ESTABLISHED',
    '-m state --state SNAT': /--state SNAT: expected some of INVALID,/,
    '-m state --state NEW,': /--state NEW,: expected/,
    '-m state --state ,NEW': /--state ,NEW: expected/,
    '-m state': /state: expected --state/,
    '-m conntrack --ctstate SNAT,DNAT,i,new': '-m conntrack --ctstate INVALID,NEW,SNAT,DNAT',
    '-m conntrack ! --ctdir REPLY': /! before --ctdir: it cannot be negated/,
    '-m conntrack --ctdir reply --ctexpire 5:10 ! --ctstatus assured,exp --ctrepldstport 5:1 --ctreplsrcport 1: ! --ctorigdstport :80 --ctorigsrcport http --ctrepldst 0/0 --ctreplsrc 1.2.3.4 --ctorigdst 1.2.3.4/24 ! --ctorigsrc 10.0.0.0/255.0.0.0 --ctproto UDP ! --ctstate NEW':
      '-m conntrack ! --ctstate NEW --ctproto 17 ! --ctorigsrc 10.0.0.0/8 --ctorigdst 1.2.3.4/24 --ctreplsrc 1.2.3.4 --ctrepldst 0.0.0.0/0 --ctorigsrcport 80 ! --ctorigdstport 0:80 --ctreplsrcport 1:65535 --ctrepldstport 5:1 ! --ctstatus EXPECTED,ASSURED --ctexpire 5:10 --ctdir REPLY',
    '-m conntrack --ctproto 0': SAME,
    '-m conntrack --ctproto 256': /protocol 256: expected/,
    '-m conntrack --ctstatus NONE': SAME,
    '-m conntrack --ctstatus NONE,CONFIRMED,SEEN_REPLY': '-m conntrack --ctstatus SEEN_REPLY,CONFIRMED',
    '-m conntrack --ctstatus foo': /--ctstatus foo: expected some of NONE,/,
    '-m conntrack --ctexpire 10:5': SAME,
    '-m conntrack --ctexpire 5:5': '-m conntrack --ctexpire 5',
    '-m conntrack ! --ctexpire :': '-m conntrack ! --ctexpire 0:4294967295',
    '-m conntrack --ctexpire 4294967296': /--ctexpire 4294967296: expected/,
    '-m conntrack --ctorigsrcport :': '-m conntrack --ctorigsrcport 0:65535',
    '-m conntrack --ctorigsrcport 1:2:3': /--ctorigsrcport 1:2:3: expected one number or LEAST:GREATEST/,
    '-m conntrack --ctorigsrcport nosuch': /--ctorigsrcport nosuch: a port is 0-65535/,
    '-m conntrack --ctorigsrc 10.0.0.1/0.0.0.0': '-m conntrack --ctorigsrc 10.0.0.1/0',
    '-m conntrack --ctorigsrc 10.0.0.256': /--ctorigsrc 10\.0\.0\.256: expected an IPv4 address/,
    '-m conntrack': /conntrack: expected an option/,
  }
}

function connections(): Texts {
  const both = '--connbytes-dir both --connbytes-mode packets'
  const printed = '--connbytes-mode packets --connbytes-dir both'
  return {
    '-m connlimit --connlimit-upto 5':
      '-m connlimit --connlimit-upto 5 --connlimit-mask 32 --connlimit-saddr',
    '-m connlimit ! --connlimit-upto 5 --connlimit-saddr':
      '-m connlimit --connlimit-above 5 --connlimit-mask 32 --connlimit-saddr',
    '-m connlimit ! --connlimit-above 4294967295 --connlimit-daddr --connlimit-mask 0':
      '-m connlimit --connlimit-upto 4294967295 --connlimit-mask 0 --connlimit-daddr',
    '-m connlimit --connlimit-above 5 --connlimit-mask 255.255.255.0':
      '-m connlimit --connlimit-above 5 --connlimit-mask 24 --connlimit-saddr',
    '-m connlimit --connlimit-above 4294967296': /--connlimit-above 4294967296: expected/,
    '-m connlimit --connlimit-above 5 --connlimit-saddr --connlimit-daddr': /expected only one of them/,
    '-m connlimit --connlimit-above 5 --connlimit-upto 5': /connlimit: expected only one of --connlimit-upto/,
    '-m connlimit --connlimit-mask 4': /connlimit: expected --connlimit-upto, --connlimit-above/,
    '-m connmark ! --mark 0x5/0x2': SAME,
    '-m connmark --mark 5/0xffffffff': '-m connmark --mark 0x5',
    '-m connmark --mark 1/2/3': /--mark 1\/2\/3: expected VALUE or VALUE\/MASK/,
    '-m connmark': /connmark: expected --mark/,
    [`-m connbytes --connbytes 5 ${both}`]: `-m connbytes --connbytes 5 ${printed}`,
    [`-m connbytes --connbytes :5 ${both}`]: `-m connbytes --connbytes 0:5 ${printed}`,
    [`-m connbytes --connbytes 5: ${both}`]: `-m connbytes --connbytes 5 ${printed}`,
    [`-m connbytes --connbytes 5:5 ${both}`]: `-m connbytes --connbytes 5:5 ${printed}`,
    [`-m connbytes --connbytes 0:0 ${both}`]: `-m connbytes --connbytes 0 ${printed}`,
    [`-m connbytes --connbytes 0x10:020 ${both}`]: `-m connbytes --connbytes 16:16 ${printed}`,
    [`-m connbytes ! --connbytes 5:10 ${both}`]: `-m connbytes ! --connbytes 5:10 ${printed}`,
    [`-m connbytes ! --connbytes : ${both}`]: `-m connbytes ! --connbytes 0 ${printed}`,
    [`-m connbytes --connbytes 9007199254740993:18446744073709551614 ${both}`]: `-m connbytes --connbytes 9007199254740993:18446744073709551614 ${printed}`,
    [`-m connbytes --connbytes 18446744073709551615 ${both}`]: `-m connbytes --connbytes 18446744073709551615 ${printed}`,
    [`-m connbytes --connbytes 18446744073709551616 ${both}`]: /--connbytes 18446744073709551616: expected/,
    [`-m connbytes --connbytes 10:5 ${both}`]: /--connbytes 10:5: expected one number or LEAST:GREATEST/,
    [`-m connbytes --connbytes 1:2:3 ${both}`]: /--connbytes 1:2:3: expected/,
    '-m connbytes --connbytes 5 --connbytes-mode bytes': /connbytes: expected --connbytes-dir/,
    '-m connbytes --connbytes 5 --connbytes-dir x --connbytes-mode bytes':
      /--connbytes-dir x: expected original, /,
    '-m connbytes --connbytes 5 --connbytes-dir reply --connbytes-mode x':
      /--connbytes-mode x: expected packets, /,
    '-m helper --helper ftp-2121': SAME,
    '-m helper ! --helper "a b"': SAME,
    '-m helper --helper ""': SAME,
    '-m helper': /helper: expected --helper/,
  }
}

function owner(): Texts {
  return {
    '-m owner --uid-owner root': '-m owner --uid-owner 0',
    '-m owner --uid-owner 5:10': '-m owner --uid-owner 5-10',
    '-m owner --uid-owner 0-4294967294': SAME,
    '-m owner ! --gid-owner 0x10': '-m owner ! --gid-owner 16',
    '-m owner --uid-owner 3 ! --gid-owner 4 --suppl-groups ! --socket-exists':
      '-m owner ! --socket-exists --uid-owner 3 ! --gid-owner 4 --suppl-groups',
    '-m owner --suppl-groups --gid-owner 4': /--suppl-groups: expected --gid-owner before it/,
    '-m owner ! --suppl-groups': /! before --suppl-groups: it cannot be negated/,
    '-m owner --uid-owner 10-5': /--uid-owner 10-5: expected a number, LEAST-GREATEST or root/,
    '-m owner --uid-owner 4294967295': /--uid-owner 4294967295: expected/,
    '-m owner --uid-owner 5-6-7': /--uid-owner 5-6-7: expected/,
    '-m owner --uid-owner nosuch': /--uid-owner nosuch: expected/,
    '-m owner': /owner: expected --uid-owner, --gid-owner, --socket-exists/,
  }
}

function comment(): Texts {
  return {
    '-m comment --comment word': SAME,
    '-m comment --comment "two words"': SAME,
    '-m comment --comment "it\'s"': '-m comment --comment "it\\\'s"',
    '-m comment --comment ""': SAME,
    '-m comment': /comment: expected --comment/,
  }
}

/** Those that iptables takes and means something else by, or prints as something that it could not read. */
export const STRICTER: Record<string, RegExp> = {
  '-m limit --limit 3x/s': /--limit 3x\/s: expected/,
  '-m limit --limit 4294967297/s': /--limit 4294967297\/s: too fast/,
  '-m hashlimit --hashlimit-upto 1b/s --hashlimit-name x': /1b\/s: expected NUMBERb\/s.*16b\/s at least/,
  '-m hashlimit --hashlimit-upto 10kb/m --hashlimit-name x': /10kb\/m: expected NUMBER/,
  '-m hashlimit --hashlimit-upto 1Mb/s --hashlimit-name x': /1Mb\/s: expected NUMBERb\/s/,
  '-m hashlimit --hashlimit-upto 65536mb/s --hashlimit-name x': /65536mb\/s: expected NUMBERb\/s/,
  '-m hashlimit --hashlimit-upto 1/s --hashlimit-burst 10x --hashlimit-name x':
    /--hashlimit-burst 10x: expected/,
  '-m hashlimit --hashlimit-upto 1/s --hashlimit-name "a b"': /--hashlimit-name a b: expected a name/,
  '-m hashlimit --hashlimit-upto 512kb/s --hashlimit-burst 5000m --hashlimit-name x':
    /--hashlimit-burst 5000m: expected a number from 1 to 4294967295/,
  '-m recent --set --name "a b"': /--name a b: expected a name of at most 199 bytes without space/,
  '-m recent --set --mask 24': /--mask 24: expected a mask such as 255\.255\.255\.0/,
  '-m statistic --mode random --probability 0x1p-2': /--probability 0x1p-2: expected/,
  '-m time --weekdays 8': /--weekdays 8: 8 is no day/,
  '-m time ! --weekdays 1,2,3,4,5,6,7': /--weekdays 1,2,3,4,5,6,7: expected a day that is left/,
  '-m time --monthdays 0': /--monthdays 0: expected a day that is left/,
  '-m time --monthdays 100': /--monthdays 100: 100 is no day/,
  '-m time --datestart 2000-': /--datestart 2000-: expected YYYY/,
  '-m conntrack --ctorigsrc 10.0.0.0/33': /--ctorigsrc 10\.0\.0\.0\/33: expected/,
  '-m conntrack --ctorigsrc 10.0.0.0/255.0.255.0': /--ctorigsrc 10\.0\.0\.0\/255\.0\.255\.0: expected/,
  '-m conntrack --ctorigsrc 10.1/16': /--ctorigsrc 10\.1\/16: expected/,
  '-m conntrack --ctorigsrcport 65536': /--ctorigsrcport 65536: a port is 0-65535/,
  '-m connlimit --connlimit-above 5 --connlimit-mask 33': /--connlimit-mask 33: expected/,
  '-m connlimit --connlimit-above 5 --connlimit-mask 255.0.255.0':
    /--connlimit-mask 255\.0\.255\.0: expected/,
  '-m connbytes ! --connbytes 5:5 --connbytes-dir both --connbytes-mode bytes':
    /expected a longer range after !/,
  '-m helper --helper abcdefghijklmnopqrstuvwxyz0123': /--helper .*: expected at most 29 bytes/,
}

/** Of `-m set`: a set foo of the type hash:ip is there. */
export const SETS: Texts = {
  '-m set --match-set foo src': SAME,
  '-m set ! --set foo dst,src': '-m set ! --match-set foo dst,src',
  '-m set --match-set foo src,dst,src,dst,src,dst': SAME,
  '-m set --bytes-lt 0x10 ! --packets-eq 3 ! --update-subcounters ! --update-counters --return-nomatch --match-set foo src':
    '-m set --match-set foo src --return-nomatch ! --update-counters ! --update-subcounters ! --packets-eq 3 --bytes-lt 16',
  '-m set --match-set foo src --update-counters --update-subcounters': '-m set --match-set foo src',
  '-m set --match-set foo src --return-nomatch --return-nomatch':
    '-m set --match-set foo src --return-nomatch',
  '-m set --match-set foo src --bytes-gt 18446744073709551615': SAME,
  '-m set --match-set foo src --bytes-gt 18446744073709551616': /--bytes-gt 18446744073709551616: expected/,
  '-m set --match-set foo src --packets-lt 3 --packets-gt 3': /expected only one of them/,
  '-m set --match-set foo src ! --packets-lt 3': /! before --packets-lt: it cannot be negated/,
  '-m set --match-set foo src ! --return-nomatch': /! before --return-nomatch: it cannot be negated/,
  '-m set --match-set foo src,dst,src,dst,src,dst,src': /--match-set .*: expected one to 6 of src and dst/,
  '-m set --match-set foo source': /--match-set source: expected one to 6/,
  '-m set --match-set foo src,': /--match-set src,: expected/,
  '-m set --match-set foo src --match-set foo dst': /--match-set: given twice/,
  '-m set --match-set foo': /--match-set: expected NAME src\|dst/,
  '-m set --match-set foo -m comment': /--match-set: expected NAME src\|dst/,
  '-m set --match-set abcdefghijklmnopqrstuvwxyz012345 src': /expected a set's name of at most 31 bytes/,
  '-m set --return-nomatch': /set: expected --match-set/,
}
