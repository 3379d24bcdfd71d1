/** Packets that the constants of rules suggest: at each bound that a rule has, beside it, and off it. */
import type { Condition, Field } from './condition.js'
import { describePacket } from './describe-packet.js'
import type { Packet } from './packet.js'
import type { AddressTest, Rule, RuleSet } from './rule.js'

/** Packets tried at most. */
const MOST = 20_000
/** Rules whose constants are taken at most, spread over the sets. */
const MOST_RULES = 2000

/** First, for each rule, packets that it may match; then packets of constants of any rules. */
export function* candidatePackets(sets: readonly RuleSet[]): Generator<Packet> {
  const rules = sets.flatMap(({ tables }) =>
    [...tables.values()].flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules)),
  )
  const step = Math.ceil(rules.length / MOST_RULES)
  const chosen = rules.filter((_, i) => i % step === 0).map(constantsOf)
  for (const constants of chosen) yield* combinations(constants, 8)
  const all: Constants = {
    sources: chosen.flatMap(({ sources }) => sources),
    destinations: chosen.flatMap(({ destinations }) => destinations),
    protocols: [6, 17, 1, ...chosen.flatMap(({ protocols }) => protocols)],
    sourcePorts: [40_000, ...chosen.flatMap(({ sourcePorts }) => sourcePorts)],
    destinationPorts: [80, ...chosen.flatMap(({ destinationPorts }) => destinationPorts)],
    inInterfaces: ['', ...chosen.flatMap(({ inInterfaces }) => inInterfaces)],
    outInterfaces: ['', ...chosen.flatMap(({ outInterfaces }) => outInterfaces)],
  }
  yield* combinations(all, Math.max(0, MOST - chosen.length * 8))
}

/** What the fields of a packet may be. Never empty. */
interface Constants {
  sources: number[]
  destinations: number[]
  protocols: number[]
  sourcePorts: number[]
  destinationPorts: number[]
  inInterfaces: string[]
  outInterfaces: string[]
}

function constantsOf(rule: Rule): Constants {
  const { protocol, protocolNegated, inInterface, outInterface } = rule
  return {
    sources: addresses(rule.source),
    destinations: addresses(rule.destination),
    protocols: protocol === 0 || protocolNegated ? [6, 17, 1] : [protocol],
    sourcePorts: [...bounds(rule, 'source-port'), 40_000],
    destinationPorts: [...bounds(rule, 'destination-port'), 80],
    inInterfaces: [inInterface.name.replace('+', '0'), ''],
    outInterfaces: [outInterface.name.replace('+', '0'), ''],
  }
}

function addresses({ address, mask }: AddressTest): number[] {
  if (mask === 0) return [0x0a000001]
  return [address, (address | ~mask) >>> 0, (address - 1) >>> 0, ((address | ~mask) + 1) >>> 0]
}

function bounds({ matches }: Rule, field: Field): number[] {
  const asked = matches.flatMap(({ conditions = [] }): Condition[] =>
    conditions.filter((one) => one.field === field),
  )
  const ranges = asked.flatMap((one) => one.ranges).filter(([least, greatest]) => greatest - least < 0xffff)
  return ranges.flatMap(([least, greatest]) => [least, greatest, greatest + 1])
}

/** The first of each list, then mixtures, the same ones each time. */
function* combinations(from: Constants, count: number): Generator<Packet> {
  let state = 1
  for (let i = 0; i < count; i++) {
    const pick = <T>(list: readonly T[]): T => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return list[i === 0 ? 0 : (state >>> 8) % list.length]
    }
    const packet = describePacket({
      source: pick(from.sources),
      destination: pick(from.destinations),
      protocol: pick(from.protocols),
      sourcePort: pick(from.sourcePorts) & 0xffff,
      destinationPort: pick(from.destinationPorts) & 0xffff,
    })
    packet.inInterface = pick(from.inInterfaces)
    packet.outInterface = pick(from.outInterfaces)
    yield packet
  }
}
