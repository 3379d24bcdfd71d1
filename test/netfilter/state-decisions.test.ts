/**
 * What matches that have a memory or look into the payload decide, on a clock that the test sets. Jiffies are 4 ms:
 * what is due after a time is not there 4 ms before.
 */
import t from 'tap'
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Packet } from '../../src/netfilter/packet.js'
import type { Runtime } from '../../src/netfilter/runtime.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import type { FrameFields } from './frames.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { packetOf, ruleOf, runtime } from './rules.js'

/** 2026-07-06T00:00:00Z, a Monday, in microseconds. */
const MONDAY = Date.UTC(2026, 6, 6) * 1000
const MILLISECOND = 1000
const SECOND = 1_000_000
const JIFFY = 4 * MILLISECOND

/** Asks the matches of a rule, begun once, about packets. */
type Asker = (packet: Packet) => boolean | 'dropped'

function begun(text: string, world: Runtime = runtime()): Asker {
  const matches = ruleOf(text).matches.map((match) => match.start!(world))
  return (packet) => {
    packet.isMalformed = false
    const holds = matches.every((match) => match(packet))
    return packet.isMalformed ? 'dropped' : holds
  }
}

/** A UDP packet that comes `later` microseconds after Monday began. */
function at(later: number, fields: FrameFields = {}, packet: Partial<Packet> = {}): Packet {
  return packetOf(udpFrame(fields), { now: MONDAY + later, ...packet })
}

/** How many of so many packets at once the rule takes. */
function taken(ask: Asker, count: number, later: number, fields: FrameFields = {}): number {
  return Array.from({ length: count }, () => ask(at(later, fields))).filter((one) => one === true).length
}

t.test('limit gives a burst, and then one packet for each time that the rate takes', async (t) => {
  const hourly = begun('-m limit --limit 3/hour')
  t.equal(taken(hourly, 9, 0), 5)
  t.equal(taken(hourly, 2, 1200 * SECOND - JIFFY), 0)
  t.equal(taken(hourly, 2, 1200 * SECOND), 1)
  t.equal(taken(hourly, 9, 3 * 3600 * SECOND), 5, 'no more than the burst is saved')

  // A third of a second is 83.3 jiffies: the 84th brings the packet.
  const often = begun('-m limit --limit 3/sec --limit-burst 1')
  t.equal(taken(often, 2, 0), 1)
  t.equal(taken(often, 1, 83 * JIFFY + JIFFY - 1), 0)
  t.equal(taken(often, 2, 84 * JIFFY), 1)
  t.equal(taken(often, 1, 83 * JIFFY), 0, 'a time stamp that goes back gives nothing')

  const two = [begun('-m limit --limit-burst 1'), begun('-m limit --limit-burst 1')]
  for (const ask of two) t.equal(taken(ask, 2, 0), 1, 'each rule has its own credit')
})

t.test('limit reckons as the kernel in 32 bits', async (t) => {
  const units = { sec: 1, min: 60, hour: 3600 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.constantFrom('sec', 'min', 'hour'),
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.oneof(fc.nat(20), fc.nat(100_000), fc.nat(60_000_000)), { size: 'max', maxLength: 60 }),
      (rate, unit, burst, gaps) => {
        const period = BigInt(Math.floor((10_000 * units[unit as 'sec']) / rate))
        const cost = user2credits(period)
        const most = user2credits(BigInt.asUintN(32, period * BigInt(burst)))
        fc.pre(most >= cost && period > 0n)
        const ask = begun(`-m limit --limit ${rate}/${unit} --limit-burst ${burst}`)
        let [credit, now] = [most, 0]
        for (const [i, gap] of gaps.entries()) {
          now += gap
          credit = BigInt.asUintN(32, credit + BigInt(i === 0 ? 0 : gap) * 128n)
          if (credit > most) credit = most
          const isWithin = credit >= cost
          if (isWithin) credit -= cost
          assert.equal(ask(at(now * JIFFY)), isWithin)
        }
      },
    ),
  )
  t.pass('random rates, bursts and gaps')
})

function user2credits(period: bigint): bigint {
  const credits = period > 0xffffffffn / 32_000n ? (period / 10_000n) * 32_000n : (period * 32_000n) / 10_000n
  return BigInt.asUintN(32, credits)
}

t.test('hashlimit counts each flow on its own', async (t) => {
  const flows: FrameFields[] = [
    {},
    { source: '10.0.0.9' },
    { source: '10.0.1.1' },
    { destination: '10.0.0.9' },
    { sport: 9 },
    { dport: 9 },
  ]
  // How many of the flows are different from those before them.
  const different: Record<string, number> = {
    '': 1,
    '--hashlimit-mode srcip': 3,
    '--hashlimit-mode srcip --hashlimit-srcmask 24': 2,
    '--hashlimit-mode srcip --hashlimit-srcmask 0': 1,
    '--hashlimit-mode dstip': 2,
    '--hashlimit-mode dstip --hashlimit-dstmask 24': 1,
    '--hashlimit-mode srcport': 2,
    '--hashlimit-mode dstport': 2,
    '--hashlimit-mode srcip,srcport,dstip,dstport': 6,
  }
  for (const [mode, count] of Object.entries(different)) {
    const options = `--hashlimit-burst 1 ${mode} --hashlimit-name x`
    const upto = begun(`-m hashlimit --hashlimit-upto 1/hour ${options}`)
    t.equal(flows.filter((flow) => upto(at(0, flow)) === true).length, count, `upto ${mode}`)
    const above = begun(`-m hashlimit --hashlimit-above 1/hour ${options}`)
    t.equal(flows.filter((flow) => above(at(0, flow)) === true).length, 6 - count, `above ${mode}`)
  }
})

t.test('hashlimit: the table', async (t) => {
  const world = runtime()
  const first = begun('-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 2 --hashlimit-name x', world)
  const second = begun('-m hashlimit --hashlimit-above 9/sec --hashlimit-burst 9 --hashlimit-name x', world)
  t.equal(first(at(0)), true)
  t.equal(second(at(0)), false, 'the second rule takes of the same credit')
  t.equal(second(at(0)), true, 'by the rate of the first')

  const full = begun(
    '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name y ' +
      '--hashlimit-htable-size 2 --hashlimit-htable-max 3 --hashlimit-htable-expire 2000',
  )
  const from = (host: number, later: number): Packet => at(later, { source: `10.0.0.${host}` })
  t.same(
    [1, 2, 3, 4, 1].map((host) => full(from(host, 0))),
    [true, true, true, 'dropped', false],
    'a flow that does not fit in is dropped',
  )
  t.equal(full(from(4, 2 * SECOND - JIFFY)), 'dropped')
  t.equal(full(from(1, 2 * SECOND - JIFFY)), false, 'this one was seen again')
  t.same(
    [4, 5, 6].map((host) => full(from(host, 2 * SECOND))),
    [true, true, 'dropped'],
    'the silent ones are forgotten when they are looked for',
  )
  t.equal(full(from(1, 3 * SECOND)), false)

  const many = begun(
    '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name z',
  )
  const hosts = Array.from({ length: 3000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
  for (const expected of [true, false])
    t.ok(
      hosts.every((source) => many(at(0, { source })) === expected),
      'many flows, and the same ones again',
    )
})

t.test('hashlimit: ports', async (t) => {
  const text =
    '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcport --hashlimit-name x'
  const cut = tcpFrame(tcp.SYN)
  ipv4.setTotalLength(cut, 14, 23)
  t.equal(begun(text)(packetOf(cut)), 'dropped')
  ipv4.setTotalLength(cut, 14, 24)
  t.equal(begun(text)(packetOf(cut)), true)
  const ask = begun(text)
  t.equal(ask(packetOf(icmpFrame(8, 0))), true)
  t.equal(ask(packetOf(icmpFrame(0, 0))), false, 'ICMP has no ports: all is one flow')
})

t.test('hashlimit reckons as the kernel in 64 bits', async (t) => {
  const units = { sec: 1, min: 60, hour: 3600, day: 86_400 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.constantFrom('sec', 'min', 'hour', 'day'),
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.oneof(fc.nat(3), fc.nat(20), fc.nat(100_000), fc.nat(60_000_000)), {
        size: 'max',
        maxLength: 60,
      }),
      (rate, unit, burst, gaps) => {
        const period = BigInt(Math.floor((1_000_000 * units[unit as 'sec']) / rate))
        const cost = BigInt.asUintN(64, period * 137_438_953n)
        const most = BigInt.asUintN(64, period * BigInt(burst) * 137_438_953n)
        fc.pre(most >= cost)
        const ask = begun(
          `-m hashlimit --hashlimit-upto ${rate}/${unit} --hashlimit-burst ${burst} --hashlimit-name x ` +
            '--hashlimit-htable-expire 4294967295',
        )
        let [credit, now] = [most, 0]
        for (const [i, gap] of gaps.entries()) {
          now += gap
          credit = BigInt.asUintN(64, credit + BigInt(i === 0 ? 0 : gap) * 2n ** 39n)
          if (credit > most) credit = most
          const isWithin = credit >= cost
          if (isWithin) credit -= cost
          assert.equal(ask(at(now * JIFFY)), isWithin)
        }
      },
    ),
  )
  t.pass('random rates, bursts and gaps')
})

t.test('hashlimit in bytes', async (t) => {
  // 1600 bytes a second are 101 chunks of 16, of which a packet of 28 bytes takes 2.
  const plain = begun('-m hashlimit --hashlimit-upto 1600b/s --hashlimit-name x')
  t.equal(taken(plain, 99, 0), 50)
  // One chunk is left; a jiffy brings 0.404 of one.
  t.equal(taken(plain, 9, 2 * JIFFY), 0)
  t.equal(taken(plain, 9, 3 * JIFFY), 1)
  t.equal(taken(plain, 99, 9 * SECOND), 50, 'a second is the most that is saved')

  const burst = begun('-m hashlimit --hashlimit-upto 1600b/s --hashlimit-burst 4801b --hashlimit-name y')
  t.equal(taken(burst, 999, 0), 5 * 50, 'at once, and four times again')
  t.equal(taken(burst, 999, 9 * SECOND), 50, 'the burst comes once')

  const above = begun('-m hashlimit --hashlimit-above 1600b/s --hashlimit-name z')
  t.equal(taken(above, 99, 0), 49)
  t.equal(above(at(0, { payload: 1500 })), true)
})

t.test('hashlimit with a rate to compare with', async (t) => {
  const ask = begun(
    '-m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 2 --hashlimit-name x --hashlimit-rate-match',
  )
  t.equal(taken(ask, 20, 0), 12)
  t.equal(taken(ask, 20, SECOND - JIFFY), 0)
  t.equal(taken(ask, 9, SECOND), 0, 'the second before was over the rate')
  t.equal(taken(ask, 9, 2 * SECOND), 9)
  t.equal(taken(ask, 9, 3 * SECOND), 9)

  const bytes = begun('-m hashlimit --hashlimit-upto 1600b/s --hashlimit-name y --hashlimit-rate-match')
  t.equal(taken(bytes, 99, 0), 57, '57 packets of 28 bytes are 1596')
})

t.test('recent: how often, and how long ago', async (t) => {
  const world = runtime()
  const rule = (options: string): Asker => begun(`-m recent ${options} --name ssh`, world)
  const set = rule('--set')
  const three = rule('--rcheck --seconds 60 --hitcount 3')
  t.equal(three(at(0)), false, 'nothing is there yet')
  t.same(
    [0, 1, 2].map((second) => set(at(second * SECOND))),
    [true, true, true],
  )
  t.equal(rule('--rcheck')(at(2 * SECOND)), true)
  t.equal(rule('! --rcheck')(at(2 * SECOND)), false)
  t.equal(rule('! --rcheck')(at(2 * SECOND, { source: '10.0.0.9' })), true)
  t.equal(rule('--rcheck --rdest')(at(2 * SECOND)), false)
  t.equal(rule('--rcheck --hitcount 3')(at(9999 * SECOND)), true)
  t.equal(rule('--rcheck --hitcount 4')(at(2 * SECOND)), false)
  t.equal(three(at(60 * SECOND)), true, 'the first is 60 seconds old')
  t.equal(three(at(60 * SECOND + JIFFY)), false)
  const last = rule('--rcheck --seconds 1')
  t.equal(last(at(3 * SECOND)), true)
  t.equal(last(at(3 * SECOND + JIFFY)), false)
  t.equal(rule('--remove')(at(4 * SECOND)), true)
  t.equal(rule('--remove')(at(4 * SECOND)), false)
})

t.test('recent: update counts where it holds', async (t) => {
  const world = runtime()
  const update = begun('-m recent --update --seconds 10', world)
  t.equal(update(at(0)), false)
  begun('-m recent --set', world)(at(0))
  t.equal(update(at(9 * SECOND)), true)
  t.equal(update(at(19 * SECOND)), true, 'it was renewed')
  t.equal(update(at(29 * SECOND + JIFFY)), false)
  t.equal(begun('-m recent ! --update --seconds 10', world)(at(30 * SECOND)), true)
  t.equal(begun('-m recent --rcheck --seconds 1', world)(at(31 * SECOND)), true, 'negated too')
})

t.test('recent: masks, other lists, and a hop', async (t) => {
  const world = runtime()
  begun('-m recent --set --name net --mask 255.255.255.0', world)(at(0, { source: '10.0.0.1' }))
  const near = begun('-m recent --rcheck --name net', world)
  t.equal(near(at(0, { source: '10.0.0.200' })), true, 'the mask is the list')
  t.equal(near(at(0, { source: '10.0.1.1' })), false)
  t.equal(begun('-m recent --rcheck --name other', world)(at(0)), false)

  begun('-m recent --set', world)(at(0, { ttl: 63 }, { outInterface: 'br100' }))
  const sameTtl = begun('-m recent --rcheck --rttl', world)
  t.equal(sameTtl(at(0, { ttl: 63 }, { outInterface: 'br100' })), true)
  t.equal(sameTtl(at(0, { ttl: 64 })), true, 'at INPUT the hop is not yet taken')
  t.equal(sameTtl(at(0, { ttl: 63 })), false)
  t.equal(
    sameTtl(at(0, { ttl: 64 }, { frame: -1, outInterface: 'br100' })),
    true,
    'nor of what the node sends',
  )
})

t.test('recent: 100 addresses, 32 times or as many as a rule counts', async (t) => {
  const world = runtime()
  const set = begun('-m recent --set', world)
  const check = begun('-m recent --rcheck', world)
  const from = (host: number): Packet => at(0, { source: `10.0.0.${host}` })
  for (let host = 1; host <= 100; host++) set(from(host))
  set(from(1))
  set(from(101))
  t.same(
    [1, 2, 3, 101].map((host) => check(from(host))),
    [true, false, true, true],
    'the oldest made room',
  )

  for (let i = 0; i < 40; i++) set(from(50))
  t.equal(begun('-m recent --rcheck --hitcount 32', world)(from(50)), true)
  t.equal(begun('-m recent --rcheck --hitcount 33', world)(from(50)), false, 'the list began anew')
  for (let i = 0; i < 64; i++) set(from(50))
  t.equal(begun('-m recent --rcheck --hitcount 64', world)(from(50)), true)

  const reap = begun('-m recent --rcheck --seconds 10 --reap', world)
  set(at(60 * SECOND))
  t.equal(reap(at(60 * SECOND)), true)
  t.equal(begun('-m recent --rcheck --hitcount 64', world)(from(50)), false, 'what is oldest is reaped')
})

t.test('statistic', async (t) => {
  const sequence = (text: string): string => {
    const ask = begun(`-m statistic ${text}`)
    return Array.from({ length: 12 }, () => (ask(at(0)) === true ? 'x' : '.')).join('')
  }
  t.equal(sequence('--mode nth --every 3 --packet 0'), 'x..x..x..x..')
  t.equal(sequence('--mode nth --every 3 --packet 1'), '.x..x..x..x.')
  t.equal(sequence('--mode nth --every 3 --packet 2'), '..x..x..x..x')
  t.equal(sequence('--mode nth ! --every 3 --packet 2'), 'xx.xx.xx.xx.')
  t.equal(sequence('--mode nth --every 1 --packet 0'), 'xxxxxxxxxxxx')
  t.equal(sequence('--mode nth --every 4294967295 --packet 4294967294'), '............')

  const chance = (text: string, drawn: number): boolean | 'dropped' =>
    begun(`-m statistic --mode random ${text}`, runtime({ random: () => drawn }))(at(0))
  t.same(
    [0, 0x3fffffff, 0x40000000, 0x7fffffff, 0xbfffffff].map((drawn) => chance('--probability 0.5', drawn)),
    [true, true, false, false, true],
  )
  t.equal(chance('! --probability 0.5', 0x40000000), true)
  t.equal(chance('--probability 1', 0x7fffffff), true)
  t.equal(chance('--probability 0', 0), false)
})

/** Options → when it matches, and when not, in UTC. */
const TIMES: Record<string, { yes: string[]; no: string[] }> = {
  '--timestart 08:00 --timestop 17:30': {
    yes: ['2026-07-06T08:00:00', '2026-07-07T12:00:00', '2026-07-06T17:30:00'],
    no: ['2026-07-06T07:59:59', '2026-07-06T17:30:01', '2026-07-06T00:00:00'],
  },
  '--timestart 23:00 --timestop 01:00': {
    yes: ['2026-07-06T23:00:00', '2026-07-06T00:00:00', '2026-07-06T01:00:00'],
    no: ['2026-07-06T22:59:59', '2026-07-06T01:00:01'],
  },
  '--timestart 12:00 --timestop 12:00': { yes: ['2026-07-06T11:59:59', '2026-07-06T12:00:01'], no: [] },
  '--weekdays Mon,Sun': {
    yes: ['2026-07-05T00:00:00', '2026-07-06T23:59:59'],
    no: ['2026-07-04T23:59:59', '2026-07-07T00:00:00'],
  },
  '! --weekdays Mon,Sun': {
    yes: ['2026-07-04T23:59:59', '2026-07-07T00:00:00'],
    no: ['2026-07-05T00:00:00', '2026-07-06T23:59:59'],
  },
  // Monday's night goes on until Tuesday 01:00 where it is contiguous.
  '--weekdays Mon --timestart 23:00 --timestop 01:00': {
    yes: ['2026-07-06T00:30:00', '2026-07-06T23:30:00'],
    no: ['2026-07-07T00:30:00'],
  },
  '--weekdays Mon --timestart 23:00 --timestop 01:00 --contiguous': {
    yes: ['2026-07-06T23:30:00', '2026-07-07T00:30:00', '2026-07-07T01:00:00'],
    no: ['2026-07-06T00:30:00', '2026-07-07T01:00:01', '2026-07-07T23:30:00'],
  },
  '--monthdays 1,29,31': {
    yes: ['2026-07-01T00:00:00', '2026-07-31T23:59:59', '2024-02-29T12:00:00', '2000-02-29T00:00:00'],
    no: ['2026-07-30T23:59:59', '2026-08-02T00:00:00', '2026-02-28T12:00:00'],
  },
  '--datestart 2026-07-06T10:00:00 --datestop 2026-07-06T11': {
    yes: ['2026-07-06T10:00:00', '2026-07-06T11:00:00'],
    no: ['2026-07-06T09:59:59', '2026-07-06T11:00:01'],
  },
  '--kerneltz': { yes: ['2038-01-19T03:14:07'], no: ['2038-01-19T03:14:08'] },
}

t.test('time', async (t) => {
  for (const [options, { yes, no }] of Object.entries(TIMES)) {
    const ask = begun(`-m time ${options}`)
    const on = (date: string): boolean | 'dropped' =>
      ask(packetOf(udpFrame(), { now: Date.parse(`${date}.999Z`) * MILLISECOND }))
    for (const date of yes) t.equal(on(date), true, `${options} at ${date}`)
    for (const date of no) t.equal(on(date), false, `${options} at ${date}`)
  }
})

t.test('time knows each day of 1970 to 2037', async (t) => {
  const weekdays = Array.from({ length: 7 }, (_, i) => begun(`-m time --weekdays ${i + 1}`))
  const monthdays = Array.from({ length: 31 }, (_, i) => begun(`-m time --monthdays ${i + 1}`))
  const packet = packetOf(udpFrame())
  for (let day = 0; day < 24_837; day++) {
    packet.now = day * 86_400 * SECOND
    const date = new Date(day * 86_400_000)
    assert.equal(weekdays[(date.getUTCDay() + 6) % 7](packet), true, date.toISOString())
    assert.equal(monthdays[date.getUTCDate() - 1](packet), true, date.toISOString())
    assert.equal(monthdays[date.getUTCDate() % 31](packet), false, date.toISOString())
  }
  t.pass('as Date does')
})

/** A packet of UDP with these bytes behind its headers, which end at offset 28. */
function carrying(payload: string): Packet {
  const bytes = Buffer.from(payload, 'latin1')
  const frame = udpFrame({ payload: bytes.length, padding: 6 })
  frame.set(bytes, 42)
  frame.fill(0x61, 42 + bytes.length)
  return packetOf(frame)
}

t.test('string: offsets count from the IP header, and all of the pattern lies between them', async (t) => {
  const packet = carrying('..abc')
  const asked: Record<string, boolean> = {
    '--string abc': true,
    '! --string abc': false,
    '--string abd': false,
    '--string abca': false,
    '--string abc --from 30': true,
    '--string abc --from 31': false,
    '--string abc --to 33': true,
    '--string abc --to 32': false,
    '! --string abc --to 32': true,
    '--string abc --from 30 --to 33': true,
    '--string ABC': false,
    '--string ABC --icase': true,
    '--hex-string "|45|" --to 1': true,
    '--hex-string "|45|" --from 1 --to 2': false,
    '--string a --from 40': false,
    '--string a --from 33': false,
    '--string c --from 32': true,
  }
  for (const [options, expected] of Object.entries(asked))
    for (const algorithm of ['bm', 'kmp'])
      t.equal(begun(`-m string --algo ${algorithm} ${options}`)(packet), expected, `${algorithm} ${options}`)
  t.equal(
    begun('-m string --algo kmp --icase --string ä')(carrying('\xe3\xa4')),
    true,
    'Latin-1 has small letters',
  )
  t.equal(begun('-m string --algo kmp --hex-string "|d7|" --icase')(carrying('\xf7')), false, 'but × is none')
})

t.test('string finds what Buffer finds', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\0'), size: 'max', maxLength: 300 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '\0'), minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(text, pattern, fc.nat(320), fc.nat(320), (payload, wanted, from, width) => {
      const packet = carrying(payload)
      const datagram = Buffer.from(packet.bytes.buffer, packet.l3, packet.length)
      const hexadecimal = Buffer.from(wanted, 'latin1').toString('hex')
      const options = `--hex-string "|${hexadecimal}|" --from ${from} --to ${from + width}`
      const isThere = datagram.subarray(from, from + width).includes(Buffer.from(wanted, 'latin1'))
      assert.equal(begun(`-m string --algo bm ${options}`)(packet), isThere)
    }),
  )
  t.pass('random texts, patterns and offsets')
})
