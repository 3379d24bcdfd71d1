/** Our bridge with rules on it, by the library's own replay: one capture a port in, one a port out. */
import { join } from 'node:path'
import { describe, nodeOptions } from '../../src/cli/inputs.js'
import { parseNode } from '../../src/control/node.js'
import { RulesError } from '../../src/netfilter/rule-error.js'
import { parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { undecidedIn } from '../../src/netfilter/verify.js'
import { replay } from '../../src/pipeline/replay.js'
import { readPcap, writePcap } from '../captures.js'
import { BRIDGE, BRIDGE_MAC, PORTS } from './bridge-under-test.js'
import type { BridgeOptions, BridgeUnderTest, Entering, Leaving, Outcome } from './bridge-under-test.js'
import { temporaryFolder } from './temporary.js'

/** What decides: the compiled rules, or the interpreter, which is what explains. */
export type EngineName = 'compiled' | 'interpreted'

/** A bridge like the kernel's of the same options. What its rules NFLOG goes to a file of this path, if there is one. */
export function ourBridge(options: BridgeOptions, engine: EngineName, nflog?: string): BridgeUnderTest {
  let loaded = ''
  return {
    load(rules) {
      loaded = ''
      const refused = refusalOf(rules)
      if (refused === null) loaded = rules
      return refused
    },
    run: async (entering) => play(loaded, options, engine, entering, nflog),
  }
}

/** Why we refuse rules; null where we do not. */
export function refusalOf(rules: string): string | null {
  try {
    const undecided = undecidedIn(parseRules('rules', Buffer.from(rules)))
    return undecided.length === 0 ? null : new RulesError('rules', undecided).message
  } catch (error) {
    if (error instanceof RulesError) return error.message
    throw error
  }
}

/** One millisecond from frame to frame: its number is in the time of whatever leaves because of it. */
const NANOSECONDS_APART = 1_000_000

async function play(
  text: string,
  options: BridgeOptions,
  engine: EngineName,
  entering: readonly Entering[],
  nflog?: string,
): Promise<Outcome> {
  const folder = temporaryFolder()
  const inputs = Object.keys(PORTS).map((port) => ({
    port,
    path: writePcap(
      join(folder, `${port}.in.pcap`),
      entering.flatMap(({ port: by, frame }, i) =>
        by === port ? [{ seconds: 1000, nanoseconds: i * NANOSECONDS_APART, frame: Buffer.from(frame) }] : [],
      ),
    ),
  }))
  const node = parseNode(nodeFile(options), 'node', Object.keys(PORTS))
  const rules = parseRules('rules', Buffer.from(text))
  const explain = engine === 'interpreted' ? { explain: { port: '', number: 0 } } : {}
  const log = nflog === undefined ? {} : { nflog }
  const netfilter = { rules, node: describe(BRIDGE, node), ...explain, ...log }
  const report = await replay({ inputs, out: folder, debug: true, netfilter, ...nodeOptions(node) })
  return {
    left: leavingOf(folder),
    counters: [...saveLines(report.rules!, { counters: true }), ''].join('\n'),
    connections: report.connections ?? [],
  }
}

function leavingOf(folder: string): Leaving[] {
  return Object.keys(PORTS).flatMap((port) =>
    readPcap(join(folder, `${port}.pcap`)).map(({ nanoseconds, frame }) => ({
      cause: Math.floor(nanoseconds / NANOSECONDS_APART),
      port,
      frame: Uint8Array.from(frame),
    })),
  )
}

/** The same node as the kernel's, for `--node`. */
export function nodeFile({ address, neighbours = {}, forwards = false, guards = {} }: BridgeOptions): string {
  return JSON.stringify({
    bridge: BRIDGE,
    mac: BRIDGE_MAC,
    address: address === null ? [] : [address],
    ports: Object.fromEntries(
      Object.entries(PORTS).map(([name, mac]) => [name, { mac, guard: guards[name] }]),
    ),
    neighbours,
    ip_forward: forwards,
  })
}
