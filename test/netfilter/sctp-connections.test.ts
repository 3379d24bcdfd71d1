/**
 * SCTP associations by what rules and lists see of them. That states are the kernel's, test/lab shows; here are times,
 * which take too long to ask there, policies, and what is translated.
 */
import t from 'tap'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import type { ConntrackOptions } from '../../src/netfilter/conntrack/conntrack.js'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import type { AttachedRules } from '../../src/pipeline/attach-rules.js'
import { anonymousNode } from '../../src/pipeline/node-view.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as sctp from '../../src/wire/sctp.js'
import { formatIpv4, parseIpv4, parseMac } from '../../src/wire/address.js'
import { Lab } from '../packets.js'
import { icmpFrame, sctpFrame } from './frames.js'
import type { FrameFields } from './frames.js'
import { ruleSet } from './rules.js'
import { chunk, initiation } from './sctp-chunks.js'

const { COOKIE_ACK, COOKIE_ECHO, INIT, INIT_ACK, SHUTDOWN, SHUTDOWN_ACK, SHUTDOWN_COMPLETE } = sctp
const L3 = 14
const L4 = L3 + ipv4.HEADER_LENGTH
const THERE: FrameFields = { source: '10.0.0.2', destination: '10.0.0.3', sport: 1000, dport: 80 }
const [CLIENT, SERVER] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
const BACK: FrameFields = {
  source: '10.0.0.3',
  destination: '10.0.0.2',
  sport: 80,
  dport: 1000,
  from: SERVER,
  to: CLIENT,
}

interface Bench {
  lab: Lab
  attached: AttachedRules
  /** Seconds and state of the only connection, or none. */
  state(): string
}

/** What is translated back is routed to the client: the node has to know it. */
const NODE = {
  ...anonymousNode('br100'),
  mac: parseMac('02:00:00:00:00:99'),
  addresses: [{ address: parseIpv4('10.0.0.1')!, prefixLength: 24 }],
  forwards: true,
  neighbours: { '10.0.0.2': parseMac(CLIENT)! },
}

function bench(text: string, conntrack: ConntrackOptions = {}): Bench {
  const lab = new Lab({ ports: { p0: {}, p1: {} } })
  const attached = attachRules(lab.plane, { rules: ruleSet(text), node: NODE, conntrack })
  const state = (): string => {
    const lines = connectionLines(attached.connections!, lab.now * 1_000_000)
    return /^sctp +132 (\d+ \w+)/.exec(lines[0] ?? '')?.[1] ?? 'none'
  }
  return { lab, attached, state }
}

const TRACKING = '*filter\n-A FORWARD -m state --state INVALID -j DROP\nCOMMIT\n'

t.test('a handshake, an end, and how long each is kept', async (t) => {
  const { lab, state } = bench(TRACKING)
  const steps: [frame: Uint8Array, becomes: string][] = [
    [sctpFrame(0, initiation(INIT, 7), THERE), '10 CLOSED'],
    [sctpFrame(7, initiation(INIT_ACK, 9), BACK), '3 COOKIE_WAIT'],
    [sctpFrame(9, chunk(COOKIE_ECHO), THERE), '3 COOKIE_ECHOED'],
    [sctpFrame(7, chunk(COOKIE_ACK), BACK), '210 ESTABLISHED'],
    [sctpFrame(7, chunk(SHUTDOWN, { value: [0, 0, 0, 1] }), BACK), '3 SHUTDOWN_RECD'],
    [sctpFrame(9, chunk(SHUTDOWN_ACK), THERE), '3 SHUTDOWN_ACK_SENT'],
    [sctpFrame(7, chunk(SHUTDOWN_COMPLETE), BACK), '10 CLOSED'],
  ]
  for (const [frame, becomes] of steps) {
    lab.now += 1
    lab.send('p0', frame)
    t.equal(state(), becomes)
  }
  lab.now += 9
  t.equal(state(), '1 CLOSED')
  lab.send('p0', sctpFrame(0, initiation(INIT, 7), THERE))
  t.equal(state(), '1 CLOSED', 'who only tries again does not keep it')
  lab.now += 1
  t.equal(state(), 'none')
})

t.test('CT --timeout, and timeouts of the node', async (t) => {
  const text = '*raw\n-A PREROUTING -p sctp -j CT --timeout slow\nCOMMIT\n'
  const { lab, state } = bench(text, {
    timeouts: { sctp_timeout_cookie_wait: 33 },
    policies: { slow: { sctp_timeout_closed: 99 } },
  })
  lab.send('p0', sctpFrame(0, initiation(INIT, 7), THERE))
  t.equal(state(), '99 CLOSED')
  lab.send('p1', sctpFrame(7, initiation(INIT_ACK, 9), BACK))
  t.equal(state(), '33 COOKIE_WAIT')
})

t.test('a wrong checksum is counted, and judged only where it is to be', async (t) => {
  const wrong = sctpFrame(0, initiation(INIT, 7), THERE)
  wrong[L4 + 8] ^= 1
  const strict = bench(TRACKING)
  t.equal(strict.lab.send('p0', wrong.slice()).length, 0)
  t.strictSame([...strict.attached.connections!.wrongChecksums], [['p0', 1]])
  t.equal(strict.state(), 'none')
  const trusting = bench(TRACKING, { verifiesChecksums: false })
  trusting.lab.send('p0', wrong.slice())
  t.equal(trusting.state(), '10 CLOSED')
  t.equal(trusting.attached.connections!.wrongChecksums.size, 0)
})

t.test('translated: ports of a range, answers, and what an error quotes of them', async (t) => {
  const { lab, state } = bench('*nat\n-A POSTROUTING -p sctp -j SNAT --to-source 10.0.0.99:60-60\nCOMMIT\n')
  const sent = (to: string, by: string, frame: Uint8Array): Uint8Array => {
    lab.send(by, frame)
    return lab.left[to].at(-1)!
  }
  const out = sent('p1', 'p0', sctpFrame(0, initiation(INIT, 7), { ...THERE, padding: 6 }))
  const end = L3 + ipv4.totalLength(out, L3)
  t.equal(formatIpv4(ipv4.source(out, L3)), '10.0.0.99')
  t.equal(sctp.sourcePort(out, L4), 60)
  t.ok(sctp.checksumIsRight(out, L4, end))
  const answer = sctpFrame(7, initiation(INIT_ACK, 9), { ...BACK, destination: '10.0.0.99', dport: 60 })
  const back = sent('p0', 'p1', answer)
  t.equal(formatIpv4(ipv4.destination(back, L3)), '10.0.0.2')
  t.equal(sctp.destinationPort(back, L4), 1000)
  t.ok(sctp.checksumIsRight(back, L4, back.length))
  t.equal(state(), '3 COOKIE_WAIT')
  for (const quoted of [end - L3, 28]) {
    const error = icmpFrame(3, 1, { ...BACK, destination: '10.0.0.99', payload: quoted })
    error.set(out.subarray(L3, L3 + quoted), L4 + 8)
    icmp.fillChecksum(error, L4, error.length)
    const frame = sent('p0', 'p1', error)
    t.equal(sctp.sourcePort(frame, L4 + 28), 1000, `${quoted} bytes quoted`)
    t.ok(icmp.checksumIsRight(frame, L4, frame.length))
    t.equal(sctp.checksumIsRight(frame, L4 + 28, frame.length), quoted > 28)
  }
})
