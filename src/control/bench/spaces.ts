/**
 * Network namespaces of a bench: two hosts, and the switch between them. What was made and started in them is gone at
 * the end, whatever that end is; what a bench that was killed has left behind, the next one removes.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished, outputOf } from './command.js'
import type { Done } from './command.js'

/** Who has a namespace. */
export type Place = 'a' | 'b' | 'switch'

const PLACES: readonly Place[] = ['a', 'b', 'switch']

/** The namespaces. What runs in them is killed when the bench is interrupted, and nothing more is started. */
export interface Spaces {
  /** A folder for files and sockets, as long as the bench lasts. */
  readonly folder: string
  name(place: Place): string
  /** Makes them, empty; those that were there are gone. */
  make(): Promise<void>
  /** Runs a command to its end. */
  attempt(place: Place, command: readonly string[], input?: string): Promise<Done>
  /** What the command prints. Throws a BenchError where it fails. */
  run(place: Place, command: readonly string[], input?: string): Promise<string>
  /** Starts a command, which ends with the namespaces if it does not end before. */
  start(place: Place, command: readonly string[]): ChildProcess
  /** Nothing of it is left. */
  remove(): void
}

const PREFIX = 'br100-bench'
const [MADE, THEIRS] = ['/run/netns', /^br100-bench-(\d+)-/]

/** Namespaces that others of the same kind at the same time do not disturb. */
export function createSpaces(signal: AbortSignal): Spaces {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}-${process.pid}-`))
  const running = new Set<ChildProcess>()
  const name = (place: Place): string => `${PREFIX}-${process.pid}-${place}`

  const clear = (): void => {
    for (const child of running) child.kill('SIGKILL')
    running.clear()
    for (const place of PLACES) if (existsSync(join(MADE, name(place)))) removeSpace(name(place))
  }
  const remove = (): void => {
    clear()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  signal.addEventListener('abort', remove, { once: true })

  const start = (place: Place, command: readonly string[]): ChildProcess => {
    signal.throwIfAborted()
    const child = apart(['netns', 'exec', name(place), ...command])
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.stdin?.on('error', () => {}) // who has ended does not read
    for (const said of [child.stdout, child.stderr]) said?.resume() // it may speak without end to nobody
    return child
  }
  const attempt = async (place: Place, command: readonly string[], input = ''): Promise<Done> => {
    const child = start(place, command)
    child.stdin?.end(input)
    return finished(child)
  }

  const run = async (place: Place, command: readonly string[], input = ''): Promise<string> =>
    outputOf(await attempt(place, command, input), command)

  removeAbandoned()
  return {
    folder,
    name,
    async make() {
      clear()
      for (const place of PLACES) {
        signal.throwIfAborted()
        await addSpace(name(place))
      }
      for (const place of PLACES) await run(place, ['sh', '-ec', PREPARED])
    },
    attempt,
    run,
    start,
    remove,
  }
}

/** Nobody speaks IPv6 by himself, so that what is counted was sent; who is root may ping. */
const PREPARED = `
cd /proc/sys/net
for i in all default; do [ ! -e ipv6 ] || echo 1 > ipv6/conf/$i/disable_ipv6; done
echo 0 0 > ipv4/ping_group_range
ip link set lo up`

/** In a session of its own: what is typed at the terminal to end the bench is for the bench alone. */
function apart(words: readonly string[]): ChildProcess {
  return spawn('ip', words, { detached: true })
}

async function addSpace(name: string): Promise<void> {
  const words = ['netns', 'add', name]
  outputOf(await finished(apart(words)), ['ip', ...words])
}

function removeSpace(name: string): void {
  spawnSync('ip', ['netns', 'del', name])
}

/** Of benches whose process is no more: what still runs in them would keep the namespaces. */
function removeAbandoned(): void {
  for (const name of abandonedIn(MADE)) {
    const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
    for (const pid of stdout.split('\n').filter(Boolean)) end(Number(pid))
    removeSpace(name)
  }
  for (const name of abandonedIn(tmpdir())) rmSync(join(tmpdir(), name), { recursive: true, force: true })
}

function abandonedIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.filter((name) => {
    const owner = THEIRS.exec(name)?.[1]
    return owner !== undefined && !existsSync(`/proc/${owner}`)
  })
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself meanwhile.
  }
}
