/** `br100 run` as a bridge under test: its ports are veths, whose far ends are the wires that the kernel's bridge has. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PORTS } from './bridge-under-test.js'
import type { BridgeOptions, BridgeUnderTest, Entering, Outcome } from './bridge-under-test.js'
import type { Ours } from './differential.js'
import { setUpPorts } from './kernel-bridge.js'
import { LiveBridge } from './live-hosts.js'
import { nodeFile, refusalOf } from './our-bridge.js'
import { temporaryFolder } from './temporary.js'
import { Wires } from './wires.js'

const BR100 = 'dist/src/cli/main.js'

/** Live bridges by these system calls. */
export const liveBy = (io: 'uring' | 'rw'): Ours => ({
  name: `live, ${io}`,
  async withBridge(options, use) {
    const wires = new Wires(Object.keys(PORTS))
    try {
      await wires.receive()
      setUpPorts(wires.pid)
      return await use(bridgeOf(wires, options, io))
    } finally {
      await wires.end()
    }
  },
})

function bridgeOf(wires: Wires, options: BridgeOptions, io: string): BridgeUnderTest {
  let rules = ''
  return {
    load(text) {
      rules = text
      return refusalOf(text)
    },
    run: async (entering) => play(wires, options, io, rules, entering),
  }
}

async function play(
  wires: Wires,
  options: BridgeOptions,
  io: string,
  rules: string,
  entering: readonly Entering[],
): Promise<Outcome> {
  const folder = temporaryFolder()
  const [config, file, socket] = ['live.json', 'live.rules', 'live.sock'].map((name) => join(folder, name))
  const node = JSON.parse(nodeFile(options)) as { ports: Record<string, object> }
  const ports = Object.entries(node.ports).map(([name, own]) => [name, { ...own, packet: name }])
  writeFileSync(file, rules)
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({ ...node, ports: Object.fromEntries(ports), rules: file, control: socket }),
  )
  const command = ['-t', `${wires.pid}`, '-n', process.execPath, BR100, 'run', config, '--io', io]
  const bridge = new LiveBridge(spawn('nsenter', command))
  await bridge.hasSaid(/\((uring|rw)\)$/m)
  try {
    wires.send(entering)
    const left = await wires.receive()
    return {
      left,
      counters: ask('rules', socket),
      connections: ask('conntrack', socket).split('\n').slice(0, -1),
    }
  } finally {
    bridge.child.kill('SIGTERM')
    if (bridge.child.exitCode === null) await once(bridge.child, 'exit')
  }
}

function ask(what: string, socket: string): string {
  const asked = spawnSync(process.execPath, [BR100, 'show', what, '--socket', socket], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (asked.status !== 0) throw new Error(asked.stderr)
  return asked.stdout
}
