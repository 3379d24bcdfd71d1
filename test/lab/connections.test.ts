/** What rules may ask of connections beyond their state, step by step: the kernel is asked the same. */
import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import * as icmp from '../../src/wire/icmp.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import { icmpFrame, sctpFrame, tcpFrame, udpFrame } from '../netfilter/frames.js'
import type { FrameFields } from '../netfilter/frames.js'
import { chunk, initiation } from '../netfilter/sctp-chunks.js'
import type { Entering } from './bridge-under-test.js'
import { needsKernelBridge } from './kernel-bridge.js'
import { byKernel, byUs } from './steps.js'
import type { Walk } from './steps.js'

const { ACK, FIN, RST, SYN } = tcp
const L3 = 14
const L4 = L3 + 20

/** Fails where the kernel does something else than we do; a step that counts nothing anywhere proves nothing. */
async function agree(t: Test, name: string, walk: Walk): Promise<void> {
  const ours = byUs(walk)
  let kernel = await byKernel(walk)
  // Frames of one step are meant to come within a jiffy, which now and then ends between them.
  if (walk.steps.some((step) => step.length > 1) && !isDeepStrictEqual(kernel, ours))
    kernel = await byKernel(walk)
  t.ok(
    kernel.counted.some((lines) => lines.length > 0),
    `${name}: something counts`,
  )
  t.strictSame(ours, kernel, name)
}

const eth2 = (frame: Uint8Array): Entering => ({ port: 'eth2', frame })
const vnet0 = (frame: Uint8Array): Entering => ({ port: 'vnet0', frame })

function segment(flags: number, fields: FrameFields, seq: number, ack = 0): Uint8Array {
  const b = tcpFrame(flags, fields)
  tcp.setSequenceNumber(b, L4, seq)
  tcp.setAcknowledgmentNumber(b, L4, ack)
  tcp.setWindow(b, L4, 1000)
  tcp.fillChecksum(b, L4, b.length, L3 + 12)
  return b
}

/** An ICMP error that quotes a datagram's first bytes. */
function unreachable(quoted: Uint8Array, fields: FrameFields): Uint8Array {
  const b = icmpFrame(3, 1, { ...fields, payload: 28 })
  b.set(quoted.subarray(L3, L3 + 28), L4 + 8)
  icmp.fillChecksum(b, L4, b.length)
  return b
}

/** A client behind eth2 and a server behind vnet0: the way there, and the way back. */
function ends(sport: number, source = '10.0.0.2'): [there: FrameFields, back: FrameFields] {
  const there = { source, destination: '10.0.0.3', sport, dport: 80 }
  const from = '02:00:00:00:00:03'
  return [
    there,
    { source: '10.0.0.3', destination: source, sport: 80, dport: sport, from, to: '02:00:00:00:00:01' },
  ]
}

function handshake(sport: number, source?: string): Entering[] {
  const [there, back] = ends(sport, source)
  return [
    eth2(segment(SYN, there, 100)),
    vnet0(segment(SYN | ACK, back, 500, 101)),
    eth2(segment(ACK, there, 101, 501)),
  ]
}

const alone = (frames: Entering[]): Entering[][] => frames.map((one) => [one])

t.setTimeout(120_000)
t.test('what rules ask of connections: the kernel and we', { timeout: 120_000 }, async (t) => {
  if (!needsKernelBridge(t)) return

  await t.test('connbytes, and what conntrack -L says of packets and bytes', async (t) => {
    const [there, back] = ends(1000)
    const rules = ['original', 'reply', 'both'].flatMap((direction) =>
      [
        '1 --connbytes-mode packets',
        '2:3 --connbytes-mode packets',
        '0:0 --connbytes-mode packets',
        ':100 --connbytes-mode bytes',
        '100: --connbytes-mode bytes',
        '40:44 --connbytes-mode avgpkt',
        '29 --connbytes-mode avgpkt',
      ].flatMap((asked) =>
        ['', '! ']
          .filter((not) => not === '' || !asked.startsWith('0:0'))
          .map((not) => `-A FORWARD -m connbytes ${not}--connbytes ${asked} --connbytes-dir ${direction}`),
      ),
    )
    await agree(t, 'TCP, UDP, ICMP', {
      rules: `*filter\n${rules.join('\n')}\nCOMMIT\n`,
      steps: alone([
        eth2(segment(SYN, there, 100)),
        eth2(segment(SYN, there, 100)), // again: it is not counted
        vnet0(segment(SYN | ACK, back, 500, 101)),
        eth2(segment(SYN, there, 100)), // let through, not counted
        eth2(segment(ACK, there, 101, 501)),
        eth2(segment(ACK, { ...there, payload: 100 }, 101, 501)),
        vnet0(segment(ACK, back, 501, 201)),
        vnet0(segment(ACK, back, 90_000, 201)), // no connection's
        eth2(segment(FIN | ACK, there, 201, 501)),
        vnet0(segment(RST | ACK, back, 501, 202)),
        eth2(segment(SYN, { ...there, sport: 1001 }, 1)),
        vnet0(segment(RST | ACK, { ...back, dport: 1001 }, 0, 2)), // the only answer
        eth2(
          udpFrame({
            source: '10.0.0.2',
            destination: '10.0.0.3',
            sport: 5,
            dport: 6,
            payload: 3,
            padding: 9,
          }),
        ),
        vnet0(udpFrame({ source: '10.0.0.3', destination: '10.0.0.2', sport: 6, dport: 5, payload: 1 })),
        eth2(icmpFrame(8, 0, { source: '10.0.0.2', destination: '10.0.0.3', payload: 56 })),
        vnet0(icmpFrame(0, 0, { source: '10.0.0.3', destination: '10.0.0.2', payload: 56 })),
      ]),
    })
  })

  await t.test('an SCTP association: what it is, what it has carried, and what is told of it', async (t) => {
    const [there, back] = ends(1000)
    const data = chunk(sctp.DATA, { flags: 3, value: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x61] })
    const rules = [
      ...['NEW', 'ESTABLISHED', 'INVALID'].map((state) => `-m state --state ${state}`),
      '-p sctp -m conntrack --ctproto sctp --ctstatus ASSURED --ctorigdstport 80 --ctrepldstport 1000',
      '-m connbytes --connbytes 2 --connbytes-mode packets --connbytes-dir original',
      '-m connlimit --connlimit-above 1',
    ]
    await agree(t, 'both ways', {
      rules: `*filter\n${rules.map((rule) => `-A FORWARD ${rule}`).join('\n')}\nCOMMIT\n`,
      steps: alone([
        eth2(sctpFrame(0, initiation(sctp.INIT, 7), there)),
        eth2(sctpFrame(0, initiation(sctp.INIT, 7), there)), // again: it is not counted
        vnet0(sctpFrame(7, initiation(sctp.INIT_ACK, 9), back)),
        eth2(sctpFrame(8, chunk(sctp.COOKIE_ECHO), there)), // of another
        eth2(sctpFrame(9, chunk(sctp.COOKIE_ECHO), there)),
        vnet0(sctpFrame(7, chunk(sctp.COOKIE_ACK), back)),
        eth2(sctpFrame(9, [...data, ...data], there)),
        vnet0(sctpFrame(6, data, back)), // of another
        eth2(sctpFrame(5, chunk(sctp.HEARTBEAT), there)), // of another path: let through, not counted
        eth2(sctpFrame(0, initiation(sctp.INIT, 7), { ...there, sport: 1001 })),
        vnet0(sctpFrame(7, chunk(sctp.SHUTDOWN, { value: [0, 0, 0, 1] }), back)),
        eth2(sctpFrame(9, chunk(sctp.SHUTDOWN_ACK), there)),
        vnet0(sctpFrame(7, chunk(sctp.SHUTDOWN_COMPLETE), back)),
      ]),
    })
  })

  /** Rules that tell how many connections there are, from 1 to `most`, for packets that leave by one port only. */
  const counting = (most: number, options: string, port = 'vnet0'): string =>
    Array.from(
      { length: most },
      (_, i) =>
        `-A FORWARD -m physdev --physdev-is-bridged --physdev-out ${port} -m connlimit --connlimit-above ${i} ${options}`,
    ).join('\n')

  await t.test('connlimit', async (t) => {
    const [there, back] = ends(1000)
    const filter = (...rules: string[]): string => `*filter\n${rules.join('\n')}\nCOMMIT\n`
    await agree(t, 'connections that come, go on and close', {
      rules: filter(counting(5, '-s 10.0.0.2')),
      steps: alone([
        ...handshake(1000),
        ...handshake(1001),
        eth2(segment(SYN, { ...there, sport: 1002 }, 1)),
        eth2(segment(SYN, { ...there, sport: 1002 }, 1)),
        vnet0(segment(FIN | ACK, back, 501, 101)),
        eth2(segment(FIN | ACK, there, 101, 502)),
        vnet0(segment(ACK, back, 502, 102)),
        eth2(segment(ACK, { ...there, sport: 1001 }, 101, 501)),
        eth2(segment(ACK, there, 102, 502)),
        vnet0(segment(RST, { ...back, dport: 1001 }, 501)),
        eth2(udpFrame({ source: '10.0.0.2', destination: '10.0.0.9' })),
        eth2(icmpFrame(8, 0, { source: '10.0.0.2' })),
        eth2(icmpFrame(3, 1, { source: '10.0.0.2' })),
        eth2(icmpFrame(8, 0, { source: '10.0.0.2' })),
      ]),
    })
    await agree(t, 'answers count under their own address; the rule that closes a connection', {
      rules: filter(counting(4, ''), '-A FORWARD -p tcp', counting(4, '', 'eth2')),
      steps: alone([
        ...handshake(1000),
        ...handshake(1001),
        vnet0(segment(RST, back, 501)),
        eth2(segment(RST, { ...there, sport: 1001 }, 101)),
        ...handshake(1002),
      ]),
    })
    await agree(t, 'networks, destinations, at most', {
      rules: filter(
        '-A FORWARD -m connlimit --connlimit-upto 2 --connlimit-mask 24',
        '-A FORWARD -m connlimit --connlimit-above 2 --connlimit-mask 24',
        '-A FORWARD -m connlimit ! --connlimit-above 1 --connlimit-mask 0',
        '-A FORWARD -m connlimit --connlimit-above 2 --connlimit-daddr',
        '-A FORWARD -m connlimit --connlimit-above 2 --connlimit-daddr --connlimit-mask 31',
      ),
      steps: alone(
        ['10.0.0.2', '10.0.0.4', '10.0.1.2', '10.0.0.5'].flatMap((source, i) =>
          ['10.0.0.8', '10.0.0.9'].map((destination) => eth2(udpFrame({ source, destination, sport: i }))),
        ),
      ),
    })
    await agree(t, 'connections that are dropped, or in a train', {
      rules: filter(counting(6, ''), '-A FORWARD -p udp --dport 99 -j DROP'),
      steps: [
        ...alone([99, 98, 99, 97].map((dport) => eth2(udpFrame({ dport })))),
        [1, 2, 3].map((dport) => eth2(udpFrame({ dport }))),
        [4].map((dport) => eth2(udpFrame({ dport }))),
      ],
    })
    const many = Array.from({ length: 80 }, (_, i) => 2000 + i)
    await agree(t, 'many that are over leave by and by', {
      rules: filter(counting(85, '-s 10.0.0.2')),
      steps: [
        ...many.map((sport) => [eth2(segment(SYN, { ...there, sport }, 100))]),
        many.map((dport) => vnet0(segment(RST | ACK, { ...back, dport }, 0, 101))),
        [eth2(segment(SYN, { ...there, sport: 1 }, 100))],
        [eth2(segment(SYN, { ...there, sport: 2 }, 100))],
        [eth2(segment(SYN, { ...there, sport: 3 }, 100))],
      ],
    })
    await agree(t, 'without connections', {
      rules: `*raw\n${Array.from({ length: 5 }, (_, i) => `-A PREROUTING -m connlimit --connlimit-above ${i}`).join('\n')}\nCOMMIT\n`,
      steps: alone([
        ...handshake(1000),
        ...handshake(1001),
        eth2(udpFrame({ source: '10.0.0.2' })),
        eth2(udpFrame({ source: '10.0.0.2', sport: 7 })),
        eth2(icmpFrame(3, 1, { source: '10.0.0.2' })),
      ]),
    })
  })

  await t.test('zones, helpers and who decides how to track', async (t) => {
    const there = { source: '10.0.0.2', destination: '10.0.0.3', sport: 1000, payload: 4 }
    const back = { source: '10.0.0.3', destination: '10.0.0.2', dport: 1000, from: '02:00:00:00:00:03' }
    const states = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED']
    const asked = states.map((state) => `-A FORWARD -m state --state ${state}`)
    const walk = (raw: string[], filter: string[], frames: Entering[]): Walk => ({
      rules: `*raw\n${raw.join('\n')}\nCOMMIT\n*filter\n${[...asked, ...filter].join('\n')}\nCOMMIT\n`,
      steps: alone(frames),
    })
    const both = (port: number, target: string): string[] =>
      ['dport', 'sport'].map((side) => `-A PREROUTING -p udp --${side} ${port} -j ${target}`)
    const talk = (port: number): Entering[] => [
      eth2(udpFrame({ ...there, dport: port })),
      eth2(udpFrame({ ...there, dport: port })),
      vnet0(udpFrame({ ...back, sport: port })),
      eth2(udpFrame({ ...there, dport: port })),
    ]
    await agree(
      t,
      'zones of both directions, of one, of the mark',
      walk(
        [
          ...both(99, 'CT --zone 5'),
          '-A PREROUTING -p udp --dport 98 -j CT --zone-orig 6',
          '-A PREROUTING -p udp --dport 97 -j CT --zone-reply 7',
          ...both(96, 'CT --zone-orig 40000'),
          ...both(95, 'CT --zone-reply 65535'),
          ...both(94, 'MARK --set-mark 0x10009'),
          ...both(94, 'CT --zone mark'),
          '-A PREROUTING -p udp --dport 93 -j CT --zone 1',
          ...both(92, 'CT --zone-orig mark'),
          ...both(91, 'CT'),
        ],
        [
          '-m connlimit --connlimit-above 1',
          '-m connlimit --connlimit-above 2',
          '-m conntrack --ctproto udp',
        ].map((match) => `-A FORWARD ${match}`),
        [99, 98, 97, 96, 95, 94, 93, 92, 91, 90].flatMap(talk),
      ),
    )
    const ping = (type: number, fields: FrameFields): Uint8Array => icmpFrame(type, 0, fields)
    await agree(
      t,
      'the same addresses in two zones; errors are of the zone that they come in',
      walk(
        [
          '-A PREROUTING -m physdev --physdev-in eth2 -j CT --zone 1',
          '-A PREROUTING -m physdev --physdev-in vnet0 -j CT --zone 2',
        ],
        ['-A FORWARD -m connmark --mark 1', '-A FORWARD -p icmp -j CONNMARK --set-mark 1'],
        [
          eth2(ping(8, there)),
          vnet0(ping(8, there)),
          vnet0(ping(0, back)),
          eth2(ping(0, back)),
          eth2(udpFrame({ ...there, dport: 5 })),
          vnet0(udpFrame({ ...there, dport: 5 })),
          vnet0(udpFrame({ ...back, sport: 5 })),
          vnet0(unreachable(udpFrame({ ...there, dport: 5 }), back)),
          vnet0(unreachable(udpFrame({ ...there, dport: 6 }), back)),
          eth2(unreachable(udpFrame({ ...there, dport: 5 }), back)),
        ],
      ),
    )
    await agree(
      t,
      'helpers, the first rule, and what the rest of raw sees',
      walk(
        [
          '-A PREROUTING -p udp --dport 69 -j CT --helper tftp',
          '-A PREROUTING -p udp --dport 70 -j CT --helper tftp --zone 3 --ctevents new,destroy',
          '-A PREROUTING -p udp --dport 71 -j CT --notrack',
          '-A PREROUTING -p udp --dport 72 -j CT --ctevents assured',
          ...states.map((state) => `-A PREROUTING -m state --state ${state}`),
          '-A PREROUTING -p udp --dport 69:73 -j CT --zone 9',
          '-A PREROUTING -p udp --dport 69:74 -j NOTRACK',
          ...states.map((state) => `-A PREROUTING -m state --state ${state}`),
        ],
        ['--helper tftp', '! --helper tftp', '--helper ""', '! --helper ""'].map(
          (helper) => `-A FORWARD -m helper ${helper}`,
        ),
        [69, 70, 71, 72, 73, 74, 75].flatMap(talk),
      ),
    )
  })
})
