/**
 * The bridge's hot loop in memory: learn, look up, queue. 4,096 frames of 1,024 stations behind 4 ports,
 * against c/bridge-loop.c, which takes the same steps over the same layout.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBridge } from '../src/bridge/bridge.js'
import { stopwatch } from '../src/core/clock.js'
import { Drops } from '../src/core/drops.js'
import { arenaBytes, createArena } from '../src/packet/arena.js'
import type { Arena } from '../src/packet/arena.js'
import { BURST, Burst } from '../src/packet/burst.js'
import { Memory } from '../src/packet/memory.js'
import type { Contender, Question, Sample } from './harness.js'

const FRAMES = 4096
const STATIONS = 1024
const PORTS = 4
const PASSES = 3000
const FRAME_BYTES = 60

export const bridgeLoop: Question = {
  name: 'bridge-loop',
  title: 'bridge hot loop in memory: learn, look up, queue',
  unit: 'ns a frame',
  lessIsBetter: true,
  ours: 'br100',
  expected: FRAMES * PASSES,
  bars: [{ against: 'C, gcc -O3', bar: 2, reach: 1.2 }],
  rounds: 7,
  async contenders() {
    const folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
    return { contenders: [ours(), inC(folder)], end: () => rmSync(folder, { recursive: true }) }
  },
}

function inC(folder: string): Contender {
  const source = fileURLToPath(new URL('../../bench/c/bridge-loop.c', import.meta.url))
  const program = join(folder, 'bridge-loop')
  execFileSync('gcc', ['-O3', '-march=native', source, '-o', program])
  const run = (): Sample => {
    const options = [FRAMES, STATIONS, PORTS, PASSES].map(String)
    const [value, count] = execFileSync(program, options, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split(' ')
    return { value: Number(value), count: Number(count) }
  }
  return { name: 'C, gcc -O3', run }
}

function ours(): Contender {
  const arena = createArena(new Memory(arenaBytes({ small: FRAMES, large: 1 })), { small: FRAMES, large: 1 })
  const bridge = createBridge(arena, new Drops())
  for (let port = 0; port < PORTS; port++) bridge.addPort()
  const bursts = fill(arena)
  const pass = (): void => {
    for (const burst of bursts) {
      bridge.process(burst)
      for (let port = 0; port < PORTS; port++) bridge.leaving(port)
    }
  }
  pass() // floods, and so learns: from here on every frame is forwarded
  const run = (): Sample => {
    const before = bridge.totals.forwarded
    const started = stopwatch()
    for (let i = 0; i < PASSES; i++) pass()
    const took = stopwatch() - started
    return { value: (took * 1000) / (FRAMES * PASSES), count: bridge.totals.forwarded - before }
  }
  return { name: 'br100', run }
}

/** Station s lives behind port s mod PORTS; each frame goes to a station behind another port. */
function fill(arena: Arena): Burst[] {
  const bursts: Burst[] = []
  for (let i = 0; i < FRAMES; i++) {
    if (i % BURST === 0) bursts.push(new Burst())
    const source = i % STATIONS
    let destination = (i * 7 + 1) % STATIONS
    if (destination % PORTS === source % PORTS) destination = (destination + 1) % STATIONS
    const slot = arena.take(FRAME_BYTES)
    const header = [...stationMac(destination), ...stationMac(source), 8, 0]
    arena.memory.bytes.set(header, arena.start[slot])
    arena.port[slot] = source % PORTS
    arena.time[slot] = 1_000_000
    bursts.at(-1)!.add(slot)
  }
  return bursts
}

function stationMac(station: number): number[] {
  return [2, 0, 0, 0, station >> 8, station & 0xff]
}
