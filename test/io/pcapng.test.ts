import t from 'tap'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { openCapture } from '../../src/io/capture-reader.js'
import { MAX_RECORD } from '../../src/io/byte-window.js'
import { TimestampScale } from '../../src/io/pcapng-time.js'
import { folderFor, readPcap } from '../captures.js'
import { runs } from '../soak.js'
import { needs, run } from '../tools.js'
import { END_OF_OPTIONS, SHB, comparing, errorOf, fileOf, memory, packetRows, readCapture } from './files.js'
import { rowsOf, tsharkRows } from './files.js'
import type { Maker, Seen } from './files.js'
import { BIG_FRAME, COMMENT, IF_NAME, IF_TSOFFSET, IF_TSRESOL, PACKET_FLAGS } from './samples.js'
import { answer, big, hello, little, mixed, named, outboundFlag } from './samples.js'

const BOTH_ORDERS = [little, big]

t.test('what editcap, mergecap and tshark write reads as in tshark', async (t) => {
  if (!needs(t, 'tshark', 'editcap', 'mergecap')) return
  const folder = folderFor(t)
  const path = join(folder, 'made.pcapng')
  const golden = ['c1-vnet0.in.pcap', 'c1-eth2.in.pcap', 'ctl-eth1.in.pcap'].map((name) =>
    join('pcaps/golden/boot', name),
  )
  const interfaces = fileOf(folder, 'interfaces.pcapng', mixed(big))
  const secrets = fileOf(folder, 'secrets', Buffer.from('CLIENT_RANDOM 00 00\n'))
  const commands: [string, ...string[]][] = [
    ['editcap', '-F', 'pcapng', golden[0], path],
    ['editcap', '-F', 'pcapng', '-s', '60', '-a', '2:a comment', '--capture-comment', 'all', golden[1], path],
    ['editcap', '-F', 'pcapng', '--inject-secrets', `tls,${secrets}`, golden[2], path],
    ['mergecap', '-F', 'pcapng', '-w', path, ...golden, interfaces],
    ['mergecap', '-F', 'pcapng', '-I', 'none', '-w', path, interfaces, ...golden, interfaces],
    ['tshark', '-F', 'pcapng', '-W', 'n', '-r', golden[0], '-w', path],
    ['tshark', '-F', 'pcapng', '-r', interfaces, '-w', path],
  ]
  for (const [program, ...options] of commands) {
    run(program, ...options)
    const seen = await readCapture(path)
    t.equal(seen.format, 'pcapng')
    t.equal(seen.flaw, null)
    t.ok(seen.records.length > 5)
    t.same(rowsOf(seen), packetRows(path), `${program} ${options.join(' ')}`)
  }
})

t.test('every kind of block, in both byte orders, as in tshark', async (t) => {
  const folder = folderFor(t)
  for (const make of BOTH_ORDERS) {
    const path = fileOf(folder, 'mixed.pcapng', mixed(make))
    const seen = await readCapture(path)
    t.equal(seen.records.length, 14)
    t.same(
      seen.interfaces.map(({ name, linkType, snapLength }) => [name, linkType, snapLength]),
      [
        ['eth0', 1, 0],
        ['vnet1', 1, 0],
      ],
    )
    await comparing(t, ['tshark'], (t) => {
      t.same(rowsOf(seen), packetRows(path))
      const rewritten = join(folder, 'rewritten.pcap')
      run('tshark', '-F', 'nsecpcap', '-Y', 'frame.time_epoch', '-r', path, '-w', rewritten)
      t.same(framesOf(seen.records), framesOf(readPcap(rewritten)))
    })
  }
})

function framesOf(records: Array<{ frame: Buffer }>): Buffer[] {
  return records.map((one) => one.frame)
}

t.test('sections of different byte orders count their interfaces from 0', async (t) => {
  const one = (make: Maker, name: string, time: bigint): Buffer =>
    Buffer.concat([make.section(), named(make, name), make.enhanced({ time, frame: hello })])
  const parts = [one(little, 'a', 1n), one(big, 'b', 2n), one(big, 'c', 3n), one(little, 'd', 4n), mixed(big)]
  const path = fileOf(folderFor(t), 'sections.pcapng', ...parts)
  const seen = await readCapture(path)
  t.same(
    seen.records.slice(0, 6).map((record) => [record.interfaceIndex, record.nanoseconds]),
    [
      [0, 1000],
      [1, 2000],
      [2, 3000],
      [3, 4000],
      [4, 123_456_000],
      [4, 123_456_000],
    ],
  )
  t.same(
    seen.interfaces.map(({ name }) => name),
    ['a', 'b', 'c', 'd', 'eth0', 'vnet1'],
  )
  // This tshark looks names up in the first section, whatever the frame's is: they are not compared.
  const withoutName = (row: string): string => row.replace(/\t[^\t]*$/, '')
  await comparing(t, ['tshark'], (t) =>
    t.same(rowsOf(seen).map(withoutName), packetRows(path).map(withoutName)),
  )
})

t.test('simple packets: interface 0, cut at its snap length, at the time of the packet before', async (t) => {
  const folder = folderFor(t)
  for (const make of BOTH_ORDERS) {
    const path = fileOf(
      folder,
      'simple.pcapng',
      make.section(),
      make.interface(50, make.option(IF_NAME, Buffer.from('first')), END_OF_OPTIONS),
      named(make, 'second'),
      make.simple(61, hello.subarray(0, 50)),
      make.enhanced({ interface: 1, time: 5_000_007n, frame: answer, options: [outboundFlag(make)] }),
      make.simple(49, hello.subarray(0, 49)),
    )
    const { records } = await readCapture(path)
    t.match(records, [
      { seconds: 0, nanoseconds: 0, originalLength: 61, frame: Buffer.from(hello.subarray(0, 50)) },
      { seconds: 5, nanoseconds: 7000, interfaceIndex: 1, outbound: true },
      { seconds: 5, nanoseconds: 7000, originalLength: 49, interfaceIndex: 0, outbound: false },
    ])
    t.same(records[2].frame, Buffer.from(hello.subarray(0, 49)), 'without its padding')
    await comparing(t, ['tshark'], (t) =>
      t.same(
        tsharkRows(path),
        ['\t50\t61\tfirst', '5.000007000\t1514\t1514\tsecond', '\t49\t49\tfirst'],
        'but tshark gives them no time',
      ),
    )
  }
})

t.test('the direction stands in the flags', async (t) => {
  const folder = folderFor(t)
  for (const make of BOTH_ORDERS) {
    const flags = (value: number): Buffer => make.option(PACKET_FLAGS, make.u32(value))
    const comment = make.option(COMMENT, Buffer.from('odd'))
    const cases: [boolean, ...Uint8Array[]][] = [
      [false],
      [false, END_OF_OPTIONS],
      [false, flags(0)],
      [false, flags(1), END_OF_OPTIONS],
      [true, flags(2), END_OF_OPTIONS],
      [false, flags(3)],
      [true, flags(0xfffffffe)],
      [true, comment, comment, flags(2)],
      [false, comment, END_OF_OPTIONS, flags(2)],
      [false, make.option(PACKET_FLAGS, Buffer.of(2, 0, 0, 2, 2, 0, 0, 2))],
      [false, Buffer.concat([make.u16(COMMENT), make.u16(0xffff)]), flags(2)],
    ]
    const packets = cases.flatMap(([, ...options]) => [
      make.enhanced({ frame: hello, options }),
      make.obsolete({ frame: answer, options }),
    ])
    const path = fileOf(folder, 'flags.pcapng', make.section(), make.interface(0), ...packets)
    t.same(
      (await readCapture(path)).records.map((one) => one.outbound),
      cases.flatMap(([outbound]) => [outbound, outbound]),
    )
  }
})

t.test('time stamps in powers of 10 and of 2, and shifted, as in tshark', async (t) => {
  const folder = folderFor(t)
  const options: [string, (make: Maker) => Buffer[]][] = [
    ['none', () => []],
    ...[0, 1, 3, 6, 9, 10, 0x80, 0x81, 0x8a, 0x94, 0x9d].map((unit): [string, (make: Maker) => Buffer[]] => [
      `if_tsresol ${unit}`,
      (make) => [make.option(IF_TSRESOL, Buffer.of(unit))],
    ]),
    ...[1n, -1n, 1_000_000_000n].map((seconds): [string, (make: Maker) => Buffer[]] => [
      `if_tsoffset ${seconds}`,
      (make) => [make.option(IF_TSOFFSET, long(make, seconds))],
    ]),
  ]
  if (!needs(t, 'tshark')) return
  for (const make of BOTH_ORDERS) {
    const interfaces = options.map(([name, of]) => named(make, name, ...of(make)))
    const packets = options.flatMap((_, i) =>
      [2_000_001n, 0x23_4567_89abn, 0x24_0000_0000n, 0x23_ffff_ffffn].map((time) =>
        make.enhanced({ interface: i, time, frame: hello }),
      ),
    )
    const path = fileOf(folder, 'times.pcapng', make.section(), ...interfaces, ...packets)
    t.same(rowsOf(await readCapture(path)), tsharkRows(path))
  }
})

/** 64 bits; `make` knows the order of the halves by how it writes 1. */
function long(make: Maker, value: bigint): Buffer {
  const b = Buffer.alloc(8)
  if (make.u16(1)[0] === 1) b.writeBigInt64LE(value)
  else b.writeBigInt64BE(value)
  return b
}

t.test('options of the wrong length do not count', async (t) => {
  const options = [
    little.option(IF_TSRESOL, Buffer.alloc(0)),
    little.option(IF_TSOFFSET, Buffer.from('\x05\0\0\0', 'latin1')),
  ]
  const packet = little.enhanced({ time: 1_000_002n, frame: hello })
  const path = fileOf(folderFor(t), 'odd.pcapng', little.section(), little.interface(0, ...options), packet)
  t.match((await readCapture(path)).records, [{ seconds: 1, nanoseconds: 2000 }])
})

t.test('an option that is longer than its block does not count', async (t) => {
  const folder = folderFor(t)
  for (const [length, name] of [
    [4, 'eth0'],
    [5, ''],
    [0xffff, ''],
  ] as const) {
    const option = Buffer.concat([little.u16(IF_NAME), little.u16(length), Buffer.from('eth0')])
    const path = fileOf(folder, 'odd.pcapng', little.section(), little.interface(0, option))
    t.match((await readCapture(path)).interfaces, [{ name }], `${length} bytes`)
  }
})

t.test('time stamps of any unit and shift are exact', async (t) => {
  const coarse = fc.oneof(fc.nat(9), fc.integer({ min: 0x80, max: 0x80 + 30 }))
  const unit = fc.oneof(coarse, fc.nat(255))
  const times = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { size: 'max', maxLength: 10 })
  const shift = fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n })
  fc.assert(
    fc.property(unit, times, shift, (resolution, stamps, offset) => {
      const perSecond = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f)
      const scale = new TimestampScale(perSecond, offset)
      // Each twice, and its neighbour: the upper half is remembered between them.
      for (const time of stamps.flatMap((one) => [one, one ^ 1n, one ^ 0x8000_0000n])) {
        scale.convert(Number(time >> 32n), Number(time & 0xffffffffn))
        const seconds = time / perSecond + offset
        // Beyond 2^53, 285 million years away, a number has no place for every second.
        if (seconds <= Number.MAX_SAFE_INTEGER) assert.equal(scale.seconds, Number(seconds))
        assert.equal(scale.nanoseconds, Number(((time % perSecond) * 1_000_000_000n) / perSecond))
      }
    }),
    runs(1000),
  )
  t.pass('against 64-bit arithmetic: tshark overflows below the nanosecond')
})

t.test('what is no packet is passed over, however long', async (t) => {
  const folder = folderFor(t)
  for (const make of BOTH_ORDERS) {
    const long = make.block(0xbad, new Uint8Array(2 * MAX_RECORD).fill(6))
    const packet = make.enhanced({ frame: hello })
    const path = fileOf(folder, 'long.pcapng', make.section(), make.interface(0), packet, long, packet, long)
    for (const chunk of [1000, 65_536, 1_000_000]) {
      const seen = await readCapture(path, chunk)
      t.equal(seen.records.length, 2)
      t.equal(seen.flaw, null)
    }
    // A length of nearly 4 GB is no reason to want 4 GB.
    const lie = Buffer.concat([make.u32(0xbad), make.u32(0xfffffffc), new Uint8Array(1000)])
    const cut = fileOf(folder, 'lie.pcapng', make.section(), make.interface(0), packet, lie)
    const seen = await readCapture(cut)
    const size = 28 + 20 + packet.length + lie.length
    const missing = 0xfffffffc - lie.length
    t.equal(seen.records.length, 1)
    t.equal(seen.flaw, `${cut}: offset ${size}: cut in a block: ${missing} more bytes expected`)
  }
})

t.test('what is malformed is refused, and where', async (t) => {
  const folder = folderFor(t)
  const path = join(folder, 'bad.pcapng')
  for (const make of BOTH_ORDERS) {
    const head = Buffer.concat([make.section(), make.interface(0)])
    const endsWith = async (end: string, ...parts: Uint8Array[]): Promise<void> => {
      for (const chunk of [16, 4096])
        t.equal(await errorOf(fileOf(folder, 'bad.pcapng', ...parts), chunk), end)
    }
    const refused = (message: string, offset: number, ...parts: Uint8Array[]): Promise<void> =>
      endsWith(`CaptureError: ${path}: offset ${offset}: ${message}`, ...parts)
    const behindHead = (message: string, offset: number, ...parts: Uint8Array[]): Promise<void> =>
      endsWith(`flaw: ${path}: offset ${head.length + offset}: ${message}`, head, ...parts)

    const [noMagic, newVersion] = [make.section(), make.section()]
    make.u32(0x1a2b3c4e).copy(noMagic, 8)
    make.u16(2).copy(newVersion, 12)
    const magic = make.u32(0x1a2b3c4e).readUInt32LE().toString(16).padStart(8, '0')
    await refused(`byte-order magic ${magic}, expected 1a2b3c4d in either order`, 8, noMagic)
    await refused('version 2.0, expected 1.0', 12, newVersion)
    await behindHead('version 2.0, expected 1.0', 12, newVersion)

    const ofLength = (type: number, length: number): Buffer =>
      Buffer.concat([make.u32(type), make.u32(length), type === SHB ? make.u32(0x1a2b3c4d) : Buffer.alloc(4)])
    for (const [type, shortest] of [
      [1, 20],
      [2, 32],
      [3, 16],
      [6, 32],
      [SHB, 28],
      [0xbad, 12],
    ])
      for (const length of [0, shortest - 4, shortest + 1, shortest + 2, 0xffffffff])
        await behindHead(
          `block length ${length}, expected a multiple of 4 from ${shortest}`,
          4,
          ofLength(type, length),
        )
    for (const type of [1, 2, 3, 6, SHB])
      for (const length of [MAX_RECORD + 4, 0xfffffffc])
        await behindHead(
          `block length ${length}, expected at most ${MAX_RECORD} for a block of type ${type}`,
          4,
          ofLength(type, length),
        )
    for (const block of [make.enhanced({ frame: hello }), make.block(0xbad, hello), make.section()]) {
      const other = Buffer.from(block)
      make.u32(block.length + 4).copy(other, block.length - 4)
      await behindHead(
        `block length ${block.length + 4} at its end, expected ${block.length} as at its beginning`,
        block.length - 4,
        other,
      )
    }

    await behindHead(
      'link type 113 (LINUX_SLL, "any" device), expected 1 (EN10MB, Ethernet)',
      8,
      make.block(1, make.u16(113), make.u16(0), make.u32(0)),
    )
    const undeclared = (id: number): string => `interface ${id}, expected one of the 1 described so far`
    await behindHead(undeclared(1), 8, make.enhanced({ interface: 1 }))
    await behindHead(undeclared(0xffffffff), 8, make.enhanced({ interface: 0xffffffff }))
    await behindHead(undeclared(65_535), 8, make.obsolete({ interface: 65_535 }))
    const none = 'interface 0, expected one of the 0 described so far'
    await behindHead(none, 28 + 8, make.section(), make.simple(0, Buffer.alloc(0)))
    await behindHead(none, 28 + 8, make.section(), make.enhanced({}))

    const tooLong = (length: number, most: string): string =>
      `captured length ${length}, expected at most ${most}`
    const inBlock = '64 in this block'
    await behindHead(tooLong(65, inBlock), 20, make.enhanced({ frame: hello, capturedLength: 65 }))
    await behindHead(tooLong(65, inBlock), 20, make.obsolete({ frame: hello, capturedLength: 65 }))
    await behindHead(tooLong(65, inBlock), 8, make.simple(65, hello))
    for (const capturedLength of [BIG_FRAME + 1, 0xffffffff])
      await behindHead(tooLong(capturedLength, '262144'), 20, make.enhanced({ frame: hello, capturedLength }))
  }
})

t.test('interfaces are remembered up to a bound', async (t) => {
  const interfaces = Buffer.concat(new Array<Buffer>(65_536).fill(little.interface(0)))
  const path = fileOf(folderFor(t), 'many.pcapng', little.section(), interfaces, little.interface(0))
  t.equal(
    await errorOf(path),
    `flaw: ${path}: offset ${28 + interfaces.length}: one more interface, expected at most 65536 in a file`,
  )
})

t.test('what a reader says of the file', async (t) => {
  const path = fileOf(folderFor(t), 'a.pcapng', little.section(), named(little, 'eth0\0\0'))
  const reader = await openCapture(path, memory)
  t.same(reader.interfaces, [], 'those that were met so far')
  t.equal(reader.flaw, null)
  const records: Seen[] = []
  t.same((await readCapture(path, 64, records)).interfaces, [{ name: 'eth0', linkType: 1, snapLength: 0 }])
  t.same(records, [])
  t.equal(reader.format, 'pcapng')
  await reader.close()
})
