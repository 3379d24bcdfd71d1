/** Targets: what they take and print, and what they do to packets. */
import t from 'tap'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { compile } from '../../src/netfilter/compile/compile.js'
import { FORWARD } from '../../src/netfilter/hook.js'
import { interpret } from '../../src/netfilter/interpret.js'
import type { Packet } from '../../src/netfilter/packet.js'
import type { Target } from '../../src/netfilter/rule.js'
import type { Runtime } from '../../src/netfilter/runtime.js'
import { ACCEPT, CONTINUE, DROP } from '../../src/netfilter/verdict.js'
import * as checksums from '../../src/wire/checksum.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { runs } from '../soak.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { hasIptables, packetOf, ruleOf, ruleSet, runtime, saved, savedByIptables } from './rules.js'
import { TEXTS } from './target-texts.js'

const [L3, L4] = [14, 34]
const ADDRESSES = ipv4.addresses(L3)

t.test('what is printed, and what is refused', async (t) => {
  for (const { table, chain, printed, refused, stricter = {} } of TEXTS) {
    for (const [rule, text] of Object.entries(printed))
      t.equal(saved(rule, table, chain), text === '=' ? rule : text)
    for (const [rule, message] of Object.entries({ ...refused, ...stricter }))
      t.equal(saved(rule, table, chain), `refused: rules:2: ${message}`, rule)
  }
})

t.test('what is printed reads as itself', async (t) => {
  for (const { table, chain, printed } of TEXTS)
    for (const [rule, text] of Object.entries(printed))
      if (text !== '=') t.equal(saved(text, table, chain), text, rule)
})

t.test('iptables prints and refuses the same', async (t) => {
  if (!hasIptables(t)) return
  for (const { table, chain, printed, refused } of TEXTS) {
    for (const [rule, text] of Object.entries(printed))
      t.equal(savedByIptables(rule, table, chain), text === '=' ? rule : text)
    for (const rule of Object.keys(refused))
      t.match(savedByIptables(rule, table, chain), /^refused: /, `${table} ${chain} ${rule}`)
  }
})

t.test('MARK changes the bits that it names', async (t) => {
  const after = (option: string): number => {
    const packet = packetOf(udpFrame(), { mark: 0xf00000f0 })
    t.equal(act(`-j MARK ${option}`, packet), CONTINUE)
    return packet.mark
  }
  t.equal(after('--set-mark 0x80000001'), 0x80000001)
  t.equal(after('--set-mark 0x1/0xf0'), 0xf0000001)
  t.equal(after('--set-xmark 0x11/0x0f'), 0xf00000e1)
  t.equal(after('--and-mark 0x80000080'), 0x80000080)
  t.equal(after('--or-mark 0x0f'), 0xf00000ff)
  t.equal(after('--xor-mark 0xf000000f'), 0xff)
})

t.test('TTL sets, raises and lowers, and stops at the ends', async (t) => {
  for (const [option, was, becomes] of [
    ['--ttl-set 1', 64, 1],
    ['--ttl-set 64', 64, 64],
    ['--ttl-inc 10', 64, 74],
    ['--ttl-inc 10', 250, 255],
    ['--ttl-dec 63', 64, 1],
    ['--ttl-dec 65', 64, 0],
  ] as const) {
    const frame = udpFrame({ ttl: was })
    t.equal(act(`-j TTL ${option}`, packetOf(frame), 'mangle'), CONTINUE)
    t.same(frame, udpFrame({ ttl: becomes }), `${option} of ${was}`)
  }
})

t.test('TOS and DSCP change their bits of the second byte and the checksum, nothing else', async (t) => {
  const byte = fc.nat(255)
  fc.assert(
    fc.property(byte, byte, byte, fc.nat(0xffff), (was, value, mask, id) => {
      for (const [rule, becomes] of [
        [`-j TOS --set-tos ${value}/${mask}`, (was & ~mask) ^ value],
        [`-j TOS --and-tos ${value}`, was & value],
        [`-j TOS --or-tos ${value}`, was | value],
        [`-j TOS --xor-tos ${value}`, was ^ value],
        [`-j DSCP --set-dscp ${value >> 2}`, (value & 0xfc) | (was & 3)],
      ] as const) {
        const frame = frameWithTos(was, id)
        assert.equal(act(rule, packetOf(frame), 'mangle'), CONTINUE)
        assert.deepEqual(frame, frameWithTos(becomes, id), rule)
      }
    }),
    runs(200),
  )
  t.pass('every byte, value and mask')
})

t.test('a header checksum that was wrong stays wrong', async (t) => {
  for (const rule of ['-j TTL --ttl-set 9', '-j TOS --set-tos 9', '-j DSCP --set-dscp 9']) {
    const frame = udpFrame()
    ipv4.setChecksum(frame, L3, ipv4.checksum(frame, L3) ^ 0x0100)
    act(rule, packetOf(frame), 'mangle')
    t.notOk(ipv4.checksumIsRight(frame, L3), rule)
  }
})

t.test('CLASSIFY, NFLOG and TRACE leave the frame as it is', async (t) => {
  const packet = packetOf(udpFrame())
  const told: unknown[] = []
  const world = runtime({ nflog: (one, ...rest) => told.push([one === packet, ...rest]) })
  t.equal(act('-j CLASSIFY --set-class ffff:1', packet, 'mangle', world), CONTINUE)
  t.equal(packet.priority, 0xffff0001)
  t.equal(act('-j NFLOG', packet, 'filter', world), CONTINUE)
  const options = '--nflog-group 7 --nflog-prefix "a b" --nflog-size 64 --nflog-threshold 9'
  t.equal(act(`-j NFLOG ${options}`, packet, 'filter', world), CONTINUE)
  t.equal(act('-j NFLOG --nflog-range 64', packet, 'filter', world), CONTINUE)
  t.same(told, [
    [true, 0, '', null],
    [true, 7, 'a b', 64],
    [true, 0, '', null],
  ])
  t.equal(act('-j TRACE', packet, 'raw', world, 'PREROUTING'), CONTINUE)
  t.equal(packet.isTraced, true)
  t.same(packet.bytes, udpFrame())
})

t.test('NFLOG cuts a prefix at a whole character', async (t) => {
  t.equal(saved(`-j NFLOG --nflog-prefix ${'é'.repeat(40)}`), `-j NFLOG --nflog-prefix "${'é'.repeat(31)}"`)
})

t.test('CHECKSUM fills in what was left to hardware', async (t) => {
  const fields = { payload: 5, padding: 9 }
  for (const [frame, at, end] of [
    [udpFrame(fields), L4 + 6, L4 + 13],
    [tcpFrame(tcp.ACK, fields), L4 + 16, L4 + 25],
  ] as const) {
    const right = frame.slice()
    const sum = checksums.pseudoHeader(frame, ADDRESSES, ipv4.protocol(frame, L3), end - L4)
    frame.set([sum >> 8, sum & 0xff], at)
    t.notSame(frame, right)
    t.equal(act('-j CHECKSUM --checksum-fill', packetOf(frame), 'mangle'), CONTINUE)
    t.same(frame, right)
  }
})

t.test('CHECKSUM leaves every other packet as it is', async (t) => {
  const without = udpFrame()
  udp.setChecksum(without, L4, 0)
  const wrong = udpFrame()
  udp.setChecksum(wrong, L4, udp.checksum(wrong, L4) ^ 1)
  const fragment = udpFrame()
  udp.setChecksum(fragment, L4, checksums.pseudoHeader(fragment, ADDRESSES, udp.PROTOCOL, 8))
  ipv4.setFlags(fragment, L3, 1)
  const cut = tcpFrame(tcp.ACK)
  tcp.setDataOffset(cut, L4, 24)
  for (const frame of [without, wrong, fragment, cut, udpFrame(), tcpFrame(tcp.SYN), icmpFrame(8, 0)]) {
    const before = frame.slice()
    t.equal(act('-j CHECKSUM --checksum-fill', packetOf(frame), 'mangle'), CONTINUE)
    t.same(frame, before)
  }
})

t.test('TCPMSS lowers the segment size and never raises it', async (t) => {
  const [NOP, END] = [1, 0]
  const window = [3, 3, 7]
  for (const [options, option, expected] of [
    [[2, 4, 5, 180], '--set-mss 1000', [2, 4, 3, 232]],
    [[2, 4, 5, 180], '--set-mss 1460', null],
    [[2, 4, 5, 180], '--set-mss 9000', null],
    [[2, 4, 35, 0], '--clamp-mss-to-pmtu', [2, 4, 5, 180]],
    [[2, 4, 5, 180], '--clamp-mss-to-pmtu', null],
    // At an odd offset, behind the end of the list, and twice: the first counts.
    [[NOP, 2, 4, 5, 180, ...window], '--set-mss 1000', [NOP, 2, 4, 3, 232, ...window]],
    [[...window, 2, 4, 5, 180, END], '--set-mss 1000', [...window, 2, 4, 3, 232, END]],
    [[END, 2, 4, 5, 180, NOP, NOP, NOP], '--set-mss 1000', [END, 2, 4, 3, 232, NOP, NOP, NOP]],
    [[2, 4, 0, 9, 2, 4, 5, 180], '--set-mss 1000', null],
    // None, of another length, cut by the end of the header, hidden in another option.
    [[], '--set-mss 1000', null],
    [[2, 5, 5, 180, 0, 0, 0, 0], '--set-mss 1000', null],
    [[NOP, 2, 4, 5], '--set-mss 0', null],
    [[8, 8, 2, 4, 5, 180, 0, 0], '--set-mss 1000', null],
  ] as const) {
    const frame = synFrame(options)
    t.equal(act(`-p tcp --syn -j TCPMSS ${option}`, packetOf(frame)), CONTINUE)
    t.same(frame, synFrame(expected ?? options), `${options.join(' ')} ${option}`)
  }
})

t.test('TCPMSS adds the option to a SYN without data where there is room', async (t) => {
  const [NOP, END] = [1, 0]
  const timestamps = [8, 10, 0, 0, 0, 1, 0, 0, 0, 0, END, END]
  for (const [options, option, expected] of [
    [[], '--set-mss 1000', [2, 4, 2, 24]], // 536, for which no option stands
    [[], '--set-mss 100', [2, 4, 0, 100]],
    [[], '--clamp-mss-to-pmtu', [2, 4, 2, 24]],
    [timestamps, '--set-mss 500', [2, 4, 1, 244, ...timestamps]],
    [[NOP, 2, 4, 5], '--set-mss 500', [2, 4, 1, 244, NOP, 2, 4, 5]],
    [Array<number>(36).fill(NOP), '--set-mss 500', [2, 4, 1, 244, ...Array<number>(36).fill(NOP)]],
    [Array<number>(40).fill(NOP), '--set-mss 500', null],
  ] as const) {
    const before = synFrame(options)
    const after = synFrame(expected ?? options)
    const b = new Uint8Array(before.length + 4).fill(0xa5)
    b.set(before)
    const packet = packetOf(b, { room: 4 })
    const what = `${options.length} bytes of options, ${option}`
    t.equal(act(`-p tcp --syn -j TCPMSS ${option}`, packet), CONTINUE)
    t.same(b.subarray(0, packet.end), after, what)
    t.equal(packet.room, before.length + 4 - after.length, what)
  }
})

t.test('TCPMSS adds none where there is no room, nor before data', async (t) => {
  for (const [payload, room] of [
    [0, 3],
    [1, 4],
  ]) {
    const before = tcpFrame(tcp.SYN, { payload })
    const b = new Uint8Array(before.length + 4).fill(0xa5)
    b.set(before)
    const packet = packetOf(b, { room })
    t.equal(act('-p tcp --syn -j TCPMSS --set-mss 500', packet), CONTINUE)
    t.same(b, [...before, 0xa5, 0xa5, 0xa5, 0xa5])
    t.equal(packet.end, before.length)
  }
})

t.test('TCPMSS keeps the checksum right whatever the options are', async (t) => {
  const options = fc.uint8Array({ minLength: 40, maxLength: 40, max: 5, size: 'max' })
  const noise = fc.tuple(fc.nat(36), fc.nat(0xffff), options).map(([at, size, bytes]) => {
    bytes.set([2, 4, size >> 8, size & 0xff], at)
    return [...bytes]
  })
  let changed = 0
  fc.assert(
    fc.property(noise, fc.nat(1460), (bytes, size) => {
      const before = synFrame(bytes)
      const frame = before.slice()
      assert.equal(act(`-p tcp --syn -j TCPMSS --set-mss ${size}`, packetOf(frame)), CONTINUE)
      assert.ok(tcp.checksumIsRight(frame, L4, frame.length, ADDRESSES))
      const differing = [...frame.keys()].filter((i) => i >= L4 + 20 && frame[i] !== before[i])
      if (differing.length === 0) return assert.deepEqual(frame, before)
      changed++
      const at = differing[0] - (frame[differing[0] - 2] === 2 && frame[differing[0] - 1] === 4 ? 2 : 3)
      assert.deepEqual([...frame.subarray(at, at + 4)], [2, 4, size >> 8, size & 0xff])
      assert.ok(differing.every((i) => i === at + 2 || i === at + 3))
    }),
    runs(1000),
  )
  t.ok(changed > 100, `${changed} were changed`)
})

t.test('TCPMSS drops a segment that is cut and lets later fragments through', async (t) => {
  const rule = '-p tcp --syn -j TCPMSS --set-mss 100'
  const cut = synFrame([2, 4, 5, 180])
  tcp.setDataOffset(cut, L4, 28)
  t.equal(act(rule, packetOf(cut)), DROP)
  const short = synFrame([2, 4, 5, 180])
  tcp.setDataOffset(short, L4, 16)
  t.equal(act(rule, packetOf(short)), DROP)
  const later = synFrame([2, 4, 5, 180])
  t.equal(act(rule, packetOf(later, { fragmentOffset: 64 })), CONTINUE)
  t.same(later, synFrame([2, 4, 5, 180]))
})

t.test('rules behind a target see what it changed', async (t) => {
  for (const [rule, then] of [
    ['-j MARK --set-mark 7', '-m mark --mark 7'],
    ['-j TTL --ttl-set 7', '-m ttl --ttl-eq 7'],
    ['-j TOS --set-tos 7', '-m tos --tos 7'],
    ['-j DSCP --set-dscp 7', '-m dscp --dscp 7'],
  ]) {
    for (const others of [0, 100]) {
      const between = Array.from({ length: others }, (_, i) => `-A FORWARD -d 10.1.0.${i} -j ACCEPT`)
      const lines = [`-A FORWARD ${rule}`, ...between, `-A FORWARD ${then} -j DROP`]
      const rules = ruleSet(`*mangle\n${lines.join('\n')}\nCOMMIT\n`)
      for (const begin of [interpret, compile]) {
        t.not(begin(rules, runtime()).judge(FORWARD, packetOf(udpFrame())), ACCEPT, `${begin.name}: ${then}`)
      }
    }
  }
})

/** What the target of a rule does with a packet, whatever the rule asks. */
function act(
  text: string,
  packet: Packet,
  table = 'filter',
  world: Runtime = runtime(),
  chain = 'FORWARD',
): number {
  const target = ruleOf(text, table, chain).target as Target
  return target.start!(world)(packet)
}

/** A datagram whose TOS byte and identification are these, its checksum computed. */
function frameWithTos(tos: number, id: number): Uint8Array {
  const frame = udpFrame()
  ipv4.setTos(frame, L3, tos)
  ipv4.setIdentification(frame, L3, id)
  ipv4.fillChecksum(frame, L3)
  return frame
}

/** A SYN with these options, a multiple of 4 bytes, its checksum computed. */
function synFrame(options: readonly number[]): Uint8Array {
  const frame = tcpFrame(tcp.SYN, { payload: options.length })
  frame.set(options, L4 + tcp.HEADER_LENGTH)
  tcp.setDataOffset(frame, L4, tcp.HEADER_LENGTH + options.length)
  tcp.fillChecksum(frame, L4, frame.length, ADDRESSES)
  return frame
}
