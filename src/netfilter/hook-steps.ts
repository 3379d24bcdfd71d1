/** What is done at a hook, in the kernel's order (NF_IP_PRI_…): tables are asked, and connections tracked. */
import { FORWARD, INPUT, OUTPUT, POSTROUTING, PREROUTING } from './hook.js'
import type { Hook, TableName } from './hook.js'

/**
 * A table is asked; `track`: the packet's connection is found; `translate`: the packet gets the addresses that its
 * connection has; `confirm`: what has passed so far has begun its connection. The table nat is asked only of packets
 * that begin one.
 */
export type Step = TableName | ConnectionStep

/** What is done with connections. */
export type ConnectionStep = 'track' | 'translate' | 'confirm'

/** Whether a step is not a table's. */
export function isConnectionStep(step: Step): step is ConnectionStep {
  return step === 'track' || step === 'translate' || step === 'confirm'
}

const STEPS: Readonly<Record<Hook, readonly Step[]>> = {
  [PREROUTING]: ['raw', 'track', 'mangle', 'nat', 'translate'],
  [INPUT]: ['mangle', 'filter', 'nat', 'translate', 'confirm'],
  [FORWARD]: ['mangle', 'filter'],
  [OUTPUT]: ['raw', 'track', 'mangle', 'nat', 'translate', 'filter'],
  [POSTROUTING]: ['mangle', 'nat', 'translate', 'confirm'],
}

/** The steps of a hook, those that nobody asks for left out: of tables that are not there, of connections untracked. */
export function stepsAt(hook: Hook, isTracking: boolean, has: (table: TableName) => boolean): Step[] {
  return STEPS[hook].filter((step) => {
    if (step === 'track' || step === 'confirm') return isTracking
    if (step === 'nat' || step === 'translate') return isTracking && has('nat')
    return has(step)
  })
}
