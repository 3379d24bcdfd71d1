import t from 'tap'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replay } from '../../src/pipeline/replay.js'
import type { ReplayOptions, ReplayReport } from '../../src/pipeline/replay.js'
import { formatMac } from '../../src/wire/address.js'
import { folderFor, interfaceBlock, packet, readPcap, section, writePcap } from '../captures.js'
import type { Recorded } from '../captures.js'
import { BROADCAST, frame, mac } from '../packets.js'
import { runs } from '../soak.js'
import { needs, run } from '../tools.js'

const [A, B, C] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c']
const GOLDEN = 'pcaps/golden'

/** A frame at a time, in seconds. */
const at = (seconds: number, to: string, from: string, seed = 0): Recorded => ({
  seconds: Math.floor(seconds),
  nanoseconds: Math.round((seconds % 1) * 1e9),
  frame: Buffer.from(frame(to, from, 60, seed)),
})

/** Replays with every slot watched; `ports` are names and records. */
async function play(
  folder: string,
  ports: Record<string, Recorded[]>,
  options: Partial<ReplayOptions> = {},
): Promise<ReplayReport & { left: Record<string, Recorded[]> }> {
  const inputs = Object.entries(ports).map(([port, records]) => ({
    port,
    path: writePcap(join(folder, `${port}.in.pcap`), records),
  }))
  const out = join(folder, 'out')
  const report = await replay({ inputs, out, debug: true, ...options })
  const left = Object.fromEntries(
    Object.keys(report.ports).map((name) => [name, readPcap(join(out, `${name}.pcap`))]),
  )
  return { ...report, left }
}

const received = (report: ReplayReport): number =>
  Object.values(report.ports).reduce((sum, { rxFrames }) => sum + rxFrames, 0)

const addsUp = ({ forwarded, flooded, delivered, dropped }: ReplayReport): number =>
  forwarded + flooded + delivered + dropped

const digest = ({ frame: bytes }: Recorded): string => createHash('sha1').update(bytes).digest('hex')

/** Frames by their bytes, as a multiset: in `a` and not in `b`. */
function missing(a: Recorded[], b: Recorded[]): Recorded[] {
  const counts = new Map<string, number>()
  for (const one of b) counts.set(digest(one), (counts.get(digest(one)) ?? 0) + 1)
  return a.filter((one) => {
    const left = counts.get(digest(one)) ?? 0
    counts.set(digest(one), left - 1)
    return left <= 0
  })
}

/** What the kernel's rules stop on the way, and a replay without rules does not: `sg-fallback -j DROP` in c1.counters has 3 in both. */
const STOPPED: Record<string, string[]> = {
  'boot c1-vnet0': Array<string>(3).fill('192.168.56.101 → 10.0.0.2 echo request'),
  'floating c1-vnet0': Array<string>(3).fill('192.168.56.101 → 10.0.0.2 tcp 23 SYN'),
}

function describe({ frame: b }: Recorded): string {
  const address = (from: number): string => [...b.subarray(from, from + 4)].join('.')
  const isEcho = b[23] === 1 && b[34] === 8
  const what = isEcho ? 'echo request' : `tcp ${b.readUInt16BE(36)} ${b[47] === 2 ? 'SYN' : `flags ${b[47]}`}`
  return `${address(26)} → ${address(30)} ${what}`
}

const PORTS = { c1: ['eth2', 'vnet0', 'vnet1'], c2: ['eth2', 'vnet0'] }

for (const phase of ['boot', 'floating'] as const) {
  for (const node of ['c1', 'c2'] as const) {
    t.test(`${phase} of ${node}, as the kernel's bridge carried it`, async (t) => {
      const out = folderFor(t)
      const base = `${GOLDEN}/${phase}/${node}`
      const inputs = PORTS[node].map((port) => ({ port, path: `${base}-${port}.in.pcap` }))
      const report = await replay({ inputs, out, debug: true })
      const entered = inputs.flatMap(({ path }) => readPcap(path))
      for (const port of PORTS[node]) {
        const ours = readPcap(join(out, `${port}.pcap`))
        const theirs = readPcap(`${base}-${port}.out.pcap`)
        t.same(missing(theirs, ours), [], `${port}: everything that left there`)
        const extra = missing(ours, theirs)
        t.same(
          extra.map(describe),
          STOPPED[`${phase} ${node}-${port}`] ?? [],
          `${port}: and what the rules stop`,
        )
        t.same(
          missing(
            ours,
            ours.filter((one) => entered.some((other) => other.frame.equals(one.frame))),
          ),
          [],
        )
      }
      t.equal(addsUp(report), entered.length)
      t.equal(received(report), entered.length)
      t.same(stationsOf(report), kernelStations(`${base}.fdb`), 'the forwarding database')
    })
  }
}

function stationsOf(report: ReplayReport): string[] {
  return report.fdb.map(({ mac: address, port }) => `${formatMac(address, 0)} ${port}`).sort()
}

/** `bridge fdb show`: what the bridge had learned. */
function kernelStations(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.includes(' master ') && !line.includes('permanent'))
    .map((line) => line.replace(/^(\S+) dev (\S+) .*$/, '$1 $2'))
    .sort()
}

t.test('bursts taken at once are what frames taken one by one are', async (t) => {
  const folder = folderFor(t)
  const stations = [A, B, C, BROADCAST]
  const record = fc.record({
    seconds: fc.oneof({ weight: 5, arbitrary: fc.nat(3) }, fc.constantFrom(0x7fff_ffff, 0xffff_ffff)),
    nanoseconds: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(0, 1, 2, 999_999) },
      fc.constantFrom(1_000_000, 999_999_999, 1_000_000_000, 0xffff_ffff),
    ),
    to: fc.constantFrom(...stations),
    from: fc.constantFrom(...stations),
    length: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 14, max: 300 }) },
      fc.integer({ min: 14, max: 2100 }),
    ),
    cut: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(20)),
  })
  const records = fc.array(record, { size: 'max', maxLength: 400 }).map((list) =>
    list.map(({ seconds, nanoseconds, to, from, length, cut }, seed): Recorded => {
      const bytes = Buffer.from(frame(to, from, length, seed))
      return { seconds, nanoseconds, frame: bytes, originalLength: bytes.length + cut }
    }),
  )
  const sorted = fc.boolean()
  const unit = fc.constantFrom('nano' as const, 'micro' as const)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(records, sorted, unit), { minLength: 1, maxLength: 3 }),
      async (files) => {
        const inputs = files.map(([list, isSorted, fileUnit], i) => {
          const ordered = isSorted
            ? list.toSorted((a, b) => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds)
            : list
          return { port: `p${i}`, path: writePcap(join(folder, `p${i}.in.pcap`), ordered, fileUnit) }
        })
        const outcome = async (debug: boolean): Promise<unknown> => {
          const out = join(folder, 'out')
          const report = await replay({
            inputs,
            out,
            debug,
            ports: { other: {} },
          })
          return {
            report: { ...report, seconds: 0, framesPerSecond: 0 },
            files: Object.keys(report.ports).map((name) => readPcap(join(out, `${name}.pcap`))),
          }
        }
        t.strictSame(await outcome(false), await outcome(true))
      },
    ),
    runs(100),
  )
})

t.test('frames are merged by time, ties go by the order of the captures', async (t) => {
  const { left } = await play(folderFor(t), {
    a: [at(1, B, A, 1), at(3, B, A, 3), at(3, B, A, 4), at(5, B, A, 7)],
    b: [at(3, B, C, 5), at(4, B, C, 6)],
    c: [at(1, B, '02:00:00:00:00:0d', 2)],
    d: [],
  })
  t.same(
    left['d'].map(({ frame: bytes }) => bytes[20] - 20),
    [1, 2, 3, 4, 5, 6, 7],
  )
  t.same(
    left['d'].map(({ seconds }) => seconds),
    [1, 1, 3, 3, 3, 4, 5],
  )
})

t.test('nanoseconds decide, and are kept', async (t) => {
  const { left } = await play(folderFor(t), {
    a: [{ ...at(1, B, A, 1), nanoseconds: 999_999_999 }],
    b: [{ ...at(1, B, C, 2), nanoseconds: 999_999_998 }],
    c: [],
  })
  t.same(
    left['c'].map(({ nanoseconds }) => nanoseconds),
    [999_999_998, 999_999_999],
  )
})

t.test('the frames of one file keep their order, and the clock never goes back', async (t) => {
  // A is heard at 1000 s; then a frame says 400 s. Were the clock to follow, A would not have aged at 1299.
  const report = await play(
    folderFor(t),
    {
      a: [at(1000, BROADCAST, A, 1), at(400, BROADCAST, A, 2), at(1000, BROADCAST, A, 3)],
      b: [at(1299.5, A, B)],
      c: [],
    },
    {},
  )
  t.same(
    report.left['c'].map(({ frame: bytes }) => bytes[20] - 20),
    [1, 2, 3],
  )
  t.same(
    report.left['c'].map(({ seconds }) => seconds),
    [1000, 400, 1000],
    'each leaves under its own time stamp',
  )
  t.equal(report.forwarded, 1)
  t.equal(report.fdb.find(({ mac: address }) => formatMac(address, 0) === A)!.age, 299.5)
})

t.test("ageing runs on the captures' clock", async (t) => {
  for (const [gap, forwarded] of [
    [299.999, 1],
    [300, 0],
  ] as const) {
    const report = await play(folderFor(t), { a: [at(1000, BROADCAST, A)], b: [at(1000 + gap, A, B)], c: [] })
    t.equal(report.forwarded, forwarded, `after ${gap} s`)
  }
})

t.test('frames that the snap length cut are dropped as cut-capture', async (t) => {
  const report = await play(folderFor(t), {
    a: [{ ...at(1, B, A), originalLength: 1514 }, at(2, B, A)],
    b: [],
  })
  t.same(report.drops, { 'cut-capture': 1 })
  t.equal(report.left['b'].length, 1)
  t.same(report.ports['a'], { rxFrames: 2, rxBytes: 1574, txFrames: 0, txBytes: 0 })
  t.equal(addsUp(report), 2)
})

t.test('the interfaces of a pcapng file are its ports; outbound frames are skipped', async (t) => {
  const folder = folderFor(t)
  const path = join(folder, 'both.pcapng')
  const bytes = (to: string, from: string): Buffer => Buffer.from(frame(to, from))
  writeFileSync(
    path,
    Buffer.concat([
      section(),
      interfaceBlock('tapA'),
      interfaceBlock('eth2/quiet'),
      packet(0, 1_700_000_000_000_001, bytes(BROADCAST, A), 1),
      interfaceBlock('tapB'),
      packet(2, 1_700_000_000_000_002, bytes(A, B)),
      packet(0, 1_700_000_000_000_003, bytes(A, B), 2),
      section(),
      interfaceBlock('tapB'),
      packet(0, 1_700_000_000_000_004, bytes(A, B)),
      interfaceBlock('late'),
    ]),
  )
  const out = join(folder, 'out')
  const report = await replay({ inputs: [{ port: null, path }], out, debug: true })
  t.same(Object.keys(report.ports), ['tapA', 'eth2/quiet', 'tapB', 'late'])
  t.equal(report.skippedOutbound, 1)
  t.match(report, { flooded: 1, forwarded: 2 })
  t.same(
    Object.values(report.ports).map(({ rxFrames }) => rxFrames),
    [1, 0, 2, 0],
  )
  t.equal(readPcap(join(out, 'tapA.pcap')).length, 2)
  t.equal(readPcap(join(out, 'eth2_quiet.pcap')).length, 1, 'a slash is no part of a file name')
  t.equal(readPcap(join(out, 'tapA.pcap'))[1].nanoseconds, 4000)
  const one = await replay({ inputs: [{ port: 'all', path }], debug: true })
  t.same(Object.keys(one.ports), ['all'], 'given a port, all its interfaces are that one')
  t.equal(one.ports['all'].rxFrames, 3)
})

t.test('a lone pcap file is one port, named after the file', async (t) => {
  const folder = folderFor(t)
  const path = writePcap(join(folder, 'eth2.pcap'), [at(1, BROADCAST, A), at(2, A, B)])
  const report = await replay({ inputs: [{ port: null, path }], debug: true })
  t.same(Object.keys(report.ports), ['eth2'])
  t.match(report, { delivered: 1, drops: { 'same-port': 1 } })
})

t.test('the node: addresses, port options, static stations, ports without a capture', async (t) => {
  const NODE = '02:00:00:00:01:00'
  const report = await play(
    folderFor(t),
    { a: [at(1, NODE, A), at(2, BROADCAST, A), at(3, C, A)], b: [] },
    {
      localAddresses: [mac(NODE)],
      stations: [{ mac: mac(C), port: 'quiet' }],
      ports: { quiet: {}, b: { bcast_flood: false } },
    },
  )
  t.same(
    Object.entries(report.left).map(([name, frames]) => [name, frames.length]),
    [
      ['a', 0],
      ['b', 0],
      ['quiet', 2],
    ],
  )
  t.match(report, { delivered: 1, flooded: 1, forwarded: 1 })
  t.same(report.fdb.map(({ port, static: isStatic }) => `${port} ${isStatic}`).sort(), [
    'a false',
    'null true',
    'quiet true',
  ])
})

t.test('a table that is full, a station that moves: in the report', async (t) => {
  const report = await play(
    folderFor(t),
    { a: [at(1, BROADCAST, A), at(3, BROADCAST, C)], b: [at(2, BROADCAST, A), at(4, BROADCAST, B)] },
    { bridge: { maxLearned: 2 } },
  )
  t.match(report, { moved: 1, notLearned: 1 })
})

t.test('large frames, many ports: nothing is lost for want of a slot', async (t) => {
  const big = (seed: number): Recorded => ({
    ...at(seed, BROADCAST, A),
    frame: Buffer.from(frame(BROADCAST, A, 262_144, seed)),
  })
  const quiet = Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`p${i}`, {}]))
  const report = await play(
    folderFor(t),
    { a: Array.from({ length: 20 }, (_, i) => big(i)) },
    { ports: quiet, debug: false },
  )
  t.equal(report.flooded, 20)
  t.same(report.drops, {})
  t.ok(Object.keys(quiet).every((name) => report.ports[name].txFrames === 20))
  t.ok(report.left['p62'].every(({ frame: bytes }, i) => bytes.equals(big(i).frame)))
})

t.test('speed: paced by the captures’ clock', async (t) => {
  const records = [at(1000, BROADCAST, A), at(1000.2, BROADCAST, A), at(1001, BROADCAST, A)]
  const fast = await play(folderFor(t), { a: records, b: [] })
  for (const debug of [true, false]) {
    const slow = await play(folderFor(t), { a: records, b: [] }, { speed: 5, debug })
    t.ok(slow.seconds >= 0.2 && slow.seconds < 1, `1 s at five times its speed took ${slow.seconds} s`)
    t.equal(slow.left['b'].length, 3)
    t.ok(fast.seconds < slow.seconds)
  }
})

t.test('an aborted replay ends with what it has', async (t) => {
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 100)
  const report = await play(
    folderFor(t),
    // The second frame is due in a year, which is longer than a timer can be set to.
    { a: [at(1000, BROADCAST, A), at(32_000_000, BROADCAST, A)], b: [] },
    { speed: 1, signal: abort.signal },
  )
  t.equal(report.left['b'].length, 1)
  t.equal(addsUp(report), 1)
})

t.test('output that would overwrite what is read, or itself, is refused', async (t) => {
  const folder = folderFor(t)
  const path = writePcap(join(folder, 'a.pcap'), [at(1, B, A)])
  await t.rejects(replay({ inputs: [{ port: 'a', path }], out: folder }), {
    name: 'ReplayError',
    message: `${path}: what leaves a would overwrite a capture that is being read`,
  })
  t.equal(readPcap(path).length, 1, 'it is still there')
  await t.rejects(
    replay({ inputs: [{ port: 'x', path }], out: join(folder, 'out'), ports: { 'b/c': {}, b_c: {} } }),
    {
      name: 'ReplayError',
      message: /two ports would write this file/,
    },
  )
  await t.rejects(replay({ inputs: [{ port: 'x', path }], out: join(path, 'sub') }), { code: 'ENOTDIR' })
})

t.test('more ports or static addresses than a bridge has', async (t) => {
  const path = writePcap(join(folderFor(t), 'a.pcap'), [at(1, B, A)])
  const inputs = [{ port: 'a', path }]
  const ports = Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`p${i}`, {}]))
  await t.rejects(replay({ inputs, ports }), {
    name: 'ReplayError',
    message: 'port p1023: one too many, a bridge has at most 1024',
  })
  const localAddresses = Array.from({ length: 1025 }, () => mac(A))
  await t.rejects(replay({ inputs, localAddresses }), {
    name: 'ReplayError',
    message: /^1025 static addresses/,
  })
})

t.test('a cut file: what came before is replayed, and the report says so', async (t) => {
  const folder = folderFor(t)
  const path = writePcap(join(folder, 'a.pcap'), [at(1, B, A), at(2, B, A)])
  writeFileSync(path, readFileSync(path).subarray(0, -1))
  const report = await replay({ inputs: [{ port: 'a', path }] })
  t.equal(report.ports['a'].rxFrames, 1)
  t.match(report.flaws, [/a\.pcap: offset 100: cut in a record: 75 bytes of at least 76/])
})

t.test('a malformed record: what came before is replayed, however full the burst was', async (t) => {
  const path = writePcap(
    join(folderFor(t), 'a.pcap'),
    [...Array(300).keys()].map((i) => at(i, B, A)),
  )
  const file = readFileSync(path)
  file.writeUInt32LE(0x7fffffff, 24 + 280 * 76 + 8)
  writeFileSync(path, file)
  const report = await replay({ inputs: [{ port: 'a', path }] })
  t.equal(report.ports['a'].rxFrames, 280)
  t.equal(report.dropped, 280)
  t.match(report.flaws, [/a\.pcap: offset 21312: captured length 2147483647, expected at most 262144/])
})

t.test('what goes through comes out identical, by editcap and capinfos', async (t) => {
  if (!needs(t, 'editcap', 'capinfos')) return
  const folder = folderFor(t)
  for (const name of ['c1-eth2.in', 'c1-vnet0.in', 'ctl-eth2.in']) {
    const path = `${GOLDEN}/boot/${name}.pcap`
    for (const format of ['nsecpcap', 'pcap', 'pcapng']) {
      const input = join(folder, `${name}.${format}`)
      run('editcap', '-F', format, path, input)
      const out = join(folder, 'out')
      // With learning off everything is flooded: port b gets each frame that entered port a.
      await replay({
        inputs: [{ port: 'a', path: input }],
        out,
        ports: { a: { learning: false }, b: {} },
        debug: true,
      })
      const normal = join(folder, 'normal.pcap')
      run('editcap', '-F', 'nsecpcap', input, normal)
      t.ok(readFileSync(join(out, 'b.pcap')).equals(readFileSync(normal)), `${name} from ${format}`)
      const count = (file: string): string =>
        run('capinfos', '-M', '-c', '-d', '-u', '-a', '-e', file).replace(/^.*name:.*$/m, '')
      t.equal(count(join(out, 'b.pcap')), count(normal))
    }
  }
})

t.test('no output is asked for: none is made', async (t) => {
  const folder = folderFor(t)
  const path = writePcap(join(folder, 'a.pcap'), [at(1, B, A)])
  await replay({ inputs: [{ port: 'a', path }] })
  t.notOk(existsSync(join(folder, 'out')))
})
