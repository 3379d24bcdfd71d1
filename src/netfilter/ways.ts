/**
 * Ways through the rules: what FORWARD and POSTROUTING make of a packet between two ports is remembered with its
 * connection, where all that was asked is the same for each packet of that direction. Those that follow take the way
 * at once, and are counted there; rules get what was counted when somebody looks.
 *
 * A way is found by the interpreter, which tells each rule that it asks. That takes long, so that a connection must
 * have brought some packets first: the more, the more rules there are.
 */
import type { Conntrack } from './conntrack/conntrack.js'
import * as entries from './conntrack/entry.js'
import { PASSED, UNKNOWN, WANTED } from './engine.js'
import type { Watcher, Ways } from './engine.js'
import { PARTS } from './interpret.js'
import type { Interpreter } from './interpret.js'
import { isJump } from './rule.js'
import type { Chain, Match, Rule, RuleSet } from './rule.js'

// An imported constant is loaded and checked at each use.
const [passed, unknown] = [PASSED, UNKNOWN]
const { WAY } = entries
/** Ways at most; connections whose own would be one more are judged packet by packet. */
const MOST = 4096
/** Packets before a way is learned: the number of rules, within these bounds. */
const [LEAST_PATIENCE, MOST_PATIENCE] = [4, 1000]
/** Fields of conditions that are the same for all packets of a direction. */
const STEADY: ReadonlySet<string> = new Set([
  'source',
  'destination',
  'protocol',
  'source-port',
  'destination-port',
  'connection-state',
])
/** Targets that do nothing but say what becomes of the packet. */
const PLAIN: ReadonlySet<string> = new Set(['ACCEPT', 'RETURN'])

/** No way is known. Null where there are no numbers left for ways. */
export function createWays(interpreter: Interpreter, connections: Conntrack, rules: RuleSet): Ways | null {
  const { words } = connections.table
  const patience = Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, countRules(rules)))
  // What stands in an entry: how many packets have come, that there is no way, or a way. Other rules have other numbers.
  const first = connections.reserveWays(patience + 1 + MOST)
  if (first === -1) return null
  const none = patience
  const firstWay = patience + 1
  const packets = new Float64Array(MOST)
  const bytesOf = new Float64Array(MOST)
  const ports = new Int32Array(MOST)
  const counted: Array<ReadonlyArray<Rule | Chain>> = []
  const numbers = new Map<string, number>()
  const idOf = numbering()
  let way: Array<Rule | Chain> = []
  let isSteady = true

  const watcher: Watcher = {
    table: () => {},
    rule(_, rule, failed) {
      if (!isSteadyPart(rule, failed)) isSteady = false
      if (failed === -1) way.push(rule)
    },
    policy: (chain) => void way.push(chain),
  }

  function take(entry: number, direction: number, from: number, to: number, bytes: number): number {
    const at = entry + WAY + direction
    const number = words[at] - first
    const i = number - firstWay
    if (i >= 0 && i < counted.length && ports[i] === ((from << 16) | to)) {
      packets[i]++
      bytesOf[i] += bytes
      return passed
    }
    if (number >= 0 && number < patience) {
      words[at]++
      return number + 1 === patience ? learnable(at) : unknown
    }
    if (number !== none) words[at] = i >= 0 && i < counted.length ? first + none : first
    return unknown
  }

  /** Until it is remembered there is none. */
  function learnable(at: number): number {
    words[at] = first + none
    return counted.length < MOST ? WANTED : unknown
  }

  function watch(): void {
    way = []
    isSteady = true
    interpreter.watcher = watcher
  }

  function remember(entry: number, direction: number, from: number, to: number, hasPassed: boolean): void {
    interpreter.watcher = null
    if (!hasPassed || !isSteady) return
    const between = (from << 16) | to
    const key = `${between} ${way.map(idOf).join(' ')}`
    const known = numbers.get(key)
    const number = known ?? counted.push(way) - 1
    if (known === undefined) {
      numbers.set(key, number)
      ports[number] = between
    }
    words[entry + WAY + direction] = first + firstWay + number
  }

  function settle(): void {
    counted.forEach((list, i) => {
      if (packets[i] === 0) return
      for (const one of list) {
        one.packets += packets[i]
        one.bytes += bytesOf[i]
      }
      packets[i] = bytesOf[i] = 0
    })
  }

  return { judge: interpreter, take, watch, remember, settle }
}

function countRules({ tables }: RuleSet): number {
  let count = 0
  for (const { chains } of tables.values()) for (const { rules } of chains.values()) count += rules.length
  return count
}

/** Numbers for things, the same for the same one. */
function numbering(): (thing: object) => number {
  const numbers = new Map<object, number>()
  return (thing) => {
    const number = numbers.get(thing) ?? numbers.size
    numbers.set(thing, number)
    return number
  }
}

/** Whether the rule does the same with each packet of the direction; `failed` as a Watcher is told it. */
function isSteadyPart({ matches, target }: Rule, failed: number): boolean {
  if (failed !== -1) return failed < PARTS.length || isSteadyMatch(matches[failed - PARTS.length])
  return matches.every(isSteadyMatch) && (target === null || isJump(target) || PLAIN.has(target.name))
}

function isSteadyMatch({ name, conditions }: Match): boolean {
  if (name === 'physdev') return true
  return conditions !== undefined && conditions.every(({ field }) => STEADY.has(field))
}
