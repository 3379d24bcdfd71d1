/** The kernel's bridge and ours given the same rules and frames, and what they do differently. */
import * as ipv4 from '../../src/wire/ipv4.js'
import { BRIDGE_MAC } from './bridge-under-test.js'
import type { BridgeOptions, BridgeUnderTest, Entering, Leaving, Outcome } from './bridge-under-test.js'
import { connectionTexts } from './connection-texts.js'
import { withKernelBridge } from './kernel-bridge.js'
import { ourBridge } from './our-bridge.js'
import type { EngineName } from './our-bridge.js'

/** What both are given. */
export interface Trial {
  options: BridgeOptions
  /** Lines for iptables-restore. */
  rules: string[]
  entering: Entering[]
  /** What of a frame that leaves, and of a line of the connections, is compared; none: all of it. */
  comparable?: { frame: (frame: Uint8Array) => Uint8Array; connection: (line: string) => string }
}

const ALL: NonNullable<Trial['comparable']> = { frame: (frame) => frame, connection: (line) => line }

/** One of ours: what it is called, and a new bridge of it for as long as `use` takes. */
export interface Ours {
  name: string
  withBridge(
    options: BridgeOptions,
    use: (bridge: BridgeUnderTest) => Promise<Outcome | string>,
  ): Promise<Outcome | string>
}

const ENGINES: readonly EngineName[] = ['compiled', 'interpreted']
const REPLAYS: readonly Ours[] = ENGINES.map((name) => ({
  name,
  withBridge: (options, use) => use(ourBridge(options, name)),
}))

/** What the kernel and one of ours do differently, a line each; null: nothing. The kernel's bridge is a new one. */
export async function difference(trial: Trial, ours: readonly Ours[] = REPLAYS): Promise<string | null> {
  const kernel = await withKernelBridge(trial.options, (bridge) => outcomeOf(bridge, trial))
  for (const { name, withBridge } of ours) {
    const outcome = await withBridge(trial.options, (bridge) => outcomeOf(bridge, trial))
    const found = compared(kernel, outcome, name, trial.comparable ?? ALL)
    if (found !== null) return found
  }
  return null
}

/** What became of the frames; a text: why the rules were refused. */
async function outcomeOf(bridge: BridgeUnderTest, { rules, entering }: Trial): Promise<Outcome | string> {
  return bridge.load(`${rules.join('\n')}\n`) ?? (await bridge.run(entering))
}

function compared(
  kernel: Outcome | string,
  ours: Outcome | string,
  engine: string,
  { frame, connection }: NonNullable<Trial['comparable']>,
): string | null {
  if (typeof kernel === 'string' && typeof ours === 'string') return null
  if (typeof kernel === 'string') return `the kernel refuses, ${engine} does not: ${kernel}`
  if (typeof ours === 'string') return `${engine} refuses, the kernel does not: ${ours}`
  const [theirConnections, myConnections] = connectionTexts(
    kernel.connections.map(connection),
    ours.connections.map(connection),
  )
  const [theirs, mine] = [
    [...linesOf(kernel, frame), ...theirConnections],
    [...linesOf(ours, frame), ...myConnections],
  ]
  const lines = [
    ...without(theirs, mine).map((line) => `kernel: ${line}`),
    ...without(mine, theirs).map((line) => `ours:   ${line}`),
  ]
  return lines.length === 0 ? null : [`the kernel and ${engine}:`, ...lines].join('\n')
}

/** What left, and every rule with its counters: the table's name in front of it, as their order may differ. */
function linesOf({ left, counters }: Outcome, of: (frame: Uint8Array) => Uint8Array): string[] {
  let table = ''
  const counted = counters
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line.startsWith('*')) table = line.slice(1)
      return `${table} ${line}`
    })
  return [...counted, ...left.map((one) => leavingText({ ...one, frame: of(one.frame) }))]
}

function leavingText({ cause, port, frame }: Leaving): string {
  return `frame ${cause} leaves by ${port}: ${Buffer.from(comparable(frame)).toString('hex')}`
}

const ETHERNET = 14

/** The node numbers its own datagrams as it likes: what it sends is compared without, if the checksum is right. */
function comparable(frame: Uint8Array): Uint8Array {
  const isOwn = Buffer.from(frame.subarray(6, 12)).toString('hex') === BRIDGE_MAC.replaceAll(':', '')
  if (!isOwn || frame[12] !== 8 || frame[13] !== 0 || !ipv4.checksumIsRight(frame, ETHERNET)) return frame
  const b = frame.slice()
  ipv4.setIdentification(b, ETHERNET, 0)
  ipv4.setChecksum(b, ETHERNET, 0)
  return b
}

/** Those of `a` that are not in `b`, each as often as it is there more often. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const one of b) counts.set(one, (counts.get(one) ?? 0) + 1)
  return a.filter((one) => {
    const left = counts.get(one) ?? 0
    counts.set(one, left - 1)
    return left <= 0
  })
}

/** Trials that minimising may take. */
const MOST_TRIALS = 120

/** The same trial with as little in it as still makes a difference, as far as that is cheap to find. */
export async function minimised(trial: Trial, ours: readonly Ours[] = REPLAYS): Promise<Trial> {
  let left = MOST_TRIALS
  const differs = async (smaller: Partial<Trial>): Promise<boolean> =>
    left-- > 0 && (await difference({ ...trial, ...smaller }, ours)) !== null
  const entering = await shrunk(
    trial.entering,
    () => true,
    (some) => differs({ entering: some }),
  )
  const isRule = (line: string): boolean => /^(-A|:[a-z])/.test(line)
  const rules = await shrunk(trial.rules, isRule, (some) => differs({ rules: some, entering }))
  return {
    ...trial,
    rules,
    entering: await shrunk(
      entering,
      () => true,
      (some) => differs({ rules, entering: some }),
    ),
  }
}

/** Leaves out of a list what may be left out, in halves, quarters … as long as `holds` does. */
async function shrunk<T>(
  list: readonly T[],
  mayGo: (one: T) => boolean,
  holds: (some: T[]) => Promise<boolean>,
): Promise<T[]> {
  let kept = [...list]
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = kept.length - size; at > -size; at -= size) {
      const smaller = kept.filter((one, i) => i < at || i >= at + size || !mayGo(one))
      if (smaller.length < kept.length && (await holds(smaller))) kept = smaller
    }
  return kept
}

/** A trial for people, and to be put into cases.ts. */
export function trialText({ options, rules, entering }: Trial): string {
  const frames = entering.map(({ port, frame }) => `${port} ${Buffer.from(frame).toString('hex')}`)
  const node = `address ${options.address ?? 'none'}${options.forwards === true ? ', forwards' : ''}`
  return [node, ...rules, ...frames].join('\n')
}
