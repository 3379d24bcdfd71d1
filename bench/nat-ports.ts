/**
 * How long a new connection takes that SNAT gives the last free one of 64,000 ports, against one that gets the first:
 * all come from the same port of other clients and go to one destination. For each measurement one that is there
 * goes, any of them, so that another port is the last free one.
 */
import { stopwatch } from '../src/core/clock.js'
import { compile } from '../src/netfilter/compile/compile.js'
import { createConntrack } from '../src/netfilter/conntrack/conntrack.js'
import { describePacket } from '../src/netfilter/describe-packet.js'
import { FORWARD, POSTROUTING, PREROUTING } from '../src/netfilter/hook.js'
import type { Packet } from '../src/netfilter/packet.js'
import { parseRules } from '../src/netfilter/rule-script.js'
import { ACCEPT } from '../src/netfilter/verdict.js'
import { anonymousNode } from '../src/pipeline/node-view.js'
import { SILENT, createWorld } from '../src/pipeline/world.js'
import type { Contender, Question, Sample } from './harness.js'

const PORTS = 64_000
const RULES = `*nat
-A POSTROUTING -p udp -j SNAT --to-source 192.0.2.1:1024-${1023 + PORTS}
COMMIT
`
const NEW = 4000
const CLIENTS = 0x0a000000

/** The port that is hardest to find. */
export const natPorts: Question = {
  name: 'nat-ports',
  title: `SNAT, ${PORTS.toLocaleString('en')} connections to one destination: the last free port`,
  unit: 'µs a connection',
  lessIsBetter: true,
  ours: 'the last free port',
  expected: NEW,
  bars: [{ against: 'the first', bar: 10, reach: 2 }],
  rounds: 7,
  contenders: () =>
    Promise.resolve({ contenders: [taking('the last free port', PORTS), taking('the first', 1)] }),
}

/** Connections that come when all ports but one of so many are taken. */
function taking(name: string, ports: number): Contender {
  const connections = createConntrack()
  const world = createWorld(anonymousNode('br100'), new Map(), SILENT, connections)
  const engine = compile(parseRules('rules', Buffer.from(RULES)), world)
  const taken: number[] = []
  let clients = 0

  function begin(packet: Packet): void {
    for (const hook of [PREROUTING, FORWARD, POSTROUTING] as const)
      if (engine.judge(hook, packet) !== ACCEPT) throw new Error(`${name}: no port for a connection`)
    taken.push(packet.connection)
  }

  const packet = (): Packet =>
    describePacket({
      source: CLIENTS + ++clients,
      destination: 0xc6336401,
      sourcePort: 40_000,
      destinationPort: 53,
    })

  function free(): void {
    const i = (clients * 7919) % taken.length
    connections.table.remove(taken[i])
    taken[i] = taken[taken.length - 1]
    taken.pop()
  }

  const run = (): Sample => {
    while (taken.length < ports) begin(packet())
    const packets = Array.from({ length: NEW }, packet)
    let time = 0
    for (const one of packets) {
      free()
      const started = stopwatch()
      begin(one)
      time += stopwatch() - started
    }
    return { value: time / NEW, count: connections.table.count === ports ? packets.length : -1 }
  }
  return { name, run }
}
