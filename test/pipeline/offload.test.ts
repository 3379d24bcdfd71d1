/**
 * Rules see packets whose checksum is left to others as they see whole ones: the same random conversations pass the
 * same random rules, once with every right checksum in place and once without, and what leaves is the same.
 */
import t from 'tap'
import assert from 'node:assert/strict'
import { describe } from '../../src/cli/inputs.js'
import { parseNode } from '../../src/control/node.js'
import { conntrackBytes } from '../../src/netfilter/conntrack/conntrack.js'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import { parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { undecidedIn } from '../../src/netfilter/verify.js'
import { arenaBytes, createArena } from '../../src/packet/arena.js'
import { Burst } from '../../src/packet/burst.js'
import { Memory } from '../../src/packet/memory.js'
import { OFFLOAD_BYTES } from '../../src/packet/offload.js'
import { createMakePlain } from '../../src/packet/plain.js'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import { createDataplane } from '../../src/pipeline/dataplane.js'
import * as checksums from '../../src/wire/checksum.js'
import * as ethernet from '../../src/wire/ethernet.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import * as virtio from '../../src/wire/virtio.js'
import { OPTIONS } from '../lab/agreement.js'
import { BRIDGE, PORTS } from '../lab/bridge-under-test.js'
import type { BridgeOptions, Entering } from '../lab/bridge-under-test.js'
import { conversations } from '../lab/conversations.js'
import { HELPERS, SESSIONS } from '../lab/ftp-sessions.js'
import { natRules, natTraffic } from '../lab/nat-traffic.js'
import { nodeFile } from '../lab/our-bridge.js'
import { Random } from '../lab/random.js'
import { statefulRules } from '../lab/stateful-rules.js'
import { NEIGHBOURS } from '../lab/values.js'
import { runs } from '../soak.js'

const FORWARDING = { address: '10.0.0.1/24', neighbours: NEIGHBOURS, forwards: true }
const SLOTS = { small: 600, large: 80, debug: true }
const [L3, MILLISECOND] = [14, 1000]
const { numRuns, seed: first } = runs(10)

/** Where the checksum's field is, behind the transport header's first byte; 0 where nobody leaves it to others. */
function fieldOf(b: Uint8Array): number {
  if (b.length < L3 + 20 || ethernet.etherType(b, 0) !== ethernet.IPV4) return 0
  if (ipv4.check(b, L3, b.length) !== 0 || ipv4.isFragment(b, L3)) return 0
  const [l4, end] = [ipv4.payload(b, L3), L3 + ipv4.totalLength(b, L3)]
  if (ipv4.protocol(b, L3) === tcp.PROTOCOL)
    return l4 + 20 <= end && tcp.checksumIsRight(b, l4, end, L3 + 12) ? 16 : 0
  const isUdp = ipv4.protocol(b, L3) === udp.PROTOCOL && udp.check(b, l4, end) === 0
  if (!isUdp || udp.checksum(b, l4) === 0 || udp.length(b, l4) !== end - l4) return 0
  return udp.checksumIsRight(b, l4, L3 + 12) ? 6 : 0
}

/** The frame of this length without its checksum, and its virtio header before it. */
function leave(b: Uint8Array, at: number, length: number): boolean {
  const frame = b.subarray(at, at + length)
  const field = fieldOf(frame)
  if (field === 0) return false
  const l4 = ipv4.payload(frame, L3)
  const end = L3 + ipv4.totalLength(frame, L3)
  const sum = checksums.pseudoHeader(frame, L3 + 12, ipv4.protocol(frame, L3), end - l4)
  frame[l4 + field] = sum >> 8
  frame[l4 + field + 1] = sum
  b.set([virtio.NEEDS_CHECKSUM, 0, 0, 0, 0, 0, l4, 0, field, 0], at - OFFLOAD_BYTES)
  return true
}

/** What became of the frames, a line each, and how many had left their checksum to others. */
function play(options: BridgeOptions, rules: string[], entering: readonly Entering[], leaves: boolean) {
  const text = Buffer.from(`${rules.join('\n')}\n`)
  const arena = createArena(new Memory(arenaBytes(SLOTS) + conntrackBytes()), SLOTS)
  const { bytes } = arena.memory
  const plane = createDataplane(arena)
  const makePlain = createMakePlain(arena)
  const left: string[] = []
  for (const name of Object.keys(PORTS))
    plane.addPort(name, {
      transmit: (burst) => {
        const send = (slot: number): void => {
          const at = arena.start[slot]
          left.push(`${name} ${textOf(bytes.slice(at, at + arena.length[slot]))}`)
          arena.free(slot)
        }
        for (let i = 0; i < burst.count; i++) assert.ok(makePlain(burst.slots[i], send))
        return 0
      },
    })
  const node = describe(BRIDGE, parseNode(nodeFile(options), 'node', Object.keys(PORTS)))
  let state = 1
  const random = (): number => (state = Math.imul(state, 1_103_515_245) + 12_345)
  const attached = attachRules(plane, { rules: parseRules('rules', text), node, conntrack: { random } })
  let without = 0
  for (const [i, { port, frame }] of entering.entries()) {
    const slot = arena.take(frame.length)
    bytes.set(frame, arena.start[slot])
    if (leaves && leave(bytes, arena.start[slot], frame.length)) without++
    arena.port[slot] = plane.portNumber(port)
    arena.time[slot] = 1e9 + i * MILLISECOND
    plane.received(arena.port[slot], 1, frame.length)
    const burst = new Burst()
    burst.add(slot)
    plane.process(burst)
  }
  const now = 1e9 + entering.length * MILLISECOND
  const connections = attached.connections === null ? [] : [...connectionLines(attached.connections, now)]
  const counters = [...saveLines(attached.engine.rules, { counters: true })]
  attached.close()
  return { without, lines: [...left, ...counters, ...connections] }
}

/** A sum of 0 is written as 0xffff by who completes it, TCP's too: both are right. */
function textOf(b: Uint8Array): string {
  const isTcp = fieldOf(b) === 16
  const at = isTcp ? ipv4.payload(b, L3) : 0
  if (isTcp && tcp.checksum(b, at) === 0xffff) tcp.setChecksum(b, at, 0)
  return Buffer.from(b).toString('hex')
}

/** Both ways of playing agree; how many frames had left their checksum to others. */
function agree(options: BridgeOptions, rules: string[], entering: readonly Entering[], name: string): number {
  const parsed = parseRules('rules', Buffer.from(`${rules.join('\n')}\n`))
  if (undecidedIn(parsed).length > 0) return 0
  const whole = play(options, rules, entering, false)
  const partial = play(options, rules, entering, true)
  assert.deepEqual(partial.lines, whole.lines, name)
  return partial.without
}

t.test('conversations through stateful rules', async (t) => {
  let without = 0
  for (let seed = first; seed < first + numRuns; seed++) {
    const random = new Random(seed)
    without += agree(random.pick(OPTIONS), statefulRules(random), conversations(random, 300), `seed ${seed}`)
  }
  t.ok(without > numRuns * 50, `${without} checksums were left`)
})

t.test('conversations through NAT', async (t) => {
  let without = 0
  for (let seed = first; seed < first + numRuns; seed++) {
    const random = new Random(seed)
    const mangle = [
      '*mangle',
      '-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 900',
      'COMMIT',
    ]
    const rules = [...mangle, '*nat', ...natRules(random), 'COMMIT']
    without += agree(random.pick(OPTIONS), rules, natTraffic(random, 300), `seed ${seed}`)
  }
  t.ok(without > numRuns * 50, `${without} checksums were left`)
})

t.test('sessions whose data NAT rewrites', async (t) => {
  let without = 0
  for (const { name, rules, entering } of SESSIONS)
    without += agree(FORWARDING, [...HELPERS, '*nat', ...rules, 'COMMIT'], entering, name)
  t.ok(without > 20, `${without} checksums were left`)
})

t.test('CHECKSUM makes one whole on the way', async (t) => {
  const rules = ['*mangle', '-A POSTROUTING -p udp -j CHECKSUM --checksum-fill', 'COMMIT']
  const without = agree(OPTIONS[0], rules, conversations(new Random(7), 200), 'CHECKSUM')
  t.ok(without > 10, `${without} checksums were left`)
})
