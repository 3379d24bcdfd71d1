/** `-j LOG`: what it takes and prints, and its line, pinned to lines of a kernel's log. */
import t from 'tap'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import type { Packet } from '../../src/netfilter/packet.js'
import type { Target } from '../../src/netfilter/rule.js'
import { CONTINUE } from '../../src/netfilter/verdict.js'
import { hex } from '../wire/hex.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { LOG_CASES } from './log-cases.js'
import { hasIptables, packetOf, ruleOf, runtime, saved, savedByIptables } from './rules.js'

const ETHERNET = '020000000002 020000000001 0800'
const BRIDGED = { inInterface: 'br100', outInterface: 'br100', physicalIn: 'vnet0', physicalOut: 'eth2' }
/** Of every line of LOG_CASES. */
const START =
  'IN=br100 OUT=br100 PHYSIN=vnet0 PHYSOUT=eth2 MAC=02:00:00:00:00:02:02:00:00:00:00:01:08:00 SRC=10.0.0.1 DST=10.0.0.2 '

/** The line that a LOG rule with these options writes. */
function lineOf(options: string, packet: Packet): string {
  const lines: string[] = []
  const target = ruleOf(`-j LOG ${options}`).target as Target
  const act = target.start!(runtime({ log: (line) => lines.push(line) }))
  assert.equal(act(packet), CONTINUE)
  assert.equal(lines.length, 1)
  return lines[0]
}

/** Rule → what is printed for it; '=' for the same. */
const PRINTED: Record<string, string> = {
  '-j LOG': '=',
  '-j LOG --log-prefix "a b: " --log-level 6': '=',
  '-j LOG --log-prefix 0123456789012345678901234567890123':
    '-j LOG --log-prefix 01234567890123456789012345678',
  '-j LOG --log-prefix "it\'s \\"1\\""': '-j LOG --log-prefix "it\\\'s \\"1\\""',
  '-j LOG --log-level 4': '-j LOG',
  '-j LOG --log-level 07': '-j LOG --log-level 7',
  '-j LOG --log-level 0x7': '-j LOG --log-level 7',
  '-j LOG --log-level warning': '-j LOG',
  '-j LOG --log-level panic': '-j LOG --log-level 0',
  '-j LOG --log-level debug': '-j LOG --log-level 7',
  '-j LOG --log-macdecode --log-uid --log-ip-options --log-tcp-options --log-tcp-sequence':
    '-j LOG --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode',
}

/** Rule → why it is refused. */
const LEVELS = 'emerg, alert, crit, error, warning, notice, info, debug'
const REFUSED: Record<string, string> = {
  '-j LOG --log-prefix ""': '--log-prefix: expected a text that is not empty',
  '-j LOG --log-level 8': '--log-level 8: expected a number from 0 to 7',
  '-j LOG --log-level 3x': '--log-level 3x: expected a number from 0 to 7',
  '-j LOG --log-level warn': `--log-level warn: expected 0-7 or one of ${LEVELS}`,
  '-j LOG --log-level DEBUG': `--log-level DEBUG: expected 0-7 or one of ${LEVELS}`,
  '-j LOG --log-level ""': `--log-level : expected 0-7 or one of ${LEVELS}`,
  '-j LOG --log-uid --log-uid': '--log-uid: given twice, expected once',
  '-j LOG ! --log-uid': '! before --log-uid: it cannot be negated',
}

t.test('what LOG prints, and what it refuses', async (t) => {
  for (const [rule, text] of Object.entries(PRINTED)) t.equal(saved(rule), text === '=' ? rule : text)
  for (const [rule, message] of Object.entries(REFUSED))
    t.equal(saved(rule), `refused: rules:2: ${message}`, rule)
})

t.test('iptables prints and refuses the same', async (t) => {
  if (!hasIptables(t)) return
  for (const [rule, text] of Object.entries(PRINTED))
    t.equal(savedByIptables(rule), text === '=' ? rule : text)
  for (const rule of Object.keys(REFUSED)) t.match(savedByIptables(rule), /^refused: /, rule)
})

t.test("the kernel's lines", async (t) => {
  for (const [what, options, mark, bytes, line] of LOG_CASES) {
    const packet = packetOf(hex(ETHERNET + bytes), { ...BRIDGED, mark })
    t.equal(lineOf(options, packet), START + line, what)
  }
})

t.test('the prefix comes first, without a space of its own', async (t) => {
  const packet = packetOf(udpFrame(), BRIDGED)
  t.equal(lineOf('--log-prefix "dropped: "', packet), `dropped: ${lineOf('', packet)}`)
  t.equal(lineOf('--log-level debug --log-uid', packet), lineOf('', packet))
})

t.test('at each hook the interfaces that there are', async (t) => {
  const at = (fields: Partial<Packet>): string =>
    lineOf('', packetOf(udpFrame(), fields)).replace(/LEN=.*/, '')
  const mac = 'MAC=02:00:00:00:00:02:02:00:00:00:00:01:08:00'
  t.equal(
    at({ inInterface: 'br100', physicalIn: 'vnet0' }),
    `IN=br100 OUT= PHYSIN=vnet0 ${mac} SRC=10.0.0.1 DST=10.0.0.2 `,
    'PREROUTING and INPUT',
  )
  t.equal(
    at({ outInterface: 'br100', physicalIn: 'vnet0', physicalOut: 'eth2' }),
    'IN= OUT=br100 PHYSIN=vnet0 PHYSOUT=eth2 SRC=10.0.0.1 DST=10.0.0.2 ',
    'POSTROUTING',
  )
  t.equal(at({ outInterface: 'br100', frame: -1 }), 'IN= OUT=br100 SRC=10.0.0.1 DST=10.0.0.2 ', 'OUTPUT')
  t.equal(
    at({ inInterface: 'eth0', physicalIn: 'eth0' }),
    `IN=eth0 OUT= ${mac} SRC=10.0.0.1 DST=10.0.0.2 `,
    'no port but the interface itself',
  )
})

t.test('the Ethernet header decoded, and all options at once', async (t) => {
  const bytes =
    '4600003012340000400651910a0000010a0000020101010003e80050000003e800000000600202007a040000020405b4'
  const all = '--log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode'
  t.equal(
    lineOf(all, packetOf(hex(ETHERNET + bytes), { ...BRIDGED, mark: 5 })),
    'IN=br100 OUT=br100 PHYSIN=vnet0 PHYSOUT=eth2 MACSRC=02:00:00:00:00:01 MACDST=02:00:00:00:00:02 MACPROTO=0800 ' +
      'SRC=10.0.0.1 DST=10.0.0.2 LEN=48 TOS=0x00 PREC=0x00 TTL=64 ID=4660 OPT (01010100) PROTO=TCP SPT=1000 ' +
      'DPT=80 SEQ=1000 ACK=0 WINDOW=512 RES=0x00 SYN URGP=0 OPT (020405B4) MARK=0x5 ',
  )
})

t.test('no packet makes it throw, or read behind the packet', async (t) => {
  const kinds = [udpFrame({ payload: 40 }), tcpFrame(0x12, { payload: 40 }), icmpFrame(3, 4, { payload: 40 })]
  const all = ruleOf('-j LOG --log-tcp-sequence --log-tcp-options --log-ip-options --log-macdecode')
  const changes = fc.array(fc.tuple(fc.integer({ min: 14, max: 81 }), fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...kinds), changes, fc.nat(62), (frame, bytes, cut) => {
      const packets = [0x00, 0xff].map((beyond) => {
        const b = new Uint8Array(frame.length + 64).fill(beyond)
        b.set(frame)
        for (const [at, byte] of bytes) b[at] = byte
        b[14] = 0x40 | Math.max(b[14] & 0x0f, 5)
        const packet = packetOf(b, BRIDGED)
        packet.end = Math.max(frame.length - cut, packet.l4)
        return (b.fill(beyond, packet.end), packet)
      })
      const lines: string[] = []
      const act = (all.target as Target).start!(runtime({ log: (line) => lines.push(line) }))
      for (const packet of packets) act(packet)
      assert.equal(lines[0], lines[1])
      assert.doesNotMatch(lines[0], /undefined|NaN/)
    }),
  )
  t.pass('what is behind the end does not show')
})
