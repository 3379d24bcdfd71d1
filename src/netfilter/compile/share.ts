/**
 * Third pass: chains that ask and do the same, as those of ten thousand instances may, become one body with many
 * counters. Where a match or a target of its own kind is asked, which may remember something, nothing is shared.
 */
import type { Condition } from '../condition.js'
import { asRunRule } from './run-rule.js'
import type { RunRule } from './run-rule.js'
import type { LoweredChain, Test } from './lower.js'

/** What chains have in common: the rules of the first of them. */
export interface Body {
  chains: LoweredChain[]
  rules: readonly RunRule[]
}

/** Numbers that say of a rule what it asks and does. */
const NUMBERS = 11
const KINDS = ['accept', 'drop', 'return', 'continue', 'call', 'jump', 'goto'] as const

/** The bodies of these chains, in the order of their first ones. */
export function share(chains: readonly LoweredChain[]): Body[] {
  const bodies: Body[] = []
  const alike = new Map<number, Array<{ body: Body; signature: Int32Array }>>()
  const texts = new Numbering()
  for (const chain of chains) {
    const rules = chain.rules.map(asRunRule)
    const signature = signatureOf(rules, texts)
    const hash = hashOf(signature)
    const candidates = alike.get(hash) ?? []
    const known = candidates.find((one) => isSame(one.signature, signature))
    if (known !== undefined) known.body.chains.push(chain)
    else {
      const body = { chains: [chain], rules }
      bodies.push(body)
      alike.set(hash, [...candidates, { body, signature }])
    }
  }
  return bodies
}

function signatureOf(rules: readonly RunRule[], texts: Numbering): Int32Array {
  const numbers = new Int32Array(rules.length * NUMBERS)
  rules.forEach((rule, i) => {
    const { action } = rule.lowered
    const at = i * NUMBERS
    numbers[at] = rule.source
    numbers[at + 1] = rule.sourceMask
    numbers[at + 2] = rule.destination
    numbers[at + 3] = rule.destinationMask
    numbers[at + 4] = rule.protocol
    numbers[at + 5] = rule.sourcePorts[0] | (rule.sourcePorts[1] << 16)
    numbers[at + 6] = rule.destinationPorts[0] | (rule.destinationPorts[1] << 16)
    numbers[at + 7] = KINDS.indexOf(action.kind)
    numbers[at + 8] = 'chain' in action ? texts.of(action.chain) : -1
    numbers[at + 9] = action.kind === 'call' ? texts.unique() : -1
    numbers[at + 10] = rule.rest.length === 0 ? -1 : restNumber(rule.rest, texts)
  })
  return numbers
}

function restNumber(rest: readonly Test[], texts: Numbering): number {
  const said = rest.map((test) => {
    if (test.kind === 'condition') return conditionKey(test.condition)
    return test.kind === 'interface' ? `${test.side} ${test.test.negated} ${test.test.name}` : null
  })
  return said.includes(null) ? texts.unique() : texts.of(`rest ${said.join(' ')}`)
}

function conditionKey({ field, mask, ranges, negated }: Condition): string {
  return `${field} ${mask} ${negated} ${ranges.join(' ')}`
}

/** Numbers for texts, the same for the same. */
class Numbering {
  readonly #numbers = new Map<string, number>()
  #next = 0

  of(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#next)
    return this.#next++
  }

  unique(): number {
    return this.#next++
  }
}

/** FNV-1a, a word at a time. */
function hashOf(numbers: Int32Array): number {
  let hash = 0x811c9dc5 | 0
  for (const number of numbers) hash = Math.imul(hash ^ number, 0x01000193)
  return hash
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
