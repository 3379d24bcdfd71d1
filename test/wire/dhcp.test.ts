import t from 'tap'
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import * as layout from 'buffer-layout'
import { formatIpv4, formatMac } from '../../src/wire/address.js'
import * as dhcp from '../../src/wire/dhcp.js'
import { type MessageToWrite, readMessage, writeMessage } from '../../src/wire/dhcp-message.js'
import { optionName } from '../../src/wire/dhcp-option-names.js'
import { formatOption } from '../../src/wire/dhcp-option-text.js'
import {
  findOption,
  type OptionToWrite,
  overload,
  readOptions,
  writeOptions,
} from '../../src/wire/dhcp-options.js'
import { BAD_MAGIC, BAD_OPTION, BAD_VALUE, OK, TRUNCATED } from '../../src/wire/reason.js'
import { needs, run } from '../tools.js'
import { framesOf, udpPayload } from './golden.js'
import { hex } from './hex.js'
import { holdAgainstTwin } from './twin.js'
import { runs } from '../soak.js'

const BOOT = 'pcaps/golden/boot/ctl-br100.pcap'

// A server's offer of 10.0.0.2 for two minutes.
const FIXED_PART = hex(`
  02 01 06 01  41815e63  0003 8000  00000000 0a000002 0a000001 0a000005
  fa163e2ce8ec 00000000000000000000
  6374 6c ${'00'.repeat(61)}
  626f 6f74 ${'00'.repeat(124)}
  63825363`)
const OPTIONS = hex('350102 36040a000001 330400000078 0c06636972726f73 ff')
const OFFER = Uint8Array.from([...FIXED_PART, ...OPTIONS, ...new Uint8Array(300 - 240 - OPTIONS.length)])
const OFFER_MESSAGE: MessageToWrite = {
  op: dhcp.BOOTREPLY,
  htype: 1,
  hops: 1,
  xid: 0x41815e63,
  secs: 3,
  flags: dhcp.BROADCAST,
  ciaddr: 0,
  yiaddr: 0x0a000002,
  siaddr: 0x0a000001,
  giaddr: 0x0a000005,
  chaddr: hex('fa163e2ce8ec'),
  sname: 'ctl',
  file: 'boot',
  options: [
    { code: 53, data: hex('02') },
    { code: 54, data: hex('0a000001') },
    { code: 51, data: hex('00000078') },
    { code: 12, data: Buffer.from('cirros') },
  ],
}

/** The offer's fixed part, with no names in `file` and `sname`, and these options and areas behind it. */
function message(options: string, file = '', sname = ''): Uint8Array {
  const b = Uint8Array.from([...FIXED_PART, ...hex(options)])
  b.fill(0, dhcp.sname(0), dhcp.HEADER_LENGTH - 4)
  b.set(hex(file), dhcp.file(0))
  b.set(hex(sname), dhcp.sname(0))
  return b
}

function checked(b: Uint8Array): number {
  return dhcp.check(b, 0, b.length)
}

t.test('a known offer is read', async (t) => {
  t.equal(checked(OFFER), OK)
  t.equal(dhcp.xid(OFFER, 0), 0x41815e63)
  t.equal(dhcp.giaddr(OFFER, 0), 0x0a000005)
  t.equal(formatMac(OFFER, dhcp.chaddr(0)), 'fa:16:3e:2c:e8:ec')
  t.equal(dhcp.messageTypeName(dhcp.messageType(OFFER, 0, OFFER.length)), 'DHCPOFFER')
  const lease = findOption(OFFER, 0, OFFER.length, 51)
  t.equal(OFFER[lease], 4)
  t.same(OFFER.slice(lease + 1, lease + 5), hex('00000078'))
  t.equal(findOption(OFFER, 0, OFFER.length, 3), -1)
  const options = OFFER_MESSAGE.options.map(({ code, data }) => ({
    code,
    name: optionName(code),
    data: Uint8Array.from(data),
  }))
  t.same(readMessage(OFFER, 0, OFFER.length), { ...OFFER_MESSAGE, options })
})

t.test('the same offer is written onto 0xa5', async (t) => {
  const b = new Uint8Array(3 + 576).fill(0xa5)
  t.equal(writeMessage(b, 3, b.length, OFFER_MESSAGE), 3 + 300, 'padded to 300 bytes')
  t.same(b.slice(3, 3 + 300), OFFER)
  t.same(b.slice(0, 3), hex('a5a5a5'))
  t.ok(b.slice(3 + 300).every((byte) => byte === 0xa5))
})

t.test('every way of being short or lying', async (t) => {
  for (let size = 0; size < dhcp.HEADER_LENGTH; size++)
    t.equal(dhcp.check(OFFER, 0, size), TRUNCATED, `${size} bytes`)
  t.equal(dhcp.check(OFFER, 0, dhcp.HEADER_LENGTH), OK, 'no options, no end option')
  const wrong = (offset: number, value: number): Uint8Array => {
    const b = Uint8Array.from(OFFER)
    b[offset] = value
    return b
  }
  for (const op of [0, 3, 255]) t.equal(checked(wrong(0, op)), BAD_VALUE, `op ${op}`)
  t.equal(checked(wrong(2, 17)), BAD_VALUE, 'hlen 17')
  t.equal(checked(wrong(2, 16)), OK, 'hlen 16')
  for (let i = 236; i < 240; i++) t.equal(checked(wrong(i, 0)), BAD_MAGIC, `cookie byte ${i - 236}`)
})

t.test('every way an option can lie', async (t) => {
  t.equal(checked(message('35')), BAD_OPTION, 'a code without a length')
  t.equal(checked(message('0c03 6162')), BAD_OPTION, 'one byte short')
  t.equal(checked(message('0c02 6162')), OK, 'without an end option')
  t.equal(checked(message('ff 0c03 6162')), OK, 'what follows the end option is padding')
  t.equal(checked(message('0000 ff')), OK, 'pads')
  t.equal(checked(message('3400')), BAD_OPTION, 'an overload without a value')
  t.equal(checked(message('3402 0101')), BAD_OPTION, 'an overload of two bytes')
  for (const value of ['00', '04', 'ff'])
    t.equal(checked(message(`3401${value} ff`)), BAD_VALUE, `overload ${value}`)
  const overrun = `0c7f`
  t.equal(checked(message('340101 ff', overrun)), BAD_OPTION, 'beyond file')
  t.equal(checked(message('340102 ff', overrun)), OK, 'in file, which is not overloaded')
  t.equal(checked(message('340102 ff', '', overrun)), BAD_OPTION, 'beyond sname')
  t.equal(checked(message('340103 ff', 'ff', overrun)), BAD_OPTION, 'beyond sname, with file')
  t.equal(checked(message('340101 ff', '', overrun)), OK, 'in sname, which is not overloaded')
  t.equal(checked(message('340101 ff', `0c7e`)), OK, 'filling file to its last byte')
})

t.test('options are looked for in the options field, then file, then sname', async (t) => {
  const b = message('340103 0c0141 ff', '0c0142 0f0143 ff', '0f0144 110145 ff')
  t.equal(findOption(b, 0, b.length, 12), dhcp.HEADER_LENGTH + 4)
  t.equal(findOption(b, 0, b.length, 15), dhcp.file(0) + 4)
  t.equal(findOption(b, 0, b.length, 17), dhcp.sname(0) + 4)
  t.equal(overload(b, 0, b.length), 3)
  const wideOverload = message('34020303 ff', '0f0143 ff')
  t.equal(overload(wideOverload, 0, wideOverload.length), 0, 'an overload of two bytes, unchecked, is none')
  const onlySname = message('340102 ff', '0f0143 ff', '0f0144 ff')
  t.equal(findOption(onlySname, 0, onlySname.length, 15), dhcp.sname(0) + 1)
  const none = message('0c0141 ff', '0f0143 ff', '0f0144 ff')
  t.equal(findOption(none, 0, none.length, 15), -1)
  t.equal(dhcp.messageType(none, 0, none.length), 0, 'BOOTP has no message type')
  const wide = message('35020100 ff')
  t.equal(dhcp.messageType(wide, 0, wide.length), 0, 'nor has an option 53 of two bytes')
})

t.test('the parts of a split option are put together over all areas (RFC 3396)', async (t) => {
  const b = message('1102 6162 340103 110163 0c0178 ff', '110164 ff', '110165 ff')
  t.equal(checked(b), OK)
  t.same(readOptions(b, 0, b.length), [
    { code: 17, name: 'root-path', data: Uint8Array.from(Buffer.from('abcde')) },
    { code: 12, name: 'hostname', data: Uint8Array.from(Buffer.from('x')) },
  ])
  const read = readMessage(b, 0, b.length)
  t.equal(read.file + read.sname, '', 'overloaded fields are no names')
})

t.test('what writing refuses', async (t) => {
  const b = new Uint8Array(576)
  const write = (change: Partial<MessageToWrite>, end = b.length) =>
    writeMessage(b, 0, end, { ...OFFER_MESSAGE, ...change })
  t.equal(write({}, 299), -1, 'less room than 300 bytes')
  t.equal(write({}, 300), 300)
  t.equal(write({ chaddr: new Uint8Array(17) }), -1)
  t.equal(write({ sname: 'x'.repeat(64) }), -1)
  t.equal(write({ sname: 'x'.repeat(63) }), 300)
  t.equal(write({ file: 'x'.repeat(128) }), -1)
  t.equal(write({ file: 'x'.repeat(127) }), 300)
  for (const code of [-1, 0, 52, 255, 256])
    t.equal(write({ options: [{ code, data: hex('00') }] }), -1, `option ${code}`)
  const field = 576 - dhcp.HEADER_LENGTH
  const named = (bytes: number) => write({ options: [{ code: 43, data: new Uint8Array(bytes) }] })
  t.equal(named(field - 5), 576, 'split in two it fits exactly')
  t.equal(named(field - 4), -1, 'one byte more, and file and sname hold names')
  const unnamed = (bytes: number) =>
    write({ file: '', sname: '', options: [{ code: 43, data: new Uint8Array(bytes) }] })
  t.equal(unnamed(field - 4), 576, 'and without names it goes on in file')
  t.equal(unnamed(field - 8 + 125 + 61), 576, 'all three full')
  t.equal(unnamed(field - 8 + 125 + 62), -1, 'one byte too much for all three')
  t.equal(writeOptions(b, 0, 240, []), -1, 'no room for the end option')
  t.equal(writeOptions(b, 0, 241, []), 241)
})

t.test('an option is kept whole as long as it fits anywhere', async (t) => {
  const b = new Uint8Array(300)
  const options = [
    { code: 17, data: new Uint8Array(50).fill(0x11) },
    { code: 43, data: new Uint8Array(60).fill(0x22) },
    { code: 61, data: new Uint8Array(60).fill(0x33) },
    { code: 12, data: new Uint8Array(2).fill(0x44) },
  ]
  t.equal(writeMessage(b, 0, 300, { ...OFFER_MESSAGE, file: '', sname: '', options }), 300)
  t.equal(findOption(b, 0, 300, 17), dhcp.HEADER_LENGTH + 1)
  t.equal(findOption(b, 0, 300, 43), dhcp.file(0) + 1)
  t.equal(findOption(b, 0, 300, 61), dhcp.file(0) + 63)
  t.equal(findOption(b, 0, 300, 12), dhcp.HEADER_LENGTH + 53)
  t.equal(overload(b, 0, 300), 1, 'sname was not needed')
})

t.test(
  'an overloaded field is padded to its end (RFC 2131 §4.1), whatever stood behind its null byte',
  async (t) => {
    const b = message('00'.repeat(60))
    b.fill(0xa5, dhcp.file(0) + 1, dhcp.file(0) + 128)
    t.equal(writeOptions(b, 0, b.length, [{ code: 17, data: new Uint8Array(70).fill(0x11) }]), 240 + 4)
    const inFile = new Uint8Array(128)
    inFile.set(hex(`1146 ${'11'.repeat(70)} ff`))
    t.same(b.slice(dhcp.file(0), dhcp.file(0) + 128), inFile)
  },
)

t.test('its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number | Uint8Array>>([
    layout.u8('op'),
    layout.u8('htype'),
    layout.u8('hlen'),
    layout.u8('hops'),
    layout.u32be('xid'),
    layout.u16be('secs'),
    layout.u16be('flags'),
    layout.u32be('ciaddr'),
    layout.u32be('yiaddr'),
    layout.u32be('siaddr'),
    layout.u32be('giaddr'),
    layout.blob(16, 'chaddr'),
    layout.blob(64, 'sname'),
    layout.blob(128, 'file'),
    layout.u32be('magic'),
  ])
  type SetBytes = (b: Uint8Array, at: number, source: Uint8Array, from: number, length: number) => void
  const bytes = (offset: (at: number) => number, set: SetBytes, length: number) => ({
    get: (b: Uint8Array, at: number) => b.slice(offset(at), offset(at) + length),
    set: (b: Uint8Array, at: number, value: Uint8Array) => set(b, at, value, 0, length),
  })
  holdAgainstTwin(t, twin, {
    op: { get: dhcp.op, set: dhcp.setOp },
    htype: { get: dhcp.htype, set: dhcp.setHtype },
    hlen: { get: dhcp.hlen, set: dhcp.setHlen },
    hops: { get: dhcp.hops, set: dhcp.setHops },
    xid: { get: dhcp.xid, set: dhcp.setXid },
    secs: { get: dhcp.secs, set: dhcp.setSecs },
    flags: { get: dhcp.flags, set: dhcp.setFlags },
    ciaddr: { get: dhcp.ciaddr, set: dhcp.setCiaddr },
    yiaddr: { get: dhcp.yiaddr, set: dhcp.setYiaddr },
    siaddr: { get: dhcp.siaddr, set: dhcp.setSiaddr },
    giaddr: { get: dhcp.giaddr, set: dhcp.setGiaddr },
    chaddr: bytes(dhcp.chaddr, dhcp.setChaddr, 16),
    sname: bytes(dhcp.sname, dhcp.setSname, 64),
    file: bytes(dhcp.file, dhcp.setFile, 128),
    magic: { get: dhcp.magic, set: dhcp.setMagic },
  })
})

const someOptions = fc.uniqueArray(
  fc.record<OptionToWrite>({
    code: fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
    data: fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40, size: 'max' }) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600, size: 'max' }) },
    ),
  }),
  { selector: ({ code }) => code, maxLength: 20, size: 'max' },
)

const someText = (maxLength: number) =>
  fc
    .uint8Array({ maxLength, size: 'max' })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)).toString('latin1'))

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u8 = fc.integer({ min: 0, max: 0xff })
const someMessage = fc.record<MessageToWrite>({
  op: fc.constantFrom(1, 2),
  htype: u8,
  hops: u8,
  xid: u32,
  secs: u16,
  flags: u16,
  ciaddr: u32,
  yiaddr: u32,
  siaddr: u32,
  giaddr: u32,
  chaddr: fc.uint8Array({ maxLength: 16, size: 'max' }),
  sname: fc.oneof(fc.constant(''), someText(63)),
  file: fc.oneof(fc.constant(''), someText(127)),
  options: someOptions,
})

/** Bytes that options take when no area's end cuts one. */
function needed(options: readonly OptionToWrite[]): number {
  return options.reduce(
    (sum, { data }) => sum + data.length + 2 * Math.max(1, Math.ceil(data.length / 255)),
    0,
  )
}

/** Options by code: overloading may move them among the areas. */
function byCode(options: readonly OptionToWrite[]): [number, number[]][] {
  return options
    .map(({ code, data }): [number, number[]] => [code, Array.from(data)])
    .sort(([a], [b]) => a - b)
}

t.test('what is written is read, long and overloaded options too', async (t) => {
  const seen = { alone: 0, overloaded: 0, refused: 0 }
  fc.assert(
    fc.property(someMessage, fc.integer({ min: 300, max: 1500 }), (written, size) => {
      const b = new Uint8Array(3 + size + 3).fill(0xa5)
      const end = writeMessage(b, 3, 3 + size, written)
      assert.ok(
        b.every((byte, i) => (i >= 3 && i < 3 + size) || byte === 0xa5),
        'nothing outside is touched',
      )
      let free = size - dhcp.HEADER_LENGTH - 1 - 3
      if (written.file === '') free += 127
      if (written.sname === '') free += 63
      if (end < 0) {
        // At most two options are cut, and up to two bytes stay empty at the end of each of three areas.
        assert.ok(needed(written.options) + 4 + 6 > free, 'refused though there is room')
        seen.refused++
        return
      }
      assert.ok(end >= 3 + 300 && end <= 3 + size)
      assert.equal(dhcp.check(b, 3, end), OK)
      const { options, ...fixed } = readMessage(b, 3, end)
      const { options: expected, ...expectedFixed } = written
      assert.deepEqual(fixed, expectedFixed)
      assert.deepEqual(byCode(options), byCode(expected))
      for (const { code } of expected) assert.ok(findOption(b, 3, end, code) >= 0)
      seen[overload(b, 3, end) ? 'overloaded' : 'alone']++
    }),
    runs(1000),
  )
  for (const [what, count] of Object.entries(seen)) t.ok(count > 20, `${count} were ${what}`)
})

t.test('options keep their order where no overloading moves them', async (t) => {
  fc.assert(
    fc.property(someOptions, (options) => {
      const b = Uint8Array.from([...FIXED_PART, ...new Uint8Array(13000)])
      const end = writeOptions(b, 0, b.length, options)
      assert.equal(end, dhcp.HEADER_LENGTH + needed(options) + 1)
      assert.deepEqual(
        readOptions(b, 0, end).map(({ code }) => code),
        options.map(({ code }) => code),
      )
    }),
  )
  t.pass('a field that is long enough')
})

/** A message with random options field, file and sname, and a few bytes of it changed. */
const mangled = fc
  .tuple(
    fc.uint8Array({ minLength: 128, maxLength: 128, size: 'max' }),
    fc.uint8Array({ maxLength: 200, size: 'max' }),
    fc.integer({ min: 0, max: 5 }),
    fc.array(fc.tuple(fc.nat({ max: 450 }), u8), { maxLength: 4 }),
  )
  .map(([fields, options, overloading, changes]) => {
    const b = Uint8Array.from([...OFFER.slice(0, 240), 52, 1, overloading, ...options])
    b.set(fields, dhcp.file(0))
    b.set(fields.slice(64), dhcp.sname(0))
    for (const [at, value] of changes) if (at < b.length) b[at] = value
    return b
  })

/** Everything that reads, over `b` from `at` to `end`. */
function everything(b: Uint8Array, at: number, end: number): unknown {
  const reason = dhcp.check(b, at, end)
  if (reason !== OK) return reason
  const read = readMessage(b, at, end)
  return {
    read,
    type: dhcp.messageType(b, at, end),
    found: Array.from({ length: 256 }, (_, code) => findOption(b, at, end, code)),
    texts: read.options.map(({ code, data }) => formatOption(code, data)),
  }
}

t.test('mangled messages never throw, and nothing behind the end is read', async (t) => {
  const reasons = new Set<number>()
  const guarded = (bytes: Uint8Array, cut: number, guard: number): [Uint8Array, number] => {
    const end = Math.max(0, bytes.length - cut)
    const b = new Uint8Array(bytes.length + 300).fill(guard)
    b.set(bytes.slice(0, end))
    return [b, end]
  }
  fc.assert(
    fc.property(mangled, fc.nat({ max: 300 }), (bytes, cut) => {
      const [zeros, end] = guarded(bytes, cut, 0)
      const [ones] = guarded(bytes, cut, 0xff)
      const [twelves] = guarded(bytes, cut, 12)
      const result = everything(zeros, 0, end)
      assert.deepEqual(everything(ones, 0, end), result)
      assert.deepEqual(everything(twelves, 0, end), result)
      reasons.add(dhcp.check(zeros, 0, end))
    }),
    runs(2000),
  )
  t.same(reasons, new Set([OK, TRUNCATED, BAD_OPTION, BAD_MAGIC, BAD_VALUE]), 'all outcomes were met')
})

t.test('without a check, option readers stay inside too', async (t) => {
  fc.assert(
    fc.property(mangled, fc.nat({ max: 450 }), (bytes, end) => {
      const zeros = new Uint8Array(700)
      const ones = new Uint8Array(700).fill(0xff)
      for (const b of [zeros, ones]) b.set(bytes.slice(0, Math.max(240, end)))
      end = Math.min(end, bytes.length)
      assert.deepEqual(readOptions(zeros, 0, end), readOptions(ones, 0, end))
      assert.equal(findOption(zeros, 0, end, 12), findOption(ones, 0, end, 12))
    }),
    runs(2000),
  )
  t.pass('random ends')
})

t.test('options as text', async (t) => {
  const texts: [code: number, data: string, text: string][] = [
    [1, 'ffffff00', '255.255.255.0'],
    [1, 'ffffff', 'ff:ff:ff'],
    [2, 'ffff8f80', '-28800'],
    [6, '0a000001 08080808', '10.0.0.1, 8.8.8.8'],
    [6, '0a000001 08', '0a:00:00:01:08'],
    [12, '6369 72 5c 07 ff', 'cir\\\\\\007\\255'],
    [15, '6e6f7661 2e 6c 20 78', 'nova.l x'],
    [19, '01', '1'],
    [24, '00000258', '600'],
    [25, '0044 05dc', '68, 1500'],
    [26, '0578', '1400'],
    [33, '0a010000 0a000001', '10.1.0.0 10.0.0.1'],
    [43, 'de ad', 'de:ad'],
    [51, '00015181', '1d1s'],
    [51, '00000000', '0s'],
    [51, 'ffffffff', 'infinite'],
    [53, '06', 'DHCPNAK'],
    [53, '63', 'DHCP-99'],
    [55, '01 03 e0', '1:netmask, 3:router, 224:option-224'],
    [61, '01 fa163e2ce8ec', '01:fa:16:3e:2c:e8:ec'],
    [80, '', ''],
    [81, '01 00 00 6374 6c', 'flags 1, ctl'],
    [81, '05 00 00 03 63746c 00', 'flags 5, ctl'],
    [81, '05 00 00 03 63746c 00 00', '05:00:00:03:63:74:6c:00:00'],
    [81, '05 00 00 03 63746c 04 6e6f7661', 'flags 5, ctl.nova'],
    [81, '05 00', '05:00'],
    [82, '0102 0001 0201 0a 0901 07', 'circuit-id 00:01, remote-id 0a, 9 07'],
    [82, '0103 0001', '01:03:00:01'],
    [93, '0000 0007', '0, 7'],
    // RFC 3397 §2's example
    [
      119,
      '03656e67 056170706c65 03636f6d 00 096d61726b6574696e67 c004',
      'eng.apple.com, marketing.apple.com',
    ],
    [119, 'c000', 'c0:00'],
    // RFC 3442's table of descriptors
    [121, '00 0a000001', '0.0.0.0/0 via 10.0.0.1'],
    [121, '08 0a 0a000001  18 0a0000 0a000001', '10.0.0.0/8 via 10.0.0.1, 10.0.0.0/24 via 10.0.0.1'],
    [121, '19 0ae50080 0a000001', '10.229.0.128/25 via 10.0.0.1'],
    [121, '20 0ac67a2f 00000000', '10.198.122.47/32 via 0.0.0.0'],
    [121, '21 0ac67a2f 00 00000000', '21:0a:c6:7a:2f:00:00:00:00:00'],
    [121, '08 0a 0a0000', '08:0a:0a:00:00'],
    [224, '01', '01'],
  ]
  for (const [code, data, text] of texts) t.equal(formatOption(code, hex(data)), text, `${code} ${data}`)
  fc.assert(
    fc.property(u8, fc.uint8Array({ maxLength: 40 }), (code, data) => {
      assert.match(formatOption(code, data), /^[\x20-\x7e]*$/)
    }),
    runs(2000),
  )
  t.pass('any data of any option are printable text')
  const types = Array.from({ length: 20 }, (_, type) => dhcp.messageTypeName(type))
  t.same(
    [types[0], types[8], types[13], types[18], types[19]],
    ['BOOTP', 'DHCPINFORM', 'DHCPLEASEACTIVE', 'DHCPTLS', 'DHCP-19'],
  )
})

/** What tshark prints of a message, in the order of `ourFields`. */
const FIELDS = `dhcp.type dhcp.id dhcp.ip.client dhcp.ip.your dhcp.ip.server dhcp.ip.relay dhcp.hw.mac_addr
  dhcp.secs dhcp.flags dhcp.option.type dhcp.option.dhcp dhcp.option.dhcp_server_id
  dhcp.option.requested_ip_address dhcp.option.ip_address_lease_time dhcp.option.renewal_time_value
  dhcp.option.subnet_mask dhcp.option.router dhcp.option.domain_name_server dhcp.option.domain_name
  dhcp.option.hostname dhcp.option.vendor_class_id`.split(/\s+/)

function tsharkFields(pcap: string, fields: readonly string[]): string[][] {
  const out = run('tshark', '-r', pcap, '-Y', 'dhcp', '-T', 'fields', ...fields.flatMap((f) => ['-e', f]))
  return out
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.split('\t'))
}

function ourFields(b: Uint8Array): string[] {
  const { options, ...fixed } = readMessage(b, 0, b.length)
  const textOf = (code: number): string => {
    const option = options.find((one) => one.code === code)
    return option ? formatOption(code, option.data) : ''
  }
  const number = (code: number): string => {
    const found = findOption(b, 0, b.length, code)
    return found < 0 ? '' : String(Buffer.from(b).readUIntBE(found + 1, b[found]))
  }
  return [
    String(fixed.op),
    `0x${fixed.xid.toString(16).padStart(8, '0')}`,
    ...[fixed.ciaddr, fixed.yiaddr, fixed.siaddr, fixed.giaddr].map(formatIpv4),
    formatMac(fixed.chaddr, 0),
    String(fixed.secs),
    `0x${fixed.flags.toString(16).padStart(4, '0')}`,
    options.map(({ code }) => code).join(','),
    number(53),
    textOf(54),
    textOf(50),
    number(51),
    number(58),
    ...[1, 3, 6, 15, 12, 60].map(textOf),
  ]
}

t.test('the boot of three instances, as tshark reads it', async (t) => {
  if (!needs(t, 'tshark')) return
  const messages = framesOf(BOOT).slice(0, 12).map(udpPayload)
  const theirs = tsharkFields(BOOT, FIELDS)
  t.equal(theirs.length, messages.length)
  for (const [i, b] of messages.entries()) {
    t.equal(checked(b), OK)
    const expected = theirs[i].map((value, field) => {
      if (FIELDS[field] === 'dhcp.hw.mac_addr') return value.split(',')[0] // the second is in option 61
      if (FIELDS[field] === 'dhcp.option.type') return value.replace(/,0$/, '') // tshark's end option
      return value
    })
    t.same(ourFields(b), expected, `message ${i + 1}`)
  }
})

t.test('the options of those messages, as the server logged them', async (t) => {
  const messages = framesOf(BOOT).slice(0, 12).map(udpPayload)
  const log = readFileSync('pcaps/golden/dnsmasq.log', 'utf8')
  const line = /: (\d+) sent size: +(\d+) option: +(\d+) (\S+)  (.*)$/gm
  const theirs = [...log.matchAll(line)].map((match) => match.slice(1)).filter(([, , code]) => code !== '53')
  const ours = messages
    .filter((b) => dhcp.op(b, 0) === dhcp.BOOTREPLY)
    .flatMap((b) =>
      readOptions(b, 0, b.length)
        .filter(({ code }) => code !== 53) // which dnsmasq logs as a number here
        .map(({ code, name, data }) =>
          [dhcp.xid(b, 0), data.length, code, name, formatOption(code, data)].map(String),
        ),
    )
  t.equal(ours.length, 6 * 10)
  t.same(ours, theirs.slice(0, ours.length))
})

t.test('messages of that boot are written back as they were', async (t) => {
  for (const [i, original] of framesOf(BOOT).slice(0, 12).map(udpPayload).entries()) {
    const b = new Uint8Array(576).fill(0xa5)
    const end = writeMessage(b, 0, b.length, readMessage(original, 0, original.length))
    t.same(b.slice(0, end), original, `message ${i + 1}`)
  }
})

t.test('tshark reads the options of an overloaded message of ours', async (t) => {
  if (!needs(t, 'tshark')) return
  const b = new Uint8Array(300)
  const options = [
    { code: 53, data: hex('02') },
    { code: 12, data: new Uint8Array(50).fill(0x61) },
    { code: 15, data: new Uint8Array(100).fill(0x62) },
    { code: 17, data: new Uint8Array(40).fill(0x63) },
  ]
  t.equal(writeMessage(b, 0, 300, { ...OFFER_MESSAGE, file: '', sname: '', options }), 300)
  const frame = Buffer.from([
    ...hex(
      'fa163e2ce8ec 020000000001 0800 4500 0148 0000 0000 4011 0000 0a000001 0a000002 0043 0044 0134 0000',
    ),
    ...b,
  ])
  const pcap = Buffer.from(hex('d4c3b2a1 02000400 00000000 00000000 ffff0000 01000000'))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(frame.length, 0)
  lengths.writeUInt32LE(frame.length, 4)
  const path = `${t.testdir()}/overloaded.pcap`
  writeFileSync(path, Buffer.concat([pcap, Buffer.alloc(8), lengths, frame]))
  const fields = [
    'dhcp.option.option_overload',
    'dhcp.option.dhcp',
    'dhcp.option.hostname',
    'dhcp.option.domain_name',
  ]
  t.same(tsharkFields(path, [...fields, 'dhcp.option.root_path']), [
    ['3', '2', 'a'.repeat(50), 'b'.repeat(100), 'c'.repeat(40)],
  ])
})
