/** br100 explain: the way of one packet through rules, of a replay or as described on the command line. */
import { Packet } from '../netfilter/packet.js'
import { ASSUMABLE_STATES, assumeState } from '../netfilter/assume-state.js'
import { interpret } from '../netfilter/interpret.js'
import { parseNumber, parsePort, parseProtocol } from '../netfilter/numbers.js'
import { RuleError } from '../netfilter/rule-error.js'
import type { RuleSet } from '../netfilter/rule.js'
import { explanationText } from '../inspect/explain.js'
import { explainPacket } from '../pipeline/explain.js'
import type { Explanation } from '../pipeline/explain.js'
import type { NodeDescription } from '../pipeline/node-view.js'
import { replay } from '../pipeline/replay.js'
import { createWorld } from '../pipeline/world.js'
import { parseIpv4 } from '../wire/address.js'
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import { UsageError } from './errors.js'
import { describe, nodeOptions, parseInputs, readNodeFile, readRulesFile } from './inputs.js'
import { writeOut } from './output.js'

type Options = Record<string, unknown>

/** Bytes of a described packet: its headers and no payload to speak of. */
const DESCRIBED_BYTES = 60

/** Runs the command with commander's options; the exit status. */
export async function explainCommand(file: string | undefined, options: Options): Promise<number> {
  const frame = options['frame'] as string | undefined
  const inputs = frame === undefined ? [] : parseInputs(file, (options['port'] ?? []) as string[])
  const node = typeof options['node'] === 'string' ? await readNodeFile(options['node'], inputs) : null
  const description = describe((options['bridge'] as string | undefined) ?? node?.bridge ?? 'br100', node)
  const rules = await readRulesFile(String(options['rules']))
  // What is described is the first packet of its connection, unless it is said to be another.
  const state = (options['state'] as string | undefined) ?? (frame === undefined ? 'NEW' : undefined)
  if (state !== undefined) assumeState(rules, parseState(state))
  const explanation =
    frame === undefined ? explainDescribed(rules, description, options) : await explainFrame(frame)
  if (explanation === null) throw new UsageError(`--frame ${frame}: no such frame came in by that port`)
  writeOut(options['json'] ? `${JSON.stringify(explanation)}\n` : explanationText(explanation))
  return 0

  async function explainFrame(wanted: string): Promise<Explanation | null> {
    const netfilter = { rules, node: description, explain: parseFrame(wanted) }
    const report = await replay({ inputs, netfilter, ...(node === null ? {} : nodeOptions(node)) })
    return report.explanation
  }
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

function explainDescribed(rules: RuleSet, node: NodeDescription, options: Options): Explanation {
  const input = (options['in'] as string | undefined) ?? null
  const output = options['output'] as string | undefined
  if (input === null && output === undefined)
    throw new UsageError(
      'explain: expected --frame PORT:N, --in PORT, or --output INTERFACE for what the node sends',
    )
  const world = createWorld(node, new Map(), { log: () => {}, nflog: () => {}, reject: () => {} })
  return explainPacket(interpret(rules, world), node, {
    packet: described(options),
    input,
    output: output ?? '',
  })
}

/** The packet that the options describe. What they leave out is as in a first packet: SYN, echo request. */
function described(options: Options): Packet {
  const b = new Uint8Array(DESCRIBED_BYTES)
  const value = <T>(name: string, parse: (text: string, what: string) => T, otherwise: T): T => {
    const text = options[name]
    return text === undefined ? otherwise : parsed(String(text), `--${name}`, parse)
  }
  ipv4.setVersion(b, 0, 4)
  ipv4.setHeaderLength(b, 0, ipv4.HEADER_LENGTH)
  ipv4.setTotalLength(b, 0, DESCRIBED_BYTES)
  ipv4.setTtl(
    b,
    0,
    value('ttl', (text, what) => parseNumber(text, what, 0, 255), 64),
  )
  ipv4.setProtocol(b, 0, value('proto', parseProtocol, udp.PROTOCOL))
  ipv4.setSource(b, 0, value('src', address, 0))
  ipv4.setDestination(b, 0, value('dst', address, 0))
  ipv4.fillChecksum(b, 0)
  const at = ipv4.HEADER_LENGTH
  const protocol = ipv4.protocol(b, 0)
  if (protocol === icmp.PROTOCOL)
    icmp.setType(
      b,
      at,
      value('icmpType', (text, what) => parseNumber(text, what, 0, 255), icmp.ECHO_REQUEST),
    )
  else {
    udp.setSourcePort(b, at, value('sport', parsePort, 40_000))
    udp.setDestinationPort(b, at, value('dport', parsePort, 0))
  }
  if (protocol === tcp.PROTOCOL) {
    tcp.setDataOffset(b, at, tcp.HEADER_LENGTH)
    tcp.setFlags(b, at, tcp.SYN)
  } else if (protocol === udp.PROTOCOL) udp.setLength(b, at, DESCRIBED_BYTES - at)
  const packet = new Packet()
  packet.read(b, -1, 0)
  return packet
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
