/**
 * Third pass: chains that ask and do the same, as those of ten thousand instances may, become one body with many
 * counters. Where a match or a target of its own kind is asked, which may remember something, nothing is shared.
 */
import type { Condition } from '../condition.js'
import type { LoweredChain, LoweredRule } from './lower.js'
import type { Test } from './test.js'

/** Chains that have a body in common. */
export type Body = LoweredChain[]

/** Numbers that say of a rule what it asks and does. */
const NUMBERS = 11
const KINDS = ['accept', 'drop', 'return', 'continue', 'call', 'jump', 'goto'] as const

/** The bodies of these chains, in the order of their first ones. */
export function share(chains: readonly LoweredChain[]): Body[] {
  const bodies: Body[] = []
  const alike = new Map<number, Array<{ body: Body; signature: Int32Array }>>()
  const texts = new Numbering()
  for (const chain of chains) {
    const signature = signatureOf(chain.rules, texts)
    const hash = hashOf(signature)
    const candidates = alike.get(hash) ?? []
    const known = candidates.find((one) => isSame(one.signature, signature))
    if (known !== undefined) known.body.push(chain)
    else {
      const body = [chain]
      bodies.push(body)
      alike.set(hash, [...candidates, { body, signature }])
    }
  }
  return bodies
}

function signatureOf(rules: readonly LoweredRule[], texts: Numbering): Int32Array {
  const numbers = new Int32Array(rules.length * NUMBERS)
  rules.forEach(({ shape }, i) => {
    const { action, fields, rest } = shape
    const at = i * NUMBERS
    numbers[at] = fields.source
    numbers[at + 1] = fields.sourceMask
    numbers[at + 2] = fields.destination
    numbers[at + 3] = fields.destinationMask
    numbers[at + 4] = fields.protocol
    numbers[at + 5] = fields.sourcePorts[0] | (fields.sourcePorts[1] << 16)
    numbers[at + 6] = fields.destinationPorts[0] | (fields.destinationPorts[1] << 16)
    numbers[at + 7] = KINDS.indexOf(action.kind)
    numbers[at + 8] = 'chain' in action ? texts.of(action.chain) : -1
    numbers[at + 9] = action.kind === 'call' ? texts.unique() : -1
    numbers[at + 10] = rest.length === 0 ? -1 : restNumber(rest, texts)
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
