import t from 'tap'
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import * as layout from 'buffer-layout'
import { formatIpv4 } from '../../src/wire/address.js'
import * as dns from '../../src/wire/dns.js'
import {
  type DnsMessage,
  type Question,
  type Rdata,
  readMessage,
  type ResourceRecord,
} from '../../src/wire/dns-message.js'
import { checkName, encodeName, readName, skipName } from '../../src/wire/dns-name.js'
import {
  A,
  AAAA,
  CNAME,
  IN,
  MX,
  NS,
  OPT,
  PTR,
  SOA,
  SRV,
  TXT,
  className,
  opcodeName,
  rcodeName,
  typeName,
} from '../../src/wire/dns-numbers.js'
import { writeMessage } from '../../src/wire/dns-write.js'
import { BAD_LENGTH, BAD_NAME, BAD_OPTION, OK, REASON_NAMES, TRUNCATED } from '../../src/wire/reason.js'
import { needs, run } from '../tools.js'
import { framesOf, udpPayload } from './golden.js'
import { hex } from './hex.js'
import { holdAgainstTwin } from './twin.js'
import { runs } from '../soak.js'

const BOOT = 'pcaps/golden/boot/ctl-br100.pcap'

const QUESTION: Question = { name: 'cirros.novalocal', type: A, class: IN }
const QUERY: DnsMessage = {
  id: 0x312d,
  qr: false,
  opcode: 0,
  aa: false,
  tc: false,
  rd: true,
  ra: false,
  ad: false,
  cd: false,
  rcode: 0,
  questions: [QUESTION],
  answers: [],
  authorities: [],
  additionals: [],
}
const ANSWER: DnsMessage = {
  ...QUERY,
  qr: true,
  aa: true,
  ra: true,
  answers: [{ ...QUESTION, ttl: 120, data: { shape: 'a', address: 0x0a000002 } }],
}
const HEADER = '312d 8580 0001 0001 0000 0000'
const NAME = '06636972726f73 096e6f76616c6f63616c 00'
const ANSWER_BYTES = hex(`${HEADER} ${NAME} 0001 0001  c00c 0001 0001 00000078 0004 0a000002`)

function checked(b: Uint8Array): string {
  return REASON_NAMES[dns.check(b, 0, b.length)]
}

/** A message of ours, read back after it was found OK. */
function throughTheWire(message: DnsMessage, size = 65535): DnsMessage {
  const b = new Uint8Array(size)
  const end = writeMessage(b, 0, size, message)
  assert.ok(end > 0)
  assert.equal(dns.check(b, 0, end), OK)
  return readMessage(b, 0)
}

t.test('a known answer is read', async (t) => {
  t.equal(checked(ANSWER_BYTES), 'ok')
  t.same(readMessage(ANSWER_BYTES, 0), ANSWER)
  const question = skipName(ANSWER_BYTES, dns.HEADER_LENGTH)
  t.equal(dns.type(ANSWER_BYTES, question), A)
  t.equal(dns.rrclass(ANSWER_BYTES, question), IN)
  const record = skipName(ANSWER_BYTES, question + dns.QUESTION_LENGTH)
  t.equal(dns.ttl(ANSWER_BYTES, record), 120)
  t.equal(dns.rdlength(ANSWER_BYTES, record), 4)
  t.equal(record + dns.RECORD_LENGTH + 4, ANSWER_BYTES.length)
})

t.test('the same answer is written onto 0xa5', async (t) => {
  const b = new Uint8Array(3 + 512 + 3).fill(0xa5)
  t.equal(writeMessage(b, 3, 3 + 512, ANSWER), 3 + ANSWER_BYTES.length)
  t.same(b.slice(3, 3 + ANSWER_BYTES.length), ANSWER_BYTES)
  t.ok([...b.slice(0, 3), ...b.slice(3 + ANSWER_BYTES.length)].every((byte) => byte === 0xa5))
})

t.test("names are compressed as in RFC 1035 §4.1.4's example", async (t) => {
  const names = ['F.ISI.ARPA', 'FOO.F.ISI.ARPA', 'ARPA', '.', 'FOO.F.ISI.ARPA']
  const message = { ...QUERY, questions: names.map((name) => ({ name, type: A, class: IN })) }
  const b = new Uint8Array(512)
  const end = writeMessage(b, 0, 512, message)
  t.same(
    b.slice(12, end),
    hex(
      '0146 03495349 0441525041 00 00010001  03464f4f c00c 00010001  c012 00010001  00 00010001  c01c 00010001',
    ),
  )
  t.same(readMessage(b, 0), message)
})

t.test('every way of being short', async (t) => {
  for (let size = 0; size < ANSWER_BYTES.length; size++) {
    const name = (size >= 12 && size < 30) || (size >= 34 && size < 36)
    t.equal(dns.check(ANSWER_BYTES, 0, size), name ? BAD_NAME : TRUNCATED, `${size} bytes`)
  }
})

t.test('every way of lying', async (t) => {
  const sole = (type: number, rdata: string, rrclass = IN, name = '00') => {
    const bytes = hex(rdata)
    const fields = [type, rrclass, 0, 0, bytes.length].flatMap((value) => [value >> 8, value])
    return checked(
      Uint8Array.from([...hex('0000 8000 0000 0001 0000 0000'), ...hex(name), ...fields, ...bytes]),
    )
  }
  const reasons = (wanted: string, type: number, ...rdata: string[]) => {
    for (const bytes of rdata) t.equal(sole(type, bytes), wanted, `${typeName(type)} ${bytes}`)
  }
  reasons('ok', A, '0a000001')
  reasons('bad-length', A, '', '0a0000', '0a00000100')
  reasons('ok', AAAA, '00'.repeat(16))
  reasons('bad-length', AAAA, '00'.repeat(15), '00'.repeat(17))
  for (const type of [NS, CNAME, PTR]) {
    reasons('ok', type, '00', '016100', '0161c00c')
    reasons('bad-name', type, '', '0161', '01610000', '0161c017', 'c0')
  }
  reasons('ok', MX, '000a00')
  reasons('bad-name', MX, '', '000a', '000a0000')
  reasons('ok', SRV, '000000000000 00')
  reasons('bad-name', SRV, '000000000000', '00', '000000000000 0000')
  reasons('ok', SOA, `00 00 ${'00'.repeat(20)}`)
  reasons('bad-length', SOA, `00 00 ${'00'.repeat(19)}`, `00 00 ${'00'.repeat(21)}`)
  reasons('bad-name', SOA, '', '00', '40')
  reasons('ok', TXT, '00', '0161', '0161 026263')
  reasons('bad-length', TXT, '', '02 61', '0161 02')
  reasons('ok', OPT, '', '000a 0000', '000a 0002 0102 000b 0000')
  reasons('bad-option', OPT, '00', '000a 00', '000a 0001', '000a 0002 0102 00')
  t.equal(sole(A, '', 255), 'ok', "an update's class ANY has no rdata")
  t.equal(sole(NS, '', 255), 'ok', 'nor has NS')
  t.equal(sole(A, '616263', 3), 'ok', 'A of another class is bytes')
  t.equal(sole(TXT, '0561', 3), 'bad-length', 'TXT is the same in all')
  t.equal(sole(65280, '616263'), 'ok', 'unknown types are bytes')
  for (const set of [dns.setAncount, dns.setNscount, dns.setArcount]) {
    const b = Uint8Array.from(ANSWER_BYTES)
    set(b, 0, 2)
    t.equal(checked(b), 'bad-name', `one record too few for ${set.name}`)
  }
  const twoQuestions = Uint8Array.from(ANSWER_BYTES)
  dns.setQdcount(twoQuestions, 0, 2)
  t.equal(checked(twoQuestions), 'truncated', 'the answer taken for a second question')
  const long = Uint8Array.from(ANSWER_BYTES)
  long[long.length - 5]++
  t.equal(checked(long), 'truncated', 'rdlength beyond the end')
  const behind = Uint8Array.from([...ANSWER_BYTES, 0xc0, 0xff])
  t.equal(checked(behind), 'ok', 'bytes behind the last record are nobody’s')
})

t.test('pointers that lead nowhere', async (t) => {
  const name = (bytes: string, p = 0) => checkName(hex(bytes), 0, p, hex(bytes).length)
  t.equal(name('c000'), -1, 'to itself')
  t.equal(name('0161 c000'), -1, 'to its own labels')
  t.equal(name('0161 c002'), -1, 'to itself, behind a label')
  t.equal(name('0161 c006 00 00'), -1, 'forward')
  t.equal(name('c002 c000'), -1, 'two that point at each other')
  t.equal(name('c002 c000', 2), -1, 'from either side')
  t.equal(name('0161 c0'), -1, 'half a pointer')
  t.equal(name('40 00'), -1, 'a length byte of 01……')
  t.equal(name('80 00'), -1, 'and of 10……')
  t.equal(name('016100 c000', 3), 5)
  t.equal(name('016100 8000', 3), -1, 'a length byte of 10…… before what would be a good offset')
  t.equal(name('016100 c001', 3), -1, 'into a label, where 61 is no length')
  const chain = (jumps: number) => {
    const b = new Uint8Array(1 + 2 * jumps)
    for (let i = 1; i <= jumps; i++) b.set([0xc0 | ((2 * i - 3) >> 8), 2 * i - 3], 2 * i - 1)
    b.set([0xc0, 0], 1)
    return checkName(b, 0, b.length - 2, b.length)
  }
  t.equal(chain(127), 255, 'as many jumps as a name can have labels')
  t.equal(chain(128), -1, 'and one more')
})

t.test('names as long as they may be', async (t) => {
  const octets = (length: number) => encodeName('a.'.repeat((length - 1) / 2))?.length
  t.equal(octets(255), 255)
  t.equal(octets(257), undefined)
  t.equal(encodeName('a'.repeat(63))?.length, 65)
  t.equal(encodeName('a'.repeat(64)), null)
  const name = (label: number, end: string) => {
    const b = Uint8Array.from([
      ...Array(3)
        .fill([63, ...Array(63).fill(97)])
        .flat(),
      label,
      ...Array(label).fill(97),
      ...hex(end),
    ])
    return checkName(b, 0, 0, b.length)
  }
  t.equal(name(61, '00'), 255)
  t.equal(name(62, '00'), -1, '256 octets')
  const joined = Uint8Array.from([
    ...Array(4)
      .fill([62, ...Array(62).fill(97)])
      .flat(),
    0,
    1,
    97,
    0xc0,
    0,
    2,
    97,
    97,
    0xc0,
    0,
  ])
  t.equal(checkName(joined, 0, 253, joined.length), 257, '255 octets over a pointer')
  t.equal(checkName(joined, 0, 257, joined.length), -1, '256 over a pointer')
})

t.test('names as text', async (t) => {
  const texts: [octets: string, text: string][] = [
    ['00', '.'],
    ['0161 00', 'a'],
    ['03 612e62 0163 00', 'a\\.b.c'],
    ['02 5c41 00', '\\\\A'],
    ['03 00 20 ff 00', '\\000\\032\\255'],
    ['04 5f2d2a2f 00', '_-*/'],
  ]
  for (const [octets, text] of texts) {
    t.equal(readName(hex(octets), 0, 0), text)
    t.same(encodeName(text), hex(octets), `${text} back`)
  }
  t.same(encodeName('a.b.'), encodeName('a.b'), 'a dot at the end')
  t.same(encodeName('\\a\\-'), hex('02 612d 00'), 'what needs no escape may have one')
  for (const wrong of [
    '',
    '..',
    '.a',
    'a..b',
    'a..',
    'a\\',
    'a\\1',
    'a\\12b',
    '\\256',
    'a b',
    'é',
    '\u{1f600}',
    'a\n',
  ])
    t.equal(encodeName(wrong), null, JSON.stringify(wrong))
  const label = fc.uint8Array({ minLength: 1, maxLength: 63, size: 'max' })
  fc.assert(
    fc.property(fc.array(label, { maxLength: 5, size: 'max' }), (labels) => {
      const octets = Uint8Array.from([...labels.flatMap((bytes) => [bytes.length, ...bytes]), 0])
      const text = readName(octets, 0, 0)
      assert.match(text, /^[\x21-\x7e]+$/)
      const long = octets.length > 255
      assert.equal(checkName(octets, 0, 0, octets.length), long ? -1 : octets.length)
      assert.deepEqual(encodeName(text), long ? null : octets)
    }),
  )
  t.pass('random octets there and back')
})

t.test('its buffer-layout twins', async (t) => {
  const counts = ['qdcount', 'ancount', 'nscount', 'arcount'].map((count) => layout.u16be(count))
  const twin = layout.struct<Record<string, number>>([layout.u16be('id'), layout.u16be('flags'), ...counts])
  holdAgainstTwin(t, twin, {
    id: { get: dns.id, set: dns.setId },
    flags: { get: dns.flags, set: dns.setFlags },
    qdcount: { get: dns.qdcount, set: dns.setQdcount },
    ancount: { get: dns.ancount, set: dns.setAncount },
    nscount: { get: dns.nscount, set: dns.setNscount },
    arcount: { get: dns.arcount, set: dns.setArcount },
  })
  const bits = layout.bits(layout.u16be(), true)
  const widths = { qr: 1, opcode: 4, aa: 1, tc: 1, rd: 1, ra: 1, z: 1, ad: 1, cd: 1, rcode: 4 }
  for (const [name, width] of Object.entries(widths)) bits.addField(width, name)
  type Read = (b: Uint8Array, at: number) => number
  type Write = (b: Uint8Array, at: number, value: number) => void
  // The twin is the flags word alone, which stands two bytes into the header.
  const word = (get: Read, set: Write) => ({
    get: (b: Uint8Array, at: number) => get(b, at - 2),
    set: (b: Uint8Array, at: number, value: number) => set(b, at - 2, value),
  })
  holdAgainstTwin(t, bits, {
    qr: word(dns.qr, dns.setQr),
    opcode: word(dns.opcode, dns.setOpcode),
    aa: word(dns.aa, dns.setAa),
    tc: word(dns.tc, dns.setTc),
    rd: word(dns.rd, dns.setRd),
    ra: word(dns.ra, dns.setRa),
    z: word(dns.z, dns.setZ),
    ad: word(dns.ad, dns.setAd),
    cd: word(dns.cd, dns.setCd),
    rcode: word(dns.rcode, dns.setRcode),
  })
})

const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
/** Plain objects, as a reader makes them; fast-check's own may lack a prototype. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(fields, { noNullPrototype: true })
const someBytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength, size: 'max' })

// Few labels, so that names share their ends.
const plainLabel = fc.constantFrom('a', 'bb', 'ccc', 'cirros', 'novalocal', '_tcp', 'x'.repeat(63))
const plainName = fc.array(plainLabel, { maxLength: 3, size: 'max' }).map((labels) => labels.join('.') || '.')
const oddName = someBytes(63, 1).map((bytes) => readName(Uint8Array.from([bytes.length, ...bytes, 0]), 0, 0))

/** Records that both we and dns-packet know; `names` makes their names. */
function someRecord(names: fc.Arbitrary<string>): fc.Arbitrary<ResourceRecord> {
  const rdata: [type: number, data: fc.Arbitrary<Rdata>][] = [
    [A, record({ shape: fc.constant('a' as const), address: u32 })],
    [AAAA, record({ shape: fc.constant('aaaa' as const), address: someBytes(16, 16) })],
    [NS, record({ shape: fc.constant('name' as const), name: names })],
    [CNAME, record({ shape: fc.constant('name' as const), name: names })],
    [PTR, record({ shape: fc.constant('name' as const), name: names })],
    [MX, record({ shape: fc.constant('mx' as const), preference: u16, exchange: names })],
    [
      SOA,
      record({
        shape: fc.constant('soa' as const),
        mname: names,
        rname: names,
        serial: u32,
        refresh: u32,
        retry: u32,
        expire: u32,
        minimum: u32,
      }),
    ],
    [
      TXT,
      record({
        shape: fc.constant('txt' as const),
        strings: fc.array(someBytes(255), { minLength: 1, maxLength: 3 }),
      }),
    ],
    [
      SRV,
      record({ shape: fc.constant('srv' as const), priority: u16, weight: u16, port: u16, target: names }),
    ],
    [65280, record({ shape: fc.constant('raw' as const), bytes: someBytes(40) })],
  ]
  return fc.oneof(
    ...rdata.map(([type, data]) =>
      record({ name: names, type: fc.constant(type), class: fc.constant(IN), ttl: u32, data }),
    ),
  )
}

const someOpt: fc.Arbitrary<ResourceRecord> = record({
  name: fc.constant('.'),
  type: fc.constant(OPT),
  class: u16,
  ttl: u32,
  data: record({
    shape: fc.constant('opt' as const),
    options: fc.array(record({ code: fc.integer({ min: 100, max: 0xffff }), data: someBytes(20) }), {
      maxLength: 3,
    }),
  }),
})

function someMessage(names: fc.Arbitrary<string>, additional = someRecord(names)): fc.Arbitrary<DnsMessage> {
  const section = fc.array(someRecord(names), { maxLength: 6, size: 'max' })
  const question = record({
    name: names,
    type: fc.constantFrom(A, AAAA, TXT, 255),
    class: fc.constant(IN),
  })
  return record({
    id: u16,
    qr: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    aa: fc.boolean(),
    tc: fc.constant(false),
    rd: fc.boolean(),
    ra: fc.boolean(),
    ad: fc.boolean(),
    cd: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(question, { maxLength: 2 }),
    answers: section,
    authorities: section,
    additionals: fc
      .tuple(
        fc.array(additional, { maxLength: 3 }),
        fc.option(someOpt),
        fc.array(additional, { maxLength: 2 }),
      )
      .map(([before, opt, behind]) => [...before, ...(opt ? [opt] : []), ...behind]),
  })
}

t.test('what is written is read', async (t) => {
  fc.assert(
    fc.property(someMessage(fc.oneof(plainName, oddName)), (message) => {
      assert.deepEqual(throughTheWire(message), message)
    }),
    runs(500),
  )
  t.pass('random messages')
})

t.test('what does not fit is left out, and TC says so', async (t) => {
  const seen = { whole: 0, cut: 0, silent: 0, refused: 0 }
  const isPartOf = (all: ResourceRecord[], some: ResourceRecord[]) => {
    let from = 0
    for (const one of some) {
      while (from < all.length && !isDeepStrictEqual(all[from], one)) from++
      assert.ok(from++ < all.length, 'a record that was not asked for')
    }
  }
  const startsWith = (all: ResourceRecord[], some: ResourceRecord[]) =>
    assert.deepEqual(some, all.slice(0, some.length))
  fc.assert(
    fc.property(someMessage(plainName), fc.integer({ min: 0, max: 1500 }), (message, size) => {
      const b = new Uint8Array(3 + size + 3).fill(0xa5)
      const end = writeMessage(b, 3, 3 + size, message)
      assert.ok(
        b.every((byte, i) => (i >= 3 && i < 3 + size) || byte === 0xa5),
        'nothing outside is touched',
      )
      const isOpt = (record: ResourceRecord) => record.type === OPT
      const opt = message.additionals.filter(isOpt)
      if (end < 0) {
        const least = { ...message, answers: [], authorities: [], additionals: opt }
        const room = new Uint8Array(65535)
        assert.ok(
          writeMessage(room, 0, room.length, least) > size,
          'refused though header, questions and OPT fit',
        )
        seen.refused++
        return
      }
      assert.equal(dns.check(b, 3, end), OK)
      const read = readMessage(b, 3)
      startsWith(message.answers, read.answers)
      startsWith(message.authorities, read.authorities)
      const cut =
        read.answers.length < message.answers.length || read.authorities.length < message.authorities.length
      assert.equal(read.tc, cut)
      if (read.answers.length < message.answers.length) assert.equal(read.authorities.length, 0)
      assert.deepEqual(read.additionals.filter(isOpt), opt)
      if (cut) assert.deepEqual(read.additionals, opt)
      isPartOf(message.additionals, read.additionals)
      const silent = !cut && read.additionals.length < message.additionals.length
      if (!cut && !silent) assert.deepEqual(read, message)
      seen[cut ? 'cut' : silent ? 'silent' : 'whole']++
    }),
    runs(1000),
  )
  for (const [what, count] of Object.entries(seen)) t.ok(count > 10, `${count} were ${what}`)
})

t.test('what writing refuses', async (t) => {
  const b = new Uint8Array(70000)
  const write = (name: string, type: number, data: Rdata) =>
    writeMessage(b, 0, b.length, { ...QUERY, answers: [{ name, type, class: IN, ttl: 0, data }] })
  t.equal(write('a..b', A, { shape: 'a', address: 1 }), -1, 'an owner that is no name')
  t.equal(write('a', NS, { shape: 'name', name: '' }), -1, 'a target that is no name')
  t.equal(write('a', AAAA, { shape: 'aaaa', address: new Uint8Array(4) }), -1)
  t.equal(write('a', TXT, { shape: 'txt', strings: [new Uint8Array(256)] }), -1)
  t.equal(writeMessage(b, 0, b.length, { ...QUERY, questions: [{ ...QUESTION, name: 'é' }] }), -1)
  t.equal(writeMessage(b, 0, 33, QUERY), -1)
  t.equal(writeMessage(b, 0, 34, QUERY), 34)
  t.equal(writeMessage(b, 0, 11, { ...QUERY, questions: [] }), -1)
  const end = write('a', 65280, { shape: 'raw', bytes: new Uint8Array(65535) })
  t.equal(end, 34, 'a record beyond 65,535 bytes is left out')
  t.equal(dns.tc(b, 0), 1)
  const noStrings = write('a', TXT, { shape: 'txt', strings: [] })
  t.equal(dns.check(b, 0, noStrings), OK, 'a TXT without strings becomes one with an empty one')
})

t.test('the target of SRV is written out, as RFC 2782 wants it', async (t) => {
  const data: Rdata = { shape: 'srv', priority: 1, weight: 2, port: 53, target: 'cirros.novalocal' }
  const message = { ...QUERY, answers: [{ ...QUESTION, type: SRV, ttl: 9, data }] }
  const b = new Uint8Array(512)
  const end = writeMessage(b, 0, 512, message)
  t.same(b.slice(34, end), hex(`c00c 0021 0001 00000009 0018 0001 0002 0035 ${NAME}`))
})

t.test('no name points to a record that was taken back', async (t) => {
  const large: ResourceRecord = {
    name: 'metadata',
    type: 65280,
    class: IN,
    ttl: 1,
    data: { shape: 'raw', bytes: new Uint8Array(100) },
  }
  const small: ResourceRecord = { ...large, type: A, data: { shape: 'a', address: 0xa9fea9fe } }
  t.same(throughTheWire({ ...QUERY, additionals: [large, small] }, 100).additionals, [small])
})

t.test('names beyond the reach of pointers, and more than the table holds', async (t) => {
  const raw = (name: string): ResourceRecord => ({
    name,
    type: 65280,
    class: IN,
    ttl: 1,
    data: { shape: 'raw', bytes: new Uint8Array(100) },
  })
  const answers = Array.from({ length: 400 }, (_, i) => raw(`n${i % 200}.${i % 7}.novalocal`))
  t.same(throughTheWire({ ...QUERY, answers }).answers, answers)
  const far = [
    { ...raw('.'), data: { shape: 'raw' as const, bytes: new Uint8Array(0x4000) } },
    raw('far'),
    raw('far'),
  ]
  t.same(throughTheWire({ ...QUERY, answers: far }).answers, far, 'a name beyond 14 bits of offset')
  const deep = Array.from({ length: 127 }, (_, i) => raw('a.'.repeat(i + 1).slice(0, -1)))
  t.same(throughTheWire({ ...QUERY, answers: deep }).answers, deep, '126 pointers one behind the other')
})

type TheirAnswer = dnsPacket.Answer & { class?: string; data: any }

/** A record of ours in dns-packet's form. */
function inTheirForm({ name, type, class: rrclass, ttl, data }: ResourceRecord): TheirAnswer {
  const common = { name, type: typeName(type), class: className(rrclass), ttl, flush: false }
  return { ...common, data: theirData(data) } as TheirAnswer
}

function theirData(data: Rdata): unknown {
  switch (data.shape) {
    case 'a':
      return formatIpv4(data.address)
    case 'name':
      return data.name
    case 'txt':
      return data.strings.map((text) => Buffer.from(text))
    case 'mx':
    case 'soa':
    case 'srv': {
      const { shape: _, ...fields } = data
      return fields
    }
    default:
      throw new Error(`${data.shape} is compared elsewhere`)
  }
}

/** Both know these; the rest of dns-packet's shapes differ only in how a record is spelled. */
const comparable = (record: ResourceRecord) => record.type !== AAAA && record.type !== 65280

t.test('dns-packet reads what we write', async (t) => {
  fc.assert(
    fc.property(someMessage(plainName.filter((name) => name !== '.')), (message) => {
      const b = Buffer.alloc(65535)
      const end = writeMessage(b, 0, b.length, message)
      const theirs = dnsPacket.decode(b.subarray(0, end))
      assert.equal(theirs.id, message.id)
      assert.equal(theirs.type, message.qr ? 'response' : 'query')
      const bits = theirs as unknown as Record<string, unknown>
      for (const bit of ['aa', 'rd', 'ra', 'ad', 'cd', 'qr'] as const)
        assert.equal(bits[`flag_${bit}`], message[bit])
      const names = message.questions.map(({ name, type }) => ({ name, type: typeName(type), class: 'IN' }))
      assert.deepEqual(theirs.questions, names)
      for (const section of ['answers', 'authorities', 'additionals'] as const) {
        const ours = message[section]
        const read = theirs[section] as TheirAnswer[]
        assert.equal(read.length, ours.length)
        for (const [i, record] of ours.entries()) {
          if (record.type === OPT) assert.equal((read[i] as any).udpPayloadSize, record.class)
          else if (comparable(record)) assert.deepEqual(read[i], inTheirForm(record))
        }
      }
    }),
    runs(300),
  )
  t.pass('random messages')
})

t.test('we read what dns-packet writes', async (t) => {
  fc.assert(
    fc.property(someMessage(plainName.filter((name) => name !== '.')), (message) => {
      const usable = (records: ResourceRecord[]) =>
        records.filter((record) => comparable(record) && record.type !== OPT)
      const answers = usable(message.answers)
      const additionals = usable(message.additionals)
      const b = dnsPacket.encode({
        id: message.id,
        type: message.qr ? 'response' : 'query',
        flags: message.rd ? dnsPacket.RECURSION_DESIRED : 0,
        questions: message.questions.map(({ name, type }) => ({ name, type: typeName(type) as 'A' })),
        answers: answers.map(inTheirForm),
        additionals: additionals.map(inTheirForm),
      })
      assert.equal(dns.check(b, 0, b.length), OK)
      const ours = readMessage(Uint8Array.from(b), 0)
      assert.deepEqual(
        [ours.id, ours.qr, ours.rd, ours.questions, ours.answers, ours.additionals],
        [message.id, message.qr, message.rd, message.questions, answers, additionals],
      )
    }),
    runs(300),
  )
  const b = dnsPacket.encode({
    additionals: [
      { type: 'AAAA', name: 'a', data: '2001:db8::1' },
      { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: dnsPacket.DNSSEC_OK, options: [] } as any,
    ],
  })
  t.same(readMessage(Uint8Array.from(b), 0).additionals, [
    {
      name: 'a',
      type: AAAA,
      class: IN,
      ttl: 0,
      data: { shape: 'aaaa', address: hex('20010db8 00000000 00000000 00000001') },
    },
    { name: '.', type: OPT, class: 1232, ttl: 0x8000, data: { shape: 'opt', options: [] } },
  ])
})

t.test('mangled messages never throw, and nothing behind the end is read', async (t) => {
  const reasons = new Set<number>()
  const room = new Uint8Array(4096)
  const mangled = fc
    .tuple(
      someMessage(plainName),
      fc.array(fc.tuple(fc.nat({ max: 400 }), fc.oneof(u8, fc.constant(0xc0))), { maxLength: 3 }),
    )
    .map(([message, changes]) => {
      const end = Math.max(12, writeMessage(room, 0, room.length, message))
      const b = room.slice(0, end)
      for (const [at, value] of changes) if (at < end) b[at] = value
      return b
    })
  const read = (bytes: Uint8Array, end: number, guard: number) => {
    const b = new Uint8Array(end + 600).fill(guard)
    b.set(bytes.slice(0, end), 7)
    const reason = dns.check(b, 7, 7 + end)
    reasons.add(reason)
    return reason ? reason : readMessage(b, 7)
  }
  fc.assert(
    fc.property(mangled, fc.nat({ max: 600 }), fc.boolean(), (bytes, cut, whole) => {
      const end = whole ? bytes.length : Math.max(0, bytes.length - cut)
      const result = read(bytes, end, 0)
      assert.deepEqual(read(bytes, end, 0xff), result)
      assert.deepEqual(read(bytes, end, 1), result)
    }),
    runs(3000),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100, size: 'max' }), (bytes) => {
      const b = Uint8Array.from([...hex('0000 0000 0001 0001 0000 0001'), ...bytes])
      assert.deepEqual(read(b, b.length, 0), read(b, b.length, 0xff))
    }),
    runs(2000),
  )
  t.same(reasons, new Set([OK, TRUNCATED, BAD_LENGTH, BAD_OPTION, BAD_NAME]), 'all outcomes were met')
})

t.test('numbers and their names', async (t) => {
  t.same([A, SRV, OPT, 65534].map(typeName), ['A', 'SRV', 'OPT', 'TYPE65534'])
  t.same([IN, 254, 42].map(className), ['IN', 'NONE', 'CLASS42'])
  t.same([0, 5, 3].map(opcodeName), ['QUERY', 'UPDATE', 'OPCODE3'])
  t.same([0, 3, 16, 12].map(rcodeName), ['NOERROR', 'NXDOMAIN', 'BADVERS', 'RCODE12'])
})

t.test('the look-up of the boot, as tshark reads it', async (t) => {
  if (!needs(t, 'tshark')) return
  const fields = [
    'frame.number',
    'dns.id',
    'dns.flags',
    'dns.qry.name',
    'dns.qry.type',
    'dns.a',
    'dns.resp.ttl',
  ]
  const out = run('tshark', '-r', BOOT, '-Y', 'dns', '-T', 'fields', ...fields.flatMap((f) => ['-e', f]))
  const frames = framesOf(BOOT)
  const lines = out.replace(/\n$/, '').split('\n')
  t.equal(lines.length, 2)
  for (const line of lines) {
    const [number, ...theirs] = line.split('\t')
    const b = udpPayload(frames[Number(number) - 1])
    t.equal(checked(b), 'ok')
    const { questions, answers } = readMessage(b, 0)
    const hex16 = (value: number) => `0x${value.toString(16).padStart(4, '0')}`
    const addresses = answers.map(({ data }) => (data.shape === 'a' ? formatIpv4(data.address) : '?'))
    const ours = [hex16(dns.id(b, 0)), hex16(dns.flags(b, 0)), questions[0].name, String(questions[0].type)]
    t.same([...ours, addresses.join(','), answers.map(({ ttl }) => ttl).join(',')], theirs)
    const back = new Uint8Array(512).fill(0xa5)
    t.same(
      back.slice(0, writeMessage(back, 0, 512, readMessage(b, 0))),
      b,
      'and it is written back as it was',
    )
  }
})
