/** What a live bridge does a second: the difference of two times at which its counters were read. */
import { MICROSECONDS_PER_SECOND } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import type { LiveCounters } from '../pipeline/live-counters.js'
import { number, table } from './report.js'

/** Rules that are shown. */
const TOP = 10
const BITS = 8

/** Counters, when they were read, and the rules' texts in their order. */
export interface Sample {
  time: Microseconds
  counters: LiveCounters
  rules: readonly string[]
}

/** A second of a port. */
export interface PortRates {
  rxFrames: number
  rxBits: number
  txFrames: number
  txBits: number
}

/** A second of a rule, or of a policy: `TABLE -A CHAIN …`, `TABLE -P CHAIN …`. */
export interface RuleRates {
  rule: string
  packets: number
  bits: number
}

/** All of them, each a second. */
export interface Rates {
  /** That the counters were read apart. */
  seconds: number
  ports: Record<string, PortRates>
  /** By reason. */
  drops: Record<string, number>
  /** Those that most packets met, most first. */
  rules: RuleRates[]
}

/** The rules in the lines of iptables-save -c, each with its table before it. */
export function ruleTexts(lines: readonly string[]): string[] {
  let inTable = ''
  return lines.flatMap((line) => {
    if (line.startsWith('*')) inTable = line.slice(1)
    return line.startsWith('[') ? [`${inTable} ${line.slice(line.indexOf(']') + 2)}`] : []
  })
}

/** What happened between the two. */
export function ratesBetween(before: Sample, after: Sample): Rates {
  const seconds = Math.max(after.time - before.time, 1) / MICROSECONDS_PER_SECOND
  const [was, is] = [before.counters, after.counters]
  const rate = (then: number | undefined, now: number): number => since(then, now) / seconds
  const ports = Object.entries(is.ports).map(([name, port]) => {
    const old = was.ports[name] as typeof port | undefined
    const rates = {
      rxFrames: rate(old?.rxFrames, port.rxFrames),
      rxBits: rate(old?.rxBytes, port.rxBytes) * BITS,
      txFrames: rate(old?.txFrames, port.txFrames),
      txBits: rate(old?.txBytes, port.txBytes) * BITS,
    }
    return [name, rates] as const
  })
  const drops = Object.entries(is.drops)
    .map(([reason, frames]) => [reason, rate(was.drops[reason], frames)] as const)
    .filter(([, frames]) => frames > 0)
  return {
    seconds,
    ports: Object.fromEntries(ports),
    drops: Object.fromEntries(drops.sort(([, a], [, b]) => b - a)),
    rules: was.rulesNumber === is.rulesNumber ? topRules(was, after, rate) : [],
  }
}

/** Counters of what is there anew begin at 0. */
function since(then: number | undefined, now: number): number {
  return then === undefined || then > now ? now : now - then
}

function topRules(
  was: LiveCounters,
  { counters: is, rules }: Sample,
  rate: (then: number, now: number) => number,
): RuleRates[] {
  const ofRules = rules.map((rule, i) => ({
    rule,
    packets: rate(was.rules[2 * i], is.rules[2 * i]),
    bits: rate(was.rules[2 * i + 1], is.rules[2 * i + 1]) * BITS,
  }))
  const ofPolicies = is.policies.map(({ table: name, chain, policy, packets, bytes }, i) => ({
    rule: `${name} -P ${chain} ${policy}`,
    packets: rate(was.policies[i].packets, packets),
    bits: rate(was.policies[i].bytes, bytes) * BITS,
  }))
  const met = [...ofRules, ...ofPolicies].filter(({ packets }) => packets > 0)
  return met.sort((a, b) => b.packets - a.packets).slice(0, TOP)
}

/** The rates for people; without an empty line at the end. */
export function rateLines({ ports, drops, rules }: Rates): string[] {
  const portRows = Object.entries(ports).map(([name, { rxFrames, rxBits, txFrames, txBits }]) => [
    name,
    ...[rxFrames, rxBits, txFrames, txBits].map(rounded),
  ])
  return [
    ...table([['port', 'rx frames/s', 'rx bits/s', 'tx frames/s', 'tx bits/s'], ...portRows]),
    ...Object.entries(drops).map(([reason, frames]) => `  dropped ${rounded(frames)}/s: ${reason}`),
    ...ruleLines(rules),
  ]
}

function ruleLines(rules: readonly RuleRates[]): string[] {
  if (rules.length === 0) return []
  const rows = rules.map(({ packets, bits }) => [rounded(packets), rounded(bits)])
  const texts = ['rule', ...rules.map(({ rule }) => rule)]
  const columns = [['packets/s', 'bits/s'], ...rows]
  const widths = [0, 1].map((column) => Math.max(...columns.map((row) => row[column].length)))
  return [
    '',
    ...columns.map(
      ([packets, bits], i) => `${packets.padStart(widths[0])}  ${bits.padStart(widths[1])}  ${texts[i]}`,
    ),
  ]
}

/** What is slow has a decimal. */
function rounded(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : number(Math.round(value))
}
