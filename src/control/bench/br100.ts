/** br100 as a contender: `br100 run` as a user has it, in a process of its own. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import type { BridgeState } from '../../pipeline/bridge-state.js'
import type { Shown } from '../../pipeline/live-messages.js'
import { askAt } from '../control-socket.js'
import type { Contender } from './contender.js'
import { runConfigText } from './setting.js'
import { BenchError, said } from './command.js'

/** The first line that it says when it carries frames. */
const STARTED = /\((uring|rw)\)$/m
/** What is under way leaves before it ends; longer than so many milliseconds it does not need. */
const PATIENCE = 10_000

/** `main` is the file of the command line, `io` which system calls it moves frames by. */
export function br100Contender(main: string, io: string): Contender {
  return {
    name: 'br100',
    async start(spaces, setting) {
      const [file, socket] = ['bench.yaml', 'bench.sock'].map((name) => join(spaces.folder, name))
      writeFileSync(file, runConfigText(setting, socket, spaces.name))
      const child = spaces.start('switch', [process.execPath, main, 'run', file, '--io', io])
      const means = await started(child)
      const [from, to] = setting.hosts
      return {
        means,
        async passed() {
          const { ports } = await stateAt(socket)
          return { entered: ports[from.port].rxFrames, left: ports[to.port].txFrames }
        },
        drops: async () => Object.entries((await stateAt(socket)).drops),
        stop: async () => stopped(child),
      }
    },
  }
}

/** By which system calls it works. Throws what it has said against it. */
async function started(child: ChildProcess): Promise<string> {
  try {
    const [, means] = await said(child, 'stderr', STARTED)
    return means
  } catch (error) {
    throw new BenchError((error as Error).message.replaceAll(/^br100: /gm, ''))
  }
}

async function stateAt(socket: string): Promise<BridgeState> {
  const { shown } = await askAt(socket, { show: 'ports' })
  return (shown as Shown).state
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) }).catch(() => child.kill('SIGKILL'))
  }
  if (child.exitCode !== 0) throw new BenchError('br100 run: it did not end as it should')
}
