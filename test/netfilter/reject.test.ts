/** REJECT: what it takes and prints, and what it answers, pinned to the answers of a kernel. */
import t from 'tap'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Packet } from '../../src/netfilter/packet.js'
import { LONGEST_REPLY, writeReset, writeUnreachable } from '../../src/netfilter/reject-reply.js'
import type { Target } from '../../src/netfilter/rule.js'
import { DROP } from '../../src/netfilter/verdict.js'
import { parseIpv4 } from '../../src/wire/address.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import { OK } from '../../src/wire/reason.js'
import * as tcp from '../../src/wire/tcp.js'
import { folderFor, writePcap } from '../captures.js'
import { needs, run } from '../tools.js'
import { hex } from '../wire/hex.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { REJECT_CASES } from './reject-cases.js'
import { hasIptables, packetOf, ruleOf, runtime, saved, savedByIptables } from './rules.js'

const ETHERNET = '020000000002 020000000001 0800'
const NODE = parseIpv4('10.0.0.254')!
const BEFORE = 5 // not 0: an answer that forgets `at` must be seen

/** The answer in hexadecimal, '' for none; nothing beside it may change. */
function answerTo(packet: Packet, type: string): string {
  const b = new Uint8Array(BEFORE + LONGEST_REPLY + 7).fill(0xa5)
  const length =
    type === 'tcp-reset' ? writeReset(packet, b, BEFORE) : writeUnreachable(packet, type, NODE, b, BEFORE)
  assert.ok(length <= LONGEST_REPLY)
  assert.ok(b.subarray(0, BEFORE).every((byte) => byte === 0xa5))
  assert.ok(b.subarray(BEFORE + length).every((byte) => byte === 0xa5))
  return Buffer.from(b.subarray(BEFORE, BEFORE + length)).toString('hex')
}

/** Rule → what is printed for it; '=' for the same. */
const PRINTED: Record<string, string> = {
  '-j REJECT': '-j REJECT --reject-with icmp-port-unreachable',
  '-j REJECT --reject-with icmp-net-unreachable': '=',
  '-j REJECT --reject-with icmp-host-unreachable': '=',
  '-j REJECT --reject-with icmp-proto-unreachable': '=',
  '-j REJECT --reject-with icmp-port-unreachable': '=',
  '-j REJECT --reject-with icmp-net-prohibited': '=',
  '-j REJECT --reject-with icmp-host-prohibited': '=',
  '-j REJECT --reject-with icmp-admin-prohibited': '=',
  '-p tcp -j REJECT --reject-with tcp-reset': '=',
  '-j REJECT --reject-with net-unreach': '-j REJECT --reject-with icmp-net-unreachable',
  '-j REJECT --reject-with HOST-P': '-j REJECT --reject-with icmp-host-prohibited',
  '-j REJECT --reject-with icmp-': '-j REJECT --reject-with icmp-net-unreachable',
  '-j REJECT --reject-with icmp-p': '-j REJECT --reject-with icmp-proto-unreachable',
  '-j REJECT --reject-with icmp-net-p': '-j REJECT --reject-with icmp-net-prohibited',
  '-j REJECT --reject-with tcp-rst -p 6': '-p tcp -j REJECT --reject-with tcp-reset',
}

/** Rule → why it is refused. */
const TYPES =
  'icmp-net-unreachable, icmp-host-unreachable, icmp-proto-unreachable, icmp-port-unreachable, ' +
  'icmp-net-prohibited, icmp-host-prohibited, tcp-reset, icmp-admin-prohibited'
const REFUSED: Record<string, string> = {
  '-j REJECT --reject-with tcp-reset': '--reject-with tcp-reset: expected -p tcp in the rule',
  '! -p tcp -j REJECT --reject-with tcp-reset': '--reject-with tcp-reset: expected -p tcp in the rule',
  '-p udp -j REJECT --reject-with tcp-reset': '--reject-with tcp-reset: expected -p tcp in the rule',
  '-j REJECT --reject-with icmp-echo': `--reject-with icmp-echo: expected ${TYPES}`,
  '-j REJECT --reject-with icmp-port-unreachable --reject-with tcp-reset':
    '--reject-with: given twice, expected once',
}

t.test('what REJECT prints, and what it refuses', async (t) => {
  for (const [rule, text] of Object.entries(PRINTED)) t.equal(saved(rule), text === '=' ? rule : text)
  for (const [rule, message] of Object.entries(REFUSED))
    t.equal(saved(rule), `refused: rules:2: ${message}`, rule)
  t.match(saved('-j REJECT', 'mangle'), /^refused: .*only in the tables filter/)
})

t.test('iptables prints and refuses the same', async (t) => {
  if (!hasIptables(t)) return
  for (const [rule, text] of Object.entries(PRINTED))
    t.equal(savedByIptables(rule), text === '=' ? rule : text)
  for (const rule of Object.keys(REFUSED)) t.match(savedByIptables(rule), /^refused: /, rule)
  t.match(savedByIptables('-j REJECT', 'mangle'), /^refused: /)
})

t.test('the packet is dropped, and whoever sends is told which answer', async (t) => {
  const packet = packetOf(udpFrame())
  const asked: unknown[] = []
  const world = runtime({ reject: (about, type) => asked.push(about === packet, type) })
  const { start } = ruleOf('-j REJECT --reject-with host-prohib').target as Target
  t.equal(start!(world)(packet), DROP)
  t.same(asked, [true, 'icmp-host-prohibited'])
})

t.test("the kernel's answers", async (t) => {
  for (const [type, what, bytes, answer] of REJECT_CASES)
    t.equal(answerTo(packetOf(hex(ETHERNET + bytes)), type), answer, `${type}: ${what}`)
})

t.test('of a long packet as much is quoted as 576 bytes hold, of a padded frame no padding', async (t) => {
  const quoted = (frame: Uint8Array): string =>
    answerTo(packetOf(frame), 'icmp-port-unreachable').slice(2 * 28)
  const long = udpFrame({ payload: 1000 })
  t.equal(quoted(long), Buffer.from(long.slice(14, 14 + 548)).toString('hex'))
  const exact = udpFrame({ payload: 520 })
  t.equal(quoted(exact), Buffer.from(exact.slice(14)).toString('hex'))
  const padded = udpFrame({ payload: 3, padding: 15 })
  t.equal(quoted(padded), Buffer.from(padded.slice(14, -15)).toString('hex'))
})

t.test('an answer may be written into the memory that the packet is in', async (t) => {
  const frame = udpFrame({ payload: 5 })
  const b = new Uint8Array(1024)
  b.set(frame, 600)
  const packet = packetOf(frame)
  packet.read(b, 600, 614)
  const length = writeUnreachable(packet, 'icmp-net-unreachable', NODE, b, 3)
  t.equal(
    Buffer.from(b.slice(3, 3 + length)).toString('hex'),
    answerTo(packetOf(frame), 'icmp-net-unreachable'),
  )
})

t.test('whatever comes, an answer is a packet that our codecs pass, to whoever sent', async (t) => {
  const frames = [
    udpFrame({ payload: 600 }),
    udpFrame({ payload: 3 }),
    ...[tcp.SYN, tcp.ACK, tcp.FIN, tcp.SYN | tcp.ACK].map((flags) => tcpFrame(flags, { payload: 9 })),
    icmpFrame(icmp.ECHO_REQUEST, 0, { payload: 56 }),
  ]
  const types = ['tcp-reset', 'icmp-port-unreachable', 'icmp-admin-prohibited']
  const change = fc.option(fc.tuple(fc.integer({ min: 15, max: 60 }), fc.nat(255)))
  let answers = 0
  fc.assert(
    fc.property(fc.constantFrom(...frames), fc.constantFrom(...types), change, (original, type, changed) => {
      const frame = Uint8Array.from(original)
      if (changed !== null) frame[changed[0] % frame.length] = changed[1]
      ipv4.fillChecksum(frame, 14)
      if (ipv4.check(frame, 14, frame.length) !== OK) return
      const answer = hex(answerTo(packetOf(frame), type))
      if (answer.length === 0) return
      answers++
      const l4 = ipv4.HEADER_LENGTH
      assert.equal(ipv4.check(answer, 0, answer.length), OK)
      assert.equal(ipv4.totalLength(answer, 0), answer.length)
      assert.equal(ipv4.destination(answer, 0), ipv4.source(frame, 14))
      if (type === 'tcp-reset') {
        assert.equal(ipv4.source(answer, 0), ipv4.destination(frame, 14))
        assert.equal(tcp.check(answer, l4, answer.length), OK)
        assert.ok(tcp.checksumIsRight(answer, l4, answer.length, ipv4.addresses(0)))
      } else {
        assert.equal(icmp.check(answer, l4, answer.length), OK)
        assert.ok(icmp.checksumIsRight(answer, l4, answer.length))
      }
    }),
  )
  t.ok(answers > 0, 'there were answers')
})

t.test('tshark reads the answers as what they are', async (t) => {
  if (!needs(t, 'tshark')) return
  const asked: Array<readonly [frame: Uint8Array, type: string]> = [
    [tcpFrame(tcp.SYN, { sport: 4000, payload: 3 }), 'tcp-reset'],
    [udpFrame({ sport: 4001, payload: 5 }), 'icmp-admin-prohibited'],
    [udpFrame({ sport: 4002, payload: 1400 }), 'icmp-port-unreachable'],
  ]
  const records = asked.map(([frame, type]) => {
    const answer = Buffer.from(answerTo(packetOf(frame), type), 'hex')
    return { seconds: 1, nanoseconds: 0, frame: Buffer.concat([hex(ETHERNET), answer]) }
  })
  const path = writePcap(join(folderFor(t), 'answers.pcap'), records)
  const fields = ['ip.checksum.status', 'tcp.checksum.status', 'tcp.flags', 'tcp.ack_raw', 'tcp.dstport']
  fields.push('icmp.checksum.status', 'icmp.type', 'icmp.code', 'udp.srcport', 'frame.len')
  const checks = ['ip', 'tcp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
  const options = ['-n', '-r', path, ...checks, '-T', 'fields', '-E', 'occurrence=a', '-E', 'separator=;']
  t.same(run('tshark', ...options, ...fields.flatMap((field) => ['-e', field])).split('\n'), [
    '1;1;0x0014;4;4000;;;;;54',
    '1,1;;;;;1;3;13;4001;75',
    '1,1;;;;;1;3;3;4002;590',
    '',
  ])
})
