/**
 * What is done at the hooks, as functions of their own: V8 learns by the place of a call what is called there, and at
 * one place for all hooks and steps it would learn nothing.
 */
import type { Hook } from '../hook.js'
import type { Packet } from '../packet.js'
import { ACCEPT, DROP } from '../verdict.js'

/** A step at a hook: what is asked, and where that counts. */
export interface HookStep {
  ask: (packet: Packet, counters: number) => number
  counters: number
  /** Which packets are asked about; null: all. */
  asksOf: ((packet: Packet, hook: Hook) => boolean) | null
  /** Whether there is nothing to do for a packet whose connection is settled. */
  isForUnsettled: boolean
}

/** What a step has said that is not ACCEPT becomes ACCEPT or DROP: a policy may decide. `step` is a number from 0. */
export type Ended = (hook: Hook, step: number, verdict: number, packet: Packet) => number

/** Asks the steps of a hook in their order: ACCEPT or DROP. `byHook` has those of each. */
export function hookFunctions(
  byHook: ReadonlyArray<readonly HookStep[]>,
  isSettled: (packet: Packet) => boolean,
  ended: Ended,
): (hook: Hook, packet: Packet) => number {
  const asks = byHook.flatMap((steps) => steps.map(({ ask }) => ask))
  const asksOf = byHook.flatMap((steps) => steps.map((step) => step.asksOf))
  const functions = byHook.map((steps, hook) => functionText(steps, hook, numberBefore(byHook, hook)))
  const cases = byHook.map((_, hook) => `    case ${hook}: return hook_${hook}(p)`)
  const text = [
    "'use strict'",
    ...asks.map((_, i) => `const ask_${i} = asks[${i}], asksOf_${i} = asksOf[${i}]`),
    ...functions,
    `return (hook, p) => {\n  switch (hook) {\n${cases.join('\n')}\n  }\n}`,
  ].join('\n')
  // Nothing of a file of rules is in the text: it has numbers alone.
  // oxlint-disable-next-line typescript/no-implied-eval
  const make = new Function('ACCEPT', 'DROP', 'asks', 'asksOf', 'isSettled', 'ended', text) as (
    ...parts: unknown[]
  ) => (hook: Hook, packet: Packet) => number
  return make(ACCEPT, DROP, asks, asksOf, isSettled, ended)
}

function numberBefore(byHook: ReadonlyArray<readonly HookStep[]>, hook: number): number {
  return byHook.slice(0, hook).reduce((sum, steps) => sum + steps.length, 0)
}

function functionText(steps: readonly HookStep[], hook: number, first: number): string {
  const lines = steps.map((step, i) => {
    const before = i === 0 ? false : steps[i - 1].isForUnsettled
    const after = steps[i + 1]?.isForUnsettled ?? false
    const [opens, closes] = [step.isForUnsettled && !before, step.isForUnsettled && !after]
    return `${opens ? '  if (!isSettled(p)) {\n' : ''}${stepText(step, hook, i, first + i)}${closes ? '  }\n' : ''}`
  })
  return `function hook_${hook}(p) {\n  let verdict\n${lines.join('')}  return ACCEPT\n}`
}

function stepText({ counters, asksOf }: HookStep, hook: number, i: number, number: number): string {
  const unasked = asksOf === null ? '' : `!asksOf_${number}(p, ${hook}) ? ACCEPT : `
  return (
    `  verdict = ${unasked}ask_${number}(p, ${counters})\n` +
    `  if (verdict !== ACCEPT && ended(${hook}, ${i}, verdict, p) === DROP) return DROP\n`
  )
}
