/**
 * What an instance costs the others: a packet through a nova-like set with 10,000 instances, against the same with
 * 10. Packets go to all instances in turn of a shuffle, the hardest there is for caches; their headers stand one
 * behind another and are taken in anew for each. Each size in a process of its own, as it would be.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stopwatch } from '../src/core/clock.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { describePacket } from '../src/netfilter/describe-packet.js'
import { FORWARD } from '../src/netfilter/hook.js'
import { Packet } from '../src/netfilter/packet.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { ACCEPT } from '../src/netfilter/verdict.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import type { Contender, Question, Sample } from './harness.js'
import { instanceAddress, novaRules } from './rule-sets.js'

const PACKETS = 4096
const PASSES = 300
/** Where one header begins after another. */
const STEP = 64
const SELF = fileURLToPath(import.meta.url)

export const instances: Question = {
  name: 'instances',
  title: 'a packet among 10,000 instance chains, against 10',
  unit: 'ns a packet',
  lessIsBetter: true,
  ours: '10,000 instances',
  expected: PACKETS * PASSES,
  bars: [{ against: '10 instances', bar: 1.5, reach: 1.1 }],
  rounds: 7,
  contenders: () =>
    Promise.resolve({ contenders: [inProcess('10,000 instances', 10_000), inProcess('10 instances', 10)] }),
}

function inProcess(name: string, count: number): Contender {
  const run = (): Sample => {
    const { stdout } = spawnSync(process.execPath, [SELF, String(count)], { encoding: 'utf8' })
    return JSON.parse(stdout) as Sample
  }
  return { name, run }
}

/** A multiplicative generator (Park and Miller): the same packets every time. */
function randoms(): (below: number) => number {
  let state = 20_261_123
  return (below) => (state = (state * 48_271) % 0x7fffffff) % below
}

function headers(count: number): Uint8Array {
  const bytes = new Uint8Array(PACKETS * STEP)
  const random = randoms()
  for (let i = 0; i < PACKETS; i++) {
    const { bytes: one, end } = describePacket({
      source: 0xc0a80000 + random(0x20000),
      destination: instanceAddress(random(count)),
      protocol: [6, 6, 6, 17, 1][random(5)],
      destinationPort: [22, 80, 443, 3306][random(4)],
    })
    bytes.set(one.subarray(0, end), i * STEP)
  }
  return bytes
}

function measure(count: number): Sample {
  const world = createWorld(anonymousNode('br100'), new Map(), SILENT)
  const engine = compile(parseRules('rules', Buffer.from(novaRules(count))), world)
  const bytes = headers(count)
  const packet = new Packet()
  packet.inInterface = packet.outInterface = 'br100'
  let accepted = 0
  const pass = (): void => {
    for (let i = 0; i < PACKETS; i++) {
      packet.read(bytes, -1, i * STEP)
      if (engine.judge(FORWARD, packet) === ACCEPT) accepted++
    }
  }
  for (let i = 0; i < PASSES; i++) pass()
  const before = countedBy(engine)
  const started = stopwatch()
  for (let i = 0; i < PASSES; i++) pass()
  const value = ((stopwatch() - started) * 1000) / (PACKETS * PASSES)
  return { value, count: accepted === 0 ? 0 : countedBy(engine) - before }
}

/** Packets that the jump from FORWARD has counted. */
function countedBy({ rules }: ReturnType<typeof compile>): number {
  return rules.tables.get('filter')!.chains.get('FORWARD')!.rules[0].packets
}

if (process.argv[1] === SELF) process.stdout.write(JSON.stringify(measure(Number(process.argv[2]))))
