/**
 * What rules cost a packet at FORWARD: ours in memory, the packet's header taken in included, against what they
 * add to the kernel's time for a packet that it bridges: (1/rate with rules) − (1/rate without), in turn, between
 * two namespaces. None of the rules matches, so that all are asked.
 *
 * The kernel walks its rules one after another. Below 1,000 of them what they add is less than what one
 * measurement differs from the next, and it is taken as that part of what 1,000 add: a little too little, since
 * entering the table is left out.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stopwatch } from '../src/core/clock.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { describePacket } from '../src/netfilter/describe-packet.js'
import { FORWARD } from '../src/netfilter/hook.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { ACCEPT } from '../src/netfilter/verdict.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import type { Contender, Question, Sample } from './harness.js'
import { flatRules } from './rule-sets.js'

const PACKETS = 4096
const PASSES = 500
/** The fewest rules whose cost is measured as it is. */
const MEASURED = 1000
const SECONDS = '0.7'

export const filterForward: Question[] = [
  question(10, 1, 1),
  question(100, 1, 1),
  question(1000, 1, 1),
  question(10_000, 100, 500),
]

function question(count: number, bar: number, reach: number): Question {
  return {
    name: `filter-forward-${count}`,
    title: `${count.toLocaleString('en')} rules that do not match, cost of a packet`,
    unit: 'ns a packet',
    lessIsBetter: true,
    ours: 'br100',
    expected: (contender, done) => (contender === 'br100' ? done === PACKETS * PASSES : done > 0),
    bars: [{ against: 'kernel', bar: 1 / bar, reach: 1 / reach }],
    rounds: 5,
    async contenders() {
      const lab = new KernelLab(Math.max(count, MEASURED))
      return { contenders: [ours(count), kernel(lab, count)], end: () => lab.remove() }
    },
  }
}

function ours(count: number): Contender {
  const world = createWorld(anonymousNode('br100'), new Map(), SILENT)
  const engine = compile(parseRules('rules', Buffer.from(flatRules(count))), world)
  const packets = Array.from({ length: PACKETS }, (_, i) =>
    describePacket({
      source: 0x0a630001 + (i % 64),
      destination: 0x0a630100 + (i >> 6),
      protocol: 17,
      sourcePort: 1024 + i,
      destinationPort: (i * 7) & 0xffff,
    }),
  )
  const run = (): Sample => {
    let accepted = 0
    const started = stopwatch()
    for (let pass = 0; pass < PASSES; pass++)
      for (let i = 0; i < PACKETS; i++) {
        const packet = packets[i]
        packet.read(packet.bytes, -1, 0)
        if (engine.judge(FORWARD, packet) === ACCEPT) accepted++
      }
    return { value: ((stopwatch() - started) * 1000) / (PACKETS * PASSES), count: accepted }
  }
  return { name: 'br100', run }
}

function kernel(lab: KernelLab, count: number): Contender {
  const run = (): Sample => {
    const without = lab.rate(false)
    const withRules = lab.rate(true)
    const added = 1e9 / withRules - 1e9 / without
    return { value: (added * count) / Math.max(count, MEASURED), count: withRules }
  }
  return { name: 'kernel', run }
}

/** Two namespaces joined by a bridge in a third. */
class KernelLab {
  readonly #folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
  readonly #flood = join(this.#folder, 'udp-flood')
  readonly #rules: string
  readonly #sink: ChildProcess

  constructor(count: number) {
    if (process.getuid?.() !== 0) throw new Error('filter-forward: root is needed, for network namespaces')
    this.#rules = flatRules(count)
    const source = fileURLToPath(new URL('../../bench/c/udp-flood.c', import.meta.url))
    execFileSync('gcc', ['-O2', source, '-o', this.#flood])
    removeNamespaces()
    for (const space of SPACES) ip('netns', 'add', space)
    inside('br100-bench-sw', 'ip', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0')
    inside('br100-bench-sw', 'ip', 'link', 'set', 'br0', 'up')
    joinBridge('br100-bench-a', '10.99.0.1/24')
    joinBridge('br100-bench-b', '10.99.0.2/24')
    inside('br100-bench-sw', 'sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1')
    this.#sink = spawn('ip', ['netns', 'exec', 'br100-bench-b', this.#flood, '9'], { stdio: 'ignore' })
    inside('br100-bench-a', this.#flood, '10.99.0.2', '9', '0.3') // addresses are resolved, ports forward
  }

  /** Datagrams a second through the bridge. */
  rate(withRules: boolean): number {
    inside('br100-bench-sw', 'iptables-legacy', '-F')
    if (withRules)
      execFileSync('ip', ['netns', 'exec', 'br100-bench-sw', 'iptables-legacy-restore'], {
        input: this.#rules,
      })
    const text = execFileSync(
      'ip',
      ['netns', 'exec', 'br100-bench-a', this.#flood, '10.99.0.2', '9', SECONDS],
      { encoding: 'utf8' },
    )
    return Number(text.split(' ')[1])
  }

  remove(): void {
    this.#sink.kill()
    removeNamespaces()
    rmSync(this.#folder, { recursive: true })
  }
}

const SPACES = ['br100-bench-sw', 'br100-bench-a', 'br100-bench-b']

function removeNamespaces(): void {
  for (const space of SPACES) spawnSync('ip', ['netns', 'del', space], { stdio: 'ignore' })
}

/** Joins a namespace to the bridge by a veth pair. */
function joinBridge(space: string, address: string): void {
  const port = `port-${space.slice(-1)}`
  ip('link', 'add', 'eth0', 'netns', space, 'type', 'veth', 'peer', 'name', port, 'netns', 'br100-bench-sw')
  inside('br100-bench-sw', 'ip', 'link', 'set', port, 'master', 'br0', 'up')
  inside(space, 'ip', 'addr', 'add', address, 'dev', 'eth0')
  inside(space, 'ip', 'link', 'set', 'eth0', 'up')
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] })
}

function inside(space: string, ...words: string[]): void {
  ip('netns', 'exec', space, ...words)
}
