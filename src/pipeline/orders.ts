/** What a live bridge is told while it works, and asked: done in its worker, between two bursts. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { timeOfDay } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import { DeviceError } from '../io/native.js'
import { connectionLines } from '../netfilter/conntrack/list.js'
import { parseRules } from '../netfilter/rule-script.js'
import { saveLines } from '../netfilter/rule-text.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { AttachedRules } from './attach-rules.js'
import { bridgeState } from './bridge-state.js'
import type { Captures } from './captures.js'
import type { Dataplane } from './dataplane.js'
import { lossesOf } from './live-counters.js'
import type { CountNow, Losing } from './live-counters.js'
import type { Answer, Order, PortChange, RulesText, Show, Shown, WorkerPort } from './live-messages.js'
import type { LivePorts } from './live-ports.js'

/** What orders are about. */
export interface Ordered {
  plane: Dataplane
  losing: Losing
  ports: LivePorts
  captures: Captures
  /** Null where the bridge was started without rules. */
  attached: AttachedRules | null
  count: CountNow
  /** Carries frames while something takes long. */
  pause: () => void
  say: (answer: Answer) => void
}

/** Rules of a file. Throws a RulesError. */
export function rulesOf({ path, text }: RulesText, pause?: () => void): RuleSet {
  return parseRules(path, Buffer.from(text), pause)
}

/** What is said of an order that could not be carried out. */
export function refusal(error: unknown): Answer {
  const { name, message } = error as Error
  return { said: 'refused', name, message }
}

/** What it returns does what is ordered and says what came of it; true: it is to stop. */
export function createOrders(ordered: Ordered): () => boolean {
  const { ports, captures, attached, count, pause, say } = ordered

  function obey(): boolean {
    for (;;) {
      const posted = receiveMessageOnPort(parentPort!)
      if (posted === undefined) return false
      const order = posted.message as Order
      if (order.order === 'stop') return true
      carryOut(order)
    }
  }

  function carryOut(order: Exclude<Order, { order: 'stop' }>): void {
    if (order.order === 'show') say({ said: 'shown', shown: shownOf(order.show, ordered) })
    else if (order.order === 'counters') say({ said: 'counted', counted: count(attached) })
    else if (order.order === 'rules') attempt(() => replaceRules(order.rules))
    else if (order.order === 'port') attempt(() => changePort(order.change))
    else if (order.order === 'capture') attempt(() => captures.begin(order.capture))
    else captures.end(order.id)
  }

  function attempt(change: () => void): void {
    try {
      change()
      say({ said: 'done' })
    } catch (error) {
      say(refusal(error))
    }
  }

  function replaceRules(rules: RulesText): void {
    if (attached === null)
      throw new DeviceError('the bridge was started without rules: expected rules: FILE in its file')
    attached.replace(rulesOf(rules, pause), pause)
  }

  /** Another port may have the number of one that was: what connections remember of their ways is learned anew. */
  function changePort(change: PortChange<WorkerPort>): void {
    if ('add' in change) ports.add(change.add)
    else if ('remove' in change) ports.remove(change.remove)
    else ports.setOptions(change.set.name, change.set.options)
    attached?.replace(attached.engine.rules)
  }

  return obey
}

function shownOf(show: Show, { plane, losing, attached }: Ordered): Shown {
  const now = timeOfDay()
  const state = bridgeState(plane, now)
  Object.assign(state.drops, lossesOf(losing))
  return { state, lines: linesOf(show, attached, now) }
}

function linesOf(show: Show, attached: AttachedRules | null, now: Microseconds): string[] {
  if (attached === null) return []
  if (show === 'rules') return [...saveLines(attached.engine.rules, { counters: true })]
  const { connections } = attached
  return show === 'conntrack' && connections !== null ? connectionLines(connections, now) : []
}
