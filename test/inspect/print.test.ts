/** The printer: exact lines, lines held against tcpdump's, and whatever bytes there can be. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { printFrame } from '../../src/inspect/print.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { needs, run } from '../tools.js'
import { framesOf } from '../wire/golden.js'
import { hex } from '../wire/hex.js'
import { EXAMPLES, MALFORMED, OFFER, QUESTION, TCP, UDP } from './examples.js'
import { ascii, ip, offer, pcapOf, tcpOf, udpOf } from './frames.js'
import { runs } from '../soak.js'

const CAPTURES = ['boot', 'floating', 'node']
  .flatMap((name) => readdirSync(`pcaps/golden/${name}`).map((file) => `pcaps/golden/${name}/${file}`))
  .filter((path) => path.endsWith('.pcap'))

/** The line of a whole frame. */
function print(b: Uint8Array): string {
  return printFrame(b, 0, b.length)
}

t.test('a line for every kind of frame', async (t) => {
  for (const [line, bytes] of EXAMPLES) t.equal(print(bytes), line)
})

t.test('what is wrong is named, and what can be read is printed', async (t) => {
  for (const [line, bytes] of MALFORMED) t.equal(print(bytes), line)
})

t.test('a frame that the capture has a part of', async (t) => {
  const cut = (b: Uint8Array, length: number): string => printFrame(b, 0, length, b.length)
  t.equal(cut(UDP, 5), '[ethernet: truncated] 5 bytes [cut 5 of 44 bytes]')
  t.equal(
    cut(UDP, 42),
    'IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2 [cut 42 of 44 bytes]',
    'nothing wrong with that',
  )
  t.equal(cut(UDP, 40), 'IP 10.0.0.2.5 > 10.0.0.1.9: [udp: truncated] 6 bytes [cut 40 of 44 bytes]')
  t.match(cut(TCP, 54), 'Flags [S], seq 4294967294, win 512 [tcp: truncated] [cut 54 of 58 bytes]')
  t.match(cut(OFFER, 290), /: DHCPOFFER, xid 0x5a, .* \[dhcp: truncated\] \[cut 290 of 342 bytes\]$/)
  const question = ip(udp.PROTOCOL, udpOf(5, 53, QUESTION))
  t.match(cut(question, 60), '12345+ (34) [dns: truncated] [cut 60 of 76 bytes]')
  t.equal(printFrame(UDP, 0, UDP.length, 3), print(UDP), 'more than the wire had: no cut')
})

t.test('long lists end in an ellipsis, and the marks still follow', async (t) => {
  const names = Array.from({ length: 120 }, (_, i) => `0b ${ascii(`name-${i + 100}-is`)} 00 0001 0001`).join(
    '',
  )
  const line = print(ip(udp.PROTOCOL, udpOf(5, 53, hex(`3039 0100 0079 0000 0000 0000 ${names}`))))
  t.match(line, / \[121q\] A\? name-100-is\., A\? name-101-is\., .*, … \(\d+\) \[dns: bad-name\]$/)
  const long = print(ip(udp.PROTOCOL, udpOf(67, 68, offer(3000, [12, '61'.repeat(2000)], [15, '62']))))
  t.match(long, /hostname a{291}…; domain-name b\]$/)
  const everything = Array.from({ length: 200 }, (_, i): [number, string] => [i + 54, '61'.repeat(40)])
  const overfull = offer(9000, ...everything)
  overfull.fill(0x80, 44, 236) // sname and file
  const longest = print(ip(udp.PROTOCOL, udpOf(67, 68, overfull)))
  t.match(longest, /sname \[(\\128)+\], file \[.*…\], options \[.*; …\]$/)
  t.ok(Buffer.byteLength(longest) <= 4096)
})

/** Without what tcpdump does not say unasked: tags, IP options, fragments, DHCP's content, HTTP on any port. */
function asTcpdump(line: string): string {
  return line
    .replace(/^(vlan \d+, p \d, (DEI, )?)+/, '')
    .replace(/: (icmp|udp), length \d+, frag .*/, (_, name) => `: ip-proto-${name === 'udp' ? 17 : 1}`)
    .replace(/, IP options .*/, '')
    .replace(/, frag id .*/, '')
    .replace(/(BOOTP.*, length \d+): .*/, '$1')
    .replace(/(\.80[ :].*: HTTP: .*)|: HTTP: .*/, '$1')
}

function tcpdump(path: string): string[] {
  return run('tcpdump', '-nn', '-t', '-S', '-r', path).trimEnd().split('\n')
}

t.test('every golden frame: the line that tcpdump prints', async (t) => {
  if (!needs(t, 'tcpdump')) return
  for (const path of CAPTURES) {
    const ours = framesOf(path).map((bytes) => asTcpdump(print(bytes)))
    if (ours.length === 0) continue
    t.same(ours, tcpdump(path), `${path}: ${ours.length} lines`)
  }
})

t.test('composed frames: the line that tcpdump prints', async (t) => {
  if (!needs(t, 'tcpdump')) return
  const segments = Array.from({ length: 256 }, (_, flags) => ip(tcp.PROTOCOL, tcpOf(flags, hex('dead'))))
  const frames = [...EXAMPLES.map(([, bytes]) => bytes), ...segments]
  const ours = frames.map((bytes) => asTcpdump(print(bytes)))
  const isSame = ours.map((line) => SAME.test(line))
  t.ok(isSame.filter(Boolean).length >= segments.length + 13)
  const path = joinPath(t.testdir(), 'composed.pcap')
  writeFileSync(path, pcapOf(frames.filter((_, i) => isSame[i])))
  t.same(
    ours.filter((_, i) => isSame[i]),
    tcpdump(path),
  )
})

/** Lines for which tcpdump has the same words. */
const SAME = /^(ARP, Re|IP [^ ]+ > [^ ]+: (ip-proto-17$|ICMP echo|UDP|Flags(?!.*TFO)|\d+[+*](?!.*SOA)|BOOTP))/

t.test('golden frames, word for word', async (t) => {
  const lines = new Set(framesOf('pcaps/golden/boot/ctl-br100.pcap').map(print))
  for (const line of GOLDEN) t.ok(lines.has(line), line)
})

const GOLDEN = [
  'IP 0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP, Request from fa:16:3e:2c:e8:ec, length 300: DHCPDISCOVER, xid 0x41815e63, options [max-message-size 576; parameter-request 1:netmask, 3:router, 6:dns-server, 12:hostname, 15:domain-name, 28:broadcast, 42:ntp-server; vendor-class udhcp 1.35.0; client-id 01:fa:16:3e:2c:e8:ec]',
  'IP 10.0.0.1.67 > 10.0.0.2.68: BOOTP/DHCP, Reply, length 311: DHCPACK, xid 0x41815e63, yiaddr 10.0.0.2, siaddr 10.0.0.1, chaddr fa:16:3e:2c:e8:ec, options [server-identifier 10.0.0.1; lease-time 2m; T1 1m; T2 1m45s; netmask 255.255.255.0; broadcast 10.0.0.255; router 10.0.0.1; dns-server 10.0.0.1; domain-name novalocal; hostname cirros]',
  'ARP, Reply 10.0.0.1 is-at 08:00:27:8f:87:fa, length 28',
  'IP 10.0.0.2.38996 > 192.168.56.200.8775: Flags [P.], seq 3585326178:3585326289, ack 3022339035, win 63, options [nop,nop,TS val 1445528472 ecr 971742900], length 111: HTTP: GET /2009-04-04/meta-data/instance-id HTTP/1.1',
  'IP 10.0.0.3.42470 > 10.0.0.1.53: 12589+ A? cirros.novalocal. (34)',
  'IP 10.0.0.1.53 > 10.0.0.3.42470: 12589* 1/0/0 A 10.0.0.2 (50)',
  'IP 10.0.0.2 > 10.0.0.1: ICMP echo request, id 13910, seq 1, length 64',
]

/** All frames of the captures, each once, and the composed ones. */
const SEEDS = [
  ...new Map(
    CAPTURES.flatMap(framesOf).map((bytes) => [bytes.toString('latin1'), Uint8Array.from(bytes)]),
  ).values(),
  ...[...EXAMPLES, ...MALFORMED].map(([, bytes]) => bytes),
]
const FUZZ = runs(15_000)

/** A change to a frame: bits flipped, a 16-bit field (a length, as likely as not) overwritten, a cut. */
const mutation = fc.record({
  flips: fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(7)), {
    maxLength: 6,
    size: 'max',
  }),
  fields: fc.array(
    fc.tuple(fc.integer({ min: 6, max: 40 }), fc.constantFrom(0, 1, 7, 20, 60, 255, 0x7fff, 0xfffe, 0xffff)),
    { maxLength: 3, size: 'max' },
  ),
  keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  missing: fc.oneof(fc.constant(0), fc.nat(2000)),
})
const mutated = fc
  .tuple(fc.constantFrom(...SEEDS), mutation)
  .map(([seed, { flips, fields, keep, missing }]) => {
    const b = Uint8Array.from(seed)
    for (const [where, bit] of flips) if (b.length > 0) b[Math.floor(where * b.length)] ^= 1 << bit
    for (const [at, value] of fields) if (2 * at + 1 < b.length) b.set([value >> 8, value & 0xff], 2 * at)
    const bytes = b.slice(0, Math.ceil(keep * b.length))
    return { bytes, originalLength: bytes.length + missing }
  })
const anything = fc
  .uint8Array({ maxLength: 600, size: 'max' })
  .map((bytes) => ({ bytes, originalLength: bytes.length }))

const MARGIN = 96

/** The frame's line with this around it. */
function printAmid(bytes: Uint8Array, originalLength: number, guard: number): string {
  const b = new Uint8Array(bytes.length + 2 * MARGIN).fill(guard)
  b.set(bytes, MARGIN)
  return printFrame(b, MARGIN, bytes.length, originalLength)
}

t.test('any bytes are one printable line, whatever stands around them', async (t) => {
  t.comment(`${SEEDS.length} frames, ${FUZZ.numRuns} mutations, seed ${FUZZ.seed}`)
  const property = fc.property(
    fc.oneof({ weight: 9, arbitrary: mutated }, anything),
    ({ bytes, originalLength }) => {
      const line = printAmid(bytes, originalLength, 0)
      assert.match(line, /^[\x20-\x7e…]+$/)
      assert.ok(Buffer.byteLength(line) <= 4096)
      assert.equal(printAmid(bytes, originalLength, 0xa5), line)
      assert.equal(printAmid(bytes, originalLength, 0xff), line)
    },
  )
  fc.assert(property, FUZZ)
  t.pass('one line, the same with 0x00, 0xa5 and 0xff around the frame')
})

/** The bytes as the frame of a larger buffer; a look outside the frame throws. */
function fenced(bytes: Uint8Array): Uint8Array {
  const within = (i: number): number => {
    assert.ok(i >= MARGIN && i <= MARGIN + bytes.length, `byte ${i - MARGIN} of ${bytes.length}`)
    return i - MARGIN
  }
  return new Proxy(bytes, {
    get(_, key) {
      if (key === 'slice') return (from: number, to: number) => bytes.slice(within(from), within(to))
      assert.match(String(key), /^\d+$/)
      assert.ok(within(Number(key)) < bytes.length)
      return bytes[Number(key) - MARGIN]
    },
  })
}

t.test('nothing outside the frame is looked at', async (t) => {
  for (const bytes of SEEDS)
    for (let length = 0; length <= Math.min(bytes.length, 120); length++)
      printFrame(fenced(bytes.slice(0, length)), MARGIN, length, bytes.length)
  const property = fc.property(mutated, ({ bytes, originalLength }) => {
    printFrame(fenced(bytes), MARGIN, bytes.length, originalLength)
  })
  fc.assert(property, runs(3000))
  t.throws(() => printFrame(fenced(UDP), MARGIN - 1, UDP.length), 'the fence holds')
  t.pass('every prefix of every frame, and 3,000 mutations')
})
