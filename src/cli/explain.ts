/** br100 explain: the way of one packet through rules, of a replay or as described on the command line. */
import { describePacket } from '../netfilter/describe-packet.js'
import type { PacketFields } from '../netfilter/describe-packet.js'
import type { Packet } from '../netfilter/packet.js'
import { ASSUMABLE_STATES, assumeState } from '../netfilter/assume-state.js'
import { createConntrack } from '../netfilter/conntrack/conntrack.js'
import type { ConntrackOptions } from '../netfilter/conntrack/conntrack.js'
import { interpret } from '../netfilter/interpret.js'
import { needsTracking } from '../netfilter/needs-tracking.js'
import { parseNumber, parsePort, parseProtocol } from '../netfilter/numbers.js'
import { RuleError } from '../netfilter/rule-error.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { AddressSet } from '../netfilter/runtime.js'
import { explanationText } from '../inspect/explain.js'
import { explainPacket } from '../pipeline/explain.js'
import type { Explanation } from '../pipeline/explain.js'
import type { NodeDescription } from '../pipeline/node-view.js'
import { replay } from '../pipeline/replay.js'
import { SILENT, createWorld } from '../pipeline/world.js'
import { parseIpv4 } from '../wire/address.js'
import { UsageError } from './errors.js'
import {
  conntrackOptions,
  describe,
  nodeOptions,
  parseInputs,
  readNodeFile,
  readRulesFile,
  readSetsFile,
} from './inputs.js'
import { writeOut } from './output.js'

type Options = Record<string, unknown>

/** Options of a packet that is not of a replay. */
const DESCRIBING = ['in', 'output', 'src', 'dst', 'proto', 'sport', 'dport', 'icmpType', 'ttl']

/** Runs the command with commander's options; the exit status. */
export async function explainCommand(file: string | undefined, options: Options): Promise<number> {
  const frame = options['frame'] as string | undefined
  mustFit(file, options)
  const inputs = frame === undefined ? [] : parseInputs(file, (options['port'] ?? []) as string[])
  const node = typeof options['node'] === 'string' ? await readNodeFile(options['node'], inputs) : null
  const description = describe((options['bridge'] as string | undefined) ?? node?.bridge ?? 'br100', node)
  const rules = await readRulesFile(String(options['rules']))
  const sets = typeof options['sets'] === 'string' ? await readSetsFile(options['sets']) : new Map()
  // What is described is the first packet of its connection, unless it is said to be another.
  const state = (options['state'] as string | undefined) ?? (frame === undefined ? 'NEW' : undefined)
  if (state !== undefined) assumeState(rules, parseState(state))
  let isFlawed = false
  const explanation =
    frame === undefined
      ? explainDescribed(rules, sets, description, conntrackOptions(node), options)
      : await explainFrame(frame)
  if (explanation === null) throw new UsageError(`--frame ${frame}: no such frame came in by that port`)
  writeOut(options['json'] ? `${JSON.stringify(explanation)}\n` : explanationText(explanation))
  return isFlawed ? 1 : 0

  async function explainFrame(wanted: string): Promise<Explanation | null> {
    const conntrack = conntrackOptions(node)
    const netfilter = { rules, sets, node: description, conntrack, explain: parseFrame(wanted) }
    const report = await replay({ inputs, netfilter, ...(node === null ? {} : nodeOptions(node)) })
    for (const flaw of report.flaws) process.stderr.write(`br100: ${flaw}\n`)
    isFlawed = report.flaws.length > 0
    return report.explanation
  }
}

/** A frame of a replay, or a packet that is described: what belongs to the other is not passed over in silence. */
function mustFit(file: string | undefined, options: Options): void {
  const isOfReplay = options['frame'] !== undefined
  if (!isOfReplay && (file !== undefined || options['port'] !== undefined))
    throw new UsageError('explain: captures given, expected --frame PORT:N with them')
  const unfit = isOfReplay ? DESCRIBING.find((option) => options[option] !== undefined) : undefined
  if (unfit !== undefined) throw new UsageError(`--${unfit}: describes a packet, expected it without --frame`)
}

function parseFrame(text: string): { port: string; number: number } {
  const colon = text.lastIndexOf(':')
  const number = Number(text.slice(colon + 1))
  if (colon < 1 || !Number.isInteger(number) || number < 1)
    throw new UsageError(`--frame ${text}: expected PORT:N, N from 1`)
  return { port: text.slice(0, colon), number }
}

function parseState(text: string): (typeof ASSUMABLE_STATES)[number] {
  const found = ASSUMABLE_STATES.find((state) => state === text)
  if (found === undefined)
    throw new UsageError(`--state ${text}: expected one of ${ASSUMABLE_STATES.join(', ')}`)
  return found
}

function explainDescribed(
  rules: RuleSet,
  sets: ReadonlyMap<string, AddressSet>,
  node: NodeDescription,
  conntrack: ConntrackOptions,
  options: Options,
): Explanation {
  const input = (options['in'] as string | undefined) ?? null
  const output = options['output'] as string | undefined
  if (input === null && output === undefined)
    throw new UsageError(
      'explain: expected --frame PORT:N, --in PORT, or --output INTERFACE for what the node sends',
    )
  // Of a packet that is said to go on with a connection nothing is known but that.
  const isNew = options['state'] === undefined || options['state'] === 'NEW'
  const connections =
    isNew && needsTracking(rules) ? createConntrack({ ...conntrack, verifiesChecksums: false }) : null
  const world = createWorld(node, sets, SILENT, connections)
  return explainPacket(interpret(rules, world), node, {
    packet: described(options),
    input,
    output: output ?? '',
    connections,
  })
}

/** The packet that the options describe. */
function described(options: Options): Packet {
  const fields: PacketFields = {}
  const set = (
    field: keyof PacketFields,
    option: string,
    parse: (text: string, what: string) => number,
    name = option,
  ): void => {
    const text = options[option] as string | undefined
    if (text !== undefined) fields[field] = parsed(text, `--${name}`, parse)
  }
  const byte = (text: string, what: string): number => parseNumber(text, what, 0, 255)
  set('source', 'src', address)
  set('destination', 'dst', address)
  set('protocol', 'proto', parseProtocol)
  set('sourcePort', 'sport', parsePort)
  set('destinationPort', 'dport', parsePort)
  set('icmpType', 'icmpType', byte, 'icmp-type')
  set('ttl', 'ttl', byte)
  return describePacket(fields)
}

function address(text: string, what: string): number {
  const found = parseIpv4(text)
  if (found === null) throw new RuleError(`${what} ${text}: expected an IPv4 address`)
  return found
}

function parsed<T>(text: string, what: string, parse: (text: string, what: string) => T): T {
  try {
    return parse(text, what)
  } catch (error) {
    if (error instanceof RuleError) throw new UsageError(error.message)
    throw error
  }
}
