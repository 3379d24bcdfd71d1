/** Captures of a dataplane: which frames, what is said of those that are dropped, and what is lost. */
import t from 'tap'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import fc from 'fast-check'
import { parseFilter } from '../../src/netfilter/frame-filter.js'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import { IN, INTERFACE, OUT, createRecordWriter, readRecords } from '../../src/pipeline/capture-records.js'
import type { CaptureRecord } from '../../src/pipeline/capture-records.js'
import { MOST_WAITING } from '../../src/pipeline/capture-tap.js'
import type { CaptureMessage } from '../../src/pipeline/capture-tap.js'
import { createCaptures } from '../../src/pipeline/captures.js'
import type { Captures } from '../../src/pipeline/captures.js'
import { anonymousNode } from '../../src/pipeline/node-view.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import { udpFrame } from '../netfilter/frames.js'
import { ruleSet } from '../netfilter/rules.js'
import { BROADCAST, Lab, frame } from '../packets.js'
import { runs } from '../soak.js'

const L3 = 14
const [A, B, C] = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03']

/** A bridge of three ports that can be captured. */
class CapturedLab extends Lab {
  readonly captures: Captures
  readonly #channels = new Map<number, MessagePort>()
  /** Frames lost, by interface, of the capture that was read last. */
  lost: number[] = []
  readonly taken = new SharedArrayBuffer(4)

  constructor(rules = '') {
    super({ ports: { p0: {}, p1: {}, p2: {} }, stations: { [A]: 'p0', [B]: 'p1' }, large: 80 })
    if (rules !== '') attachRules(this.plane, { rules: ruleSet(rules) })
    this.captures = createCaptures(this.plane, anonymousNode('br100'), () => new Map())
    this.process = (burst) => this.captures.process(burst)
  }

  begin(port: string | null = null, ...filter: string[]): number {
    const { port1, port2: out } = new MessageChannel()
    const id = this.#channels.size
    this.captures.begin({ id, port, filter, taken: this.taken, out })
    this.#channels.set(id, port1)
    return id
  }

  /** What was captured since this was asked last: `PORT in|out LENGTH COMMENT`. */
  read(id = 0): string[] {
    return this.records(id).map(({ name, record }) =>
      `${name} ${record.kind === IN ? 'in' : 'out'} ${record.frame.length} ${record.comment}`.trimEnd(),
    )
  }

  readonly #names: string[] = []
  records(id: number): Array<{ name: string; record: CaptureRecord }> {
    const records: CaptureRecord[] = []
    const port = this.#channels.get(id)!
    for (let one = receiveMessageOnPort(port); one !== undefined; one = receiveMessageOnPort(port)) {
      const message = one.message as CaptureMessage
      records.push(...readRecords(message.records))
      this.lost = message.lost
      Atomics.add(new Int32Array(this.taken), 0, message.records.byteLength)
    }
    for (const { kind, interface: number, frame: name } of records)
      if (kind === INTERFACE) this.#names[number] = Buffer.from(name).toString()
    return records
      .filter(({ kind }) => kind !== INTERFACE)
      .map((record) => ({ name: this.#names[record.interface], record }))
  }

  closeChannels(): void {
    for (const port of this.#channels.values()) port.close()
  }
}

function labFor(test: { teardown(done: () => void): void }, rules = ''): CapturedLab {
  const lab = new CapturedLab(rules)
  test.teardown(() => lab.closeChannels())
  return lab
}

t.test('records are read as they were written, comments put in between', async (t) => {
  const frames = fc.array(fc.tuple(fc.uint8Array({ maxLength: 90 }), fc.string({ maxLength: 20 })))
  fc.assert(
    fc.property(frames, (all) => {
      const writer = createRecordWriter()
      const places = all.map(([bytes], i) => writer.add(i % 2 ? IN : OUT, i, i / 3, bytes, 0, bytes.length))
      // From the last one on: whatever stands behind is moved.
      for (let i = all.length - 1; i >= 0; i--) if (all[i][1] !== '') writer.setComment(places[i], all[i][1])
      const read = [...readRecords(writer.take())]
      t.same(
        read.map((one) => [one.kind, one.interface, one.time, [...one.frame], one.comment]),
        all.map(([bytes, text], i) => [i % 2 ? IN : OUT, i, i / 3, [...bytes], Buffer.from(text).toString()]),
      )
      return writer.filled() === 0
    }),
    runs(100),
  )
})

t.test('where frames come in and leave, and why they do not', async (t) => {
  const lab = labFor(t, '*filter\n-A FORWARD -m physdev --physdev-out p2 -p udp --dport 53 -j DROP\nCOMMIT\n')
  const dropped = 'filter FORWARD: -p udp -m physdev --physdev-out p2 -m udp --dport 53 -j DROP'
  const seen = lab.plane.totals
  t.ok(lab.captures.isIdle())
  lab.begin()
  t.notOk(lab.captures.isIdle())
  t.same(lab.send('p0', udpFrame({ from: A, to: B })), ['p1'])
  t.same(lab.read(), ['p0 in 42', 'p1 out 42'])
  lab.send('p0', udpFrame({ from: A, to: BROADCAST, padding: 10 }), udpFrame({ from: A, to: A, padding: 1 }))
  t.same(
    lab.read(),
    [`p0 in 52 dropped: ${dropped}`, 'p1 out 42', 'p0 in 43 dropped: same-port'],
    'one of the copies; as it came in, and trimmed',
  )
  const broken = udpFrame({ from: A, to: B })
  broken[30]++
  lab.send('p0', broken, new Uint8Array(5), frame(A, BROADCAST))
  t.same(lab.read(), [
    'p0 in 42 dropped: bad-checksum',
    'p0 in 5 dropped: runt',
    'p0 in 60 dropped: bad-source',
  ])
  t.match(lab.plane.totals, { forwarded: seen.forwarded + 1, flooded: 1, dropped: 4 })
  lab.captures.end(0)
  t.ok(lab.captures.isIdle())
})

t.test('frames without rules; captures of one port, and several at once', async (t) => {
  const lab = labFor(t)
  const [all, one, filtered] = [lab.begin(), lab.begin('p1'), lab.begin(null, '-p', 'udp', '-o', 'p1')]
  lab.send('p0', frame(B, A), udpFrame({ from: A, to: B }))
  t.same(lab.read(all), ['p0 in 60', 'p1 out 60', 'p0 in 42', 'p1 out 42'])
  t.same(lab.read(one), ['p1 out 60', 'p1 out 42'])
  t.same(lab.read(filtered), ['p1 out 42'])
  t.throws(() => lab.begin('p9'), { name: 'DeviceError', message: 'p9: there is no such port' })
  t.throws(() => lab.begin(null, '-p', 'nonsense'), { name: 'RuleError' })
  for (let more = 3; more < 8; more++) lab.begin()
  t.throws(() => lab.begin(), { message: /8 captures are at work/ })
  lab.captures.close()
  t.ok(lab.captures.isIdle())
})

t.test('a port that comes later is another interface', async (t) => {
  const lab = labFor(t)
  lab.begin()
  lab.plane.removePort(2)
  lab.addPort('later', {}, 2)
  lab.send('later', frame(A, C))
  t.same(lab.read(), ['later in 60', 'p0 out 60'])
})

/** The data of a datagram from one byte to another. */
function fragmentOf(whole: Uint8Array, from: number, to: number): Uint8Array {
  const data = L3 + ipv4.HEADER_LENGTH
  const b = Uint8Array.from([...whole.subarray(0, data), ...whole.subarray(data + from, data + to)])
  ipv4.setTotalLength(b, L3, b.length - L3)
  ipv4.setFlags(b, L3, data + to < whole.length ? ipv4.MORE_FRAGMENTS : 0)
  ipv4.setFragmentOffset(b, L3, from)
  ipv4.fillChecksum(b, L3)
  return b
}

t.test('fragments that are put together: the last one is told of', async (t) => {
  const lab = labFor(t, '*filter\n-A FORWARD -m state --state NEW -j DROP\nCOMMIT\n')
  lab.begin()
  const whole = udpFrame({ from: A, to: B, payload: 24 })
  const [first, last] = [fragmentOf(whole, 0, 16), fragmentOf(whole, 16, 32)]
  lab.waiting = 1
  lab.send('p0', first)
  lab.waiting = 0
  lab.send('p0', last)
  t.same(lab.read(), ['p0 in 50', 'p0 in 50 dropped 2: filter FORWARD: -m state --state NEW -j DROP'])
})

t.test('who does not read loses frames, and is told how many', async (t) => {
  const lab = labFor(t)
  lab.begin()
  const long = frame(B, A, 60_000)
  const most = Math.floor(MOST_WAITING / 60_000)
  for (let i = 0; i < most; i++) t.same(lab.send('p0', long), ['p1'])
  const held = lab.read().length
  t.ok(Math.abs(held - most) < 10, `${held} of ${2 * most}`)
  lab.send('p0', frame(B, A))
  t.same(lab.read(), ['p0 in 60', 'p1 out 60'], 'and goes on')
  t.same(
    lab.lost.reduce((sum, one) => sum + one, 0),
    2 * most - held,
  )
})

t.test('what a filter may ask', async (t) => {
  t.doesNotThrow(() =>
    parseFilter(['!', '-s', '10.0.0.0/8', '-p', 'udp', '-m', 'multiport', '--ports', '1,2']),
  )
  for (const [words, message] of [
    ['-p', /--p?.*expected PROTOCOL/],
    ['port 67', /port: expected an option/],
    ['-p udp -j ACCEPT', /-j or -g/],
    ['-g INPUT', /-g INPUT/],
    ['-m conntrack --ctstate NEW', /each frame by itself/],
    ['-m helper --helper ftp', /each frame by itself/],
    ['--dport 67', /no option of the rule/],
  ] as const)
    t.throws(() => parseFilter(words.split(' ')), { name: 'RuleError', message }, words)
})
