/**
 * Bridging between two ports in memory, a slot of the arena taken and freed for every frame, against
 * `dpdk-testpmd --forward-mode=mac` between two null ports. A null port of either makes frames out of nothing
 * and swallows what it is sent; ours also writes an Ethernet header into each, which the bridge reads.
 */
import { spawn } from 'node:child_process'
import { stopwatch } from '../src/core/clock.js'
import type { Port } from '../src/core/port.js'
import { arenaBytes, createArena } from '../src/packet/arena.js'
import type { Arena } from '../src/packet/arena.js'
import { BURST, Burst } from '../src/packet/burst.js'
import { Memory } from '../src/packet/memory.js'
import { createDataplane } from '../src/pipeline/dataplane.js'
import type { Dataplane } from '../src/pipeline/dataplane.js'
import type { Contender, Question, Sample } from './harness.js'

const FRAME_BYTES = 64
const FRAMES = 128 * 1024 * 512
const TESTPMD_SECONDS = 4

export const memoryPorts: Question = {
  name: 'memory-ports',
  title: 'bridging between two memory ports',
  unit: 'million frames/s',
  lessIsBetter: false,
  ours: 'br100',
  // testpmd runs for a time, not for a number of frames; its own counts in and out are compared in `testpmd`.
  expected: (contender, count) => (contender === 'br100' ? count === FRAMES : count > 0),
  bars: [{ against: 'dpdk-testpmd', bar: 1, reach: 2 }],
  rounds: 5,
  async contenders() {
    return { contenders: [ours(), { name: 'dpdk-testpmd', run: testpmd }] }
  },
}

/** Two ports: frames from a station behind each to the one behind the other; what they are sent is freed. */
function createNullPorts(arena: Arena): Port[] {
  const { start, port, time, take, freeAll } = arena
  const { words } = arena.memory
  // As the arena's words see it: two bytes of headroom, then the header of 14 bytes. Stations 1 and 2.
  const header = (destination: number, source: number): number[] => [
    0,
    0,
    2,
    0,
    0,
    0,
    0,
    destination,
    2,
    0,
    0,
    0,
    0,
    source,
    8,
    0,
  ]
  const headers = new Int32Array(Uint8Array.from([...header(2, 1), ...header(1, 2)]).buffer)

  function generate(number: number, burst: Burst, room: number, now: number): void {
    const h = number * 4
    const { slots } = burst
    let { count } = burst
    for (let i = 0; i < room; i++) {
      const slot = take(FRAME_BYTES)
      const w = (start[slot] - 2) >> 2
      words[w] = headers[h]!
      words[w + 1] = headers[h + 1]!
      words[w + 2] = headers[h + 2]!
      words[w + 3] = headers[h + 3]!
      port[slot] = number
      time[slot] = now
      slots[count++] = slot
    }
    burst.count = count
  }

  return [0, 1].map((number) => ({
    receive: (burst, room, now) => generate(number, burst, room, now),
    transmit: freeAll,
  }))
}

/** Two null ports and the bridge between them. */
export interface NullBridge {
  plane: Dataplane
  /** Carries a burst from each port to the other. */
  turn(now: number): void
}

/** Makes one. */
export function createNullBridge(): NullBridge {
  const arena = createArena(new Memory(arenaBytes({ small: 1024, large: 1 })), { small: 1024, large: 1 })
  const plane = createDataplane(arena)
  const ports = createNullPorts(arena)
  for (const [i, port] of ports.entries()) plane.addPort(`null${i}`, port)
  const burst = new Burst()
  const turnOf = (number: number, now: number): void => {
    ports[number].receive(burst, BURST, now)
    plane.received(number, burst.count, burst.count * FRAME_BYTES)
    plane.process(burst)
  }
  const turn = (now: number): void => {
    turnOf(0, now)
    turnOf(1, now)
  }
  return { plane, turn }
}

function ours(): Contender {
  const { plane, turn } = createNullBridge()
  const run = (): Sample => {
    const { txFrames } = plane.counters
    const before = txFrames[0] + txFrames[1]
    const started = stopwatch()
    for (let frames = 0; frames < FRAMES; frames += 2 * BURST) turn(started)
    const took = stopwatch() - started
    return { value: FRAMES / took, count: txFrames[0] + txFrames[1] - before }
  }
  return { name: 'br100', run }
}

/** One forwarding core, no hugepages, no devices of the machine. */
const TESTPMD_OPTIONS = [
  ...['--no-pci', '--no-huge', '-m', '512', '-l', '0,1', '--vdev=net_null0', '--vdev=net_null1', '--'],
  ...['--forward-mode=mac', '--auto-start', '--nb-cores=1', '--total-num-mbufs=8192', '--no-lsc-interrupt'],
  '--stats-period=1',
]

/** The rate of its last full second, and the frames that it forwarded. */
async function testpmd(): Promise<Sample> {
  const child = spawn('dpdk-testpmd', TESTPMD_OPTIONS, { stdio: ['ignore', 'pipe', 'ignore'] })
  setTimeout(() => child.kill('SIGINT'), TESTPMD_SECONDS * 1000)
  let output = ''
  for await (const text of child.stdout.setEncoding('utf8')) output += text as string
  const rates = [...output.matchAll(/Tx-pps:\s+(\d+)/g)].map((match) => Number(match[1])).slice(-2)
  const total = /Accumulated forward statistics[^]*?RX-packets: (\d+)[^]*?TX-packets: (\d+)/.exec(output)
  if (rates.length < 2 || total === null || total[1] !== total[2])
    throw new Error(`dpdk-testpmd: its statistics could not be read:\n${output.slice(-2000)}`)
  return { value: (rates[0] + rates[1]) / 1e6, count: Number(total[2]) }
}
