/**
 * Frames that enter a bridge step by step, some milliseconds between them, and what of its rules has counted after
 * each step; in the end, its connections. By the kernel and by us.
 */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionLines } from '../../src/netfilter/conntrack/list.js'
import { parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { attachRules } from '../../src/pipeline/attach-rules.js'
import { Lab } from '../packets.js'
import { PORTS } from './bridge-under-test.js'
import type { Entering } from './bridge-under-test.js'
import { withKernelBridge } from './kernel-bridge.js'

/** Rules, and the frames of each step. */
export interface Walk {
  rules: string
  steps: ReadonlyArray<readonly Entering[]>
}

/**
 * For each step the rules that have counted, with their counters so far; then the connections, and what `conntrack -E`
 * says meanwhile, without times.
 */
export interface Seen {
  counted: string[][]
  connections: string[]
  events: string[]
}

/** Milliseconds after which a listener hears what happens. */
const LISTENS = 400
/** Seconds between two steps: more than a jiffy. A station is not remembered for so long, so that all is flooded. */
const STEP = 0.02

/** What the kernel does. */
export async function byKernel({ rules, steps }: Walk): Promise<Seen> {
  return withKernelBridge({ address: null }, async (bridge) => {
    const refused = bridge.load(rules)
    if (refused !== null) throw new Error(refused)
    const listener = bridge.spawn('conntrack', '-E')
    const events = outputOf(listener)
    await sleep(LISTENS)
    const counted: string[][] = []
    for (const step of steps) counted.push(countedIn((await bridge.run(step)).counters.split('\n')))
    const connections = await outputOf(bridge.spawn('conntrack', '-L'))
    listener.kill('SIGINT')
    return { counted, connections: timeless(connections).toSorted(), events: timeless(await events) }
  })
}

/** What a program prints until it ends. */
async function outputOf(program: ChildProcess): Promise<string[]> {
  let text = ''
  for await (const chunk of program.stdout!) text += String(chunk)
  return text.split('\n')
}

/** What we do. */
export function byUs({ rules, steps }: Walk): Seen {
  const events: string[] = []
  const ports = Object.fromEntries(Object.keys(PORTS).map((name) => [name, {}]))
  const lab = new Lab({ ports, ageingTime: STEP / 2 })
  const conntrack = { onEvent: (line: string): void => void events.push(line) }
  const attached = attachRules(lab.plane, { rules: parseRules('rules', Buffer.from(rules)), conntrack })
  const counted = steps.map((step) => {
    for (const { port, frame } of step) lab.send(port, frame)
    lab.now += STEP
    return countedIn([...saveLines(attached.engine.rules, { counters: true })])
  })
  const connections =
    attached.connections === null ? [] : connectionLines(attached.connections, lab.now * 1_000_000)
  return { counted, connections: timeless(connections).toSorted(), events: timeless(events) }
}

/** Rules of each table in their order; the order of the tables may differ. */
function countedIn(lines: string[]): string[] {
  let table = ''
  const counted: Record<string, string[]> = { raw: [], mangle: [], nat: [], filter: [] }
  for (const line of lines)
    if (line.startsWith('*')) table = line.slice(1)
    else if (/^\[[1-9]/.test(line)) counted[table].push(line)
  return Object.values(counted).flat()
}

/** Without how long they are kept yet. */
function timeless(lines: string[]): string[] {
  return lines
    .filter((line) => line !== '')
    .map((line) => line.replace(/^((?: *\[[A-Z]+\] )?\w+ +\d+) \d+/, '$1'))
}
