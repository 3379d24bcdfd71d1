/**
 * The kernel, for benchmarks of rules: how many datagrams a second it bridges under some rules, between two network
 * namespaces on one machine.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SECONDS = '0.7'

/** Two namespaces joined by a bridge in a third. */
export class KernelLab {
  readonly #folder = mkdtempSync(join(tmpdir(), 'br100-bench-'))
  readonly #flood = join(this.#folder, 'udp-flood')
  readonly #sink: ChildProcess

  constructor() {
    if (process.getuid?.() !== 0) throw new Error('root is needed, for network namespaces')
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

  /** Datagrams a second through the bridge, under these rules or none. */
  rate(rules: string | null): number {
    inside('br100-bench-sw', 'iptables-legacy', '-F')
    if (rules !== null)
      execFileSync('ip', ['netns', 'exec', 'br100-bench-sw', 'iptables-legacy-restore'], { input: rules })
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
