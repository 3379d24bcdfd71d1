/** br100 print, as a process of its own. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { printFrame } from '../../src/inspect/print.js'
import { SINK_BYTES } from '../../src/io/byte-sink.js'
import { PcapngWriter } from '../../src/io/pcapng-writer.js'
import { Memory } from '../../src/packet/memory.js'
import { UDP } from '../inspect/examples.js'
import { pcapOf } from '../inspect/frames.js'
import { framesOf } from '../wire/golden.js'

const MAIN = 'dist/src/cli/main.js'
const BOOT = 'pcaps/golden/boot/ctl-br100.pcap'
const ENVIRONMENT = { ...process.env, TZ: 'UTC' }
const FRAMES = framesOf(BOOT).map((bytes) => printFrame(bytes, 0, bytes.length))
const LINE = 'IP 10.0.0.2.5 > 10.0.0.1.9: UDP, length 2'

interface Outcome {
  status: number | null
  lines: string[]
  stderr: string
}

function print(...options: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'print', ...options], {
    encoding: 'utf8',
    env: ENVIRONMENT,
  })
  return { status, lines: stdout.split('\n').slice(0, -1), stderr }
}

/** A line without its time. */
function untimed(line: string): string {
  return line.replace(/^\d\d:\d\d:\d\d\.\d+ /, '')
}

t.test('a line a frame, each behind its time', async (t) => {
  const { status, lines, stderr } = print(BOOT)
  t.same([status, stderr], [0, ''])
  t.same(lines.map(untimed), FRAMES)
  t.match(lines[0], /^\d\d:\d\d:\d\d\.630513481 IP 0\.0\.0\.0\.68 > /)
})

t.test('the time is local, with nanoseconds where the capture has them', async (t) => {
  const path = join(t.testdir(), 'times.pcap')
  const pcap = pcapOf([UDP, UDP])
  pcap.writeUInt32LE(86_399 + 20_000 * 86_400, 24)
  pcap.writeUInt32LE(1234, 28)
  writeFileSync(path, pcap)
  t.equal(print(path, '-c', '1').lines[0], `23:59:59.001234 ${LINE}`)
  const kolkata = spawnSync(process.execPath, [MAIN, 'print', path, '-c', '1'], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'Asia/Kolkata' },
  })
  t.equal(kolkata.stdout, `05:29:59.001234 ${LINE}\n`)
  pcap.writeUInt32LE(0xa1b23c4d, 0)
  writeFileSync(path, pcap)
  t.same(print(path).lines, [`23:59:59.000001234 ${LINE}`, `00:00:00.000000000 ${LINE}`])
})

t.test('--count', async (t) => {
  t.same(print(BOOT, '-c', '3').lines.map(untimed), FRAMES.slice(0, 3))
  t.equal(print(BOOT, '--count', '100000').lines.length, FRAMES.length)
  for (const count of ['x', '0', '-1', '1.5', '']) {
    const { status, lines, stderr } = print(BOOT, `--count=${count}`)
    t.same([status, lines.length], [2, 0])
    t.equal(stderr, `br100: --count ${count}: expected a whole number above 0\n`)
  }
})

t.test('frames of several interfaces say which', async (t) => {
  const path = join(t.testdir(), 'two.pcapng')
  const memory = new Memory(SINK_BYTES + 4096)
  const at = memory.reserve(UDP.length)
  memory.bytes.set(UDP, at)
  const writer = new PcapngWriter(path, memory, ['eth2', 'vnet\x1b0', ''])
  for (const i of [0, 1, 2]) writer.write(i, at, UDP.length, UDP.length + i, i, 0)
  writer.close()
  t.same(print(path).lines, [
    `00:00:00.000000 eth2 ${LINE}`,
    `00:00:01.000000 vnet\\0270 ${LINE} [cut 44 of 45 bytes]`,
    `00:00:02.000000 #2 ${LINE} [cut 44 of 46 bytes]`,
  ])
})

t.test('a file that was cut: what is there, then the warning', async (t) => {
  const path = join(t.testdir(), 'cut.pcap')
  writeFileSync(path, pcapOf([UDP, UDP, UDP]).subarray(0, -1))
  const { status, lines, stderr } = print(path)
  t.same([status, lines.length], [1, 2])
  t.match(stderr, /^br100: .*cut\.pcap: offset 144: cut in a record.*\n$/)
  t.equal(print(path, '-c', '2').status, 0, 'of no matter where the count ends before it')
})

t.test('a file that is malformed: what stands before, then the error', async (t) => {
  const path = join(t.testdir(), 'bad.pcap')
  const pcap = pcapOf([UDP, UDP])
  pcap.writeUInt32LE(0x7fffffff, 24 + 16 + UDP.length + 8)
  writeFileSync(path, pcap)
  const { status, lines, stderr } = print(path)
  t.same([status, lines.length], [1, 1])
  t.match(stderr, /^br100: .*bad\.pcap: offset 92: captured length 2147483647, expected at most /)
})

t.test('no file, no argument', async (t) => {
  const { status, lines, stderr } = print('no/such.pcap')
  t.same([status, lines.length, stderr], [1, 0, 'br100: no/such.pcap: no such file\n'])
  t.equal(print().status, 2)
})

/** A capture with more lines than any pipe holds. */
function longCapture(path: string): number {
  const golden = readFileSync(BOOT)
  const repeats = 100
  writeFileSync(path, Buffer.concat([golden, ...Array<Buffer>(repeats - 1).fill(golden.subarray(24))]))
  return FRAMES.length * repeats
}

t.test('a reader that has seen enough', async (t) => {
  const path = join(t.testdir(), 'long.pcap')
  longCapture(path)
  const command = `"${process.execPath}" ${MAIN} print "${path}" | head -n 2; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8', env: ENVIRONMENT })
  const [first, second, status] = stdout.split('\n')
  t.same([untimed(first), untimed(second)], FRAMES.slice(0, 2))
  t.same([status, stderr], ['0', ''])
})

t.test('a reader that is slow', async (t) => {
  const path = join(t.testdir(), 'long.pcap')
  const count = longCapture(path)
  const child = spawn(process.execPath, [MAIN, 'print', path], { env: ENVIRONMENT })
  await setTimeout(500) // the pipe is full by now
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [status] = (await once(child, 'close')) as [number]
  const lines = Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1)
  t.equal(status, 0)
  t.equal(lines.length, count)
  t.equal(untimed(lines[count - 1]), FRAMES[FRAMES.length - 1])
})
