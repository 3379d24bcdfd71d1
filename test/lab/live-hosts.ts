/** Hosts for a live bridge: network namespaces, one for the bridge and one behind each port. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { needs } from '../tools.js'
import { temporaryFolder } from './temporary.js'

const BR100 = 'dist/src/cli/main.js'
const PATIENCE = 15_000

/** Whether live ports can be had here; if not, the test was skipped, or failed where they are required. */
export function canRunLive(t: Test): boolean {
  if (!needs(t, 'ip', 'ping')) return false
  if (process.getuid?.() === 0) return true
  const message = 'not root: no live port was opened'
  if (process.env['BR100_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.plan(0, message)
  return false
}

/** What `ping -c 3 -w SECONDS` says: it sends on until three have been answered, and the first answers may come late. */
export const ANSWERED = / ([3-9]|\d\d+) received/

/** What a command has come to. */
export interface Done {
  status: number | null
  stdout: string
  stderr: string
}

/** Those that are there still when the process ends. */
const all = new Set<LiveHosts>()

function removeAll(): void {
  for (const hosts of all) hosts.remove()
}

/** Namespaces of these names, which others of the same name at the same time do not disturb. */
export class LiveHosts {
  readonly #running: ChildProcess[] = []
  readonly #names: string[]
  #files = 0
  /** Where the bridge that was started last listens. */
  socket = ''
  /** The path of its configuration. */
  config = ''

  constructor(...hosts: string[]) {
    this.#names = ['bridge', ...hosts].map((host) => this.namespace(host))
    if (all.size === 0) process.once('exit', removeAll)
    all.add(this)
    for (const name of this.#names) execFileSync('ip', ['netns', 'add', name])
  }

  /** The name of the namespace of a host. */
  namespace(host: string): string {
    return `br100-${process.pid}-${host}`
  }

  /** Runs a command on a host to its end. */
  on(host: string, ...command: string[]): Done {
    return spawnSync('ip', ['netns', 'exec', this.namespace(host), ...command], {
      encoding: 'utf8',
      timeout: PATIENCE,
    })
  }

  /** Starts a command on a host; it ends with the hosts. */
  start(host: string, ...command: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace(host), ...command])
    this.#running.push(child)
    return child
  }

  /** A file with this text: its path. */
  file(text: string, name = `${this.#files++}.yaml`): string {
    const path = join(temporaryFolder(), name)
    writeFileSync(path, text)
    return path
  }

  /** Runs the bridge of a configuration to its end. */
  runBridge(config: string): Done {
    return this.on('bridge', process.execPath, BR100, 'run', this.file(this.#ownSocket(config)))
  }

  /** Asks the bridge that was started last. */
  ask(...command: string[]): Done {
    return this.on('bridge', process.execPath, BR100, ...command, '--socket', this.socket)
  }

  /** Each bridge has a socket of its own, unless its configuration says otherwise. */
  #ownSocket(config: string): string {
    if (config.includes('control:')) return config
    this.socket = join(temporaryFolder(), `${this.#files++}.sock`)
    return `${config}\ncontrol: ${this.socket}\n`
  }

  /** Starts it, and waits until it carries frames; or until it has ended, and that fails. */
  async startBridge(config: string, ...options: string[]): Promise<LiveBridge> {
    this.config = this.file(this.#ownSocket(config))
    const bridge = new LiveBridge(
      this.start('bridge', process.execPath, BR100, 'run', this.config, ...options),
    )
    await bridge.hasSaid(/\((uring|rw)\)$/m)
    return bridge
  }

  /** Ends all that runs, and the namespaces. */
  remove(): void {
    for (const child of this.#running.splice(0)) child.kill('SIGKILL')
    for (const name of this.#names.splice(0)) spawnSync('ip', ['netns', 'del', name])
  }
}

/** `br100 run` at work. */
export class LiveBridge {
  stderr = ''
  readonly child: ChildProcess

  constructor(child: ChildProcess) {
    this.child = child
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** Waits for this on its standard error. */
  async hasSaid(what: RegExp): Promise<void> {
    const limit = AbortSignal.timeout(PATIENCE)
    while (!what.test(this.stderr)) {
      if (this.child.exitCode !== null) throw new Error(`br100 run has ended: ${this.stderr}`)
      await once(this.child.stderr!, 'data', { signal: limit })
    }
  }

  /** Sends it a signal and waits for its end: the exit status. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }
}
