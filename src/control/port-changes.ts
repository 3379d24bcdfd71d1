/** Which ports come and go, where a live bridge's file says others than before. */
import { isDeepStrictEqual } from 'node:util'
import type { PortChange } from '../pipeline/live-messages.js'
import { splitPort } from './run-config.js'
import type { LivePortConfig } from './run-config.js'

/** Ports by their names. */
export type PortConfigs = Readonly<Record<string, LivePortConfig>>

/** A change of one port, with its name and what it is called. */
export interface NamedChange {
  name: string
  verb: 'added' | 'removed' | 'changed'
  change: PortChange
}

/** What leads from the ports that are there to those that are wanted; a port of another device goes before it comes. */
export function portChanges(there: PortConfigs, wanted: PortConfigs): NamedChange[] {
  const gone = Object.keys(there).filter(
    (name) => !(name in wanted) || isOtherDevice(there[name], wanted[name]),
  )
  const come = Object.keys(wanted).filter((name) => !(name in there) || gone.includes(name))
  const changed = Object.keys(wanted).filter(
    (name) => !come.includes(name) && !isDeepStrictEqual(there[name], wanted[name]),
  )
  return [
    ...gone.map((name): NamedChange => ({ name, verb: 'removed', change: { remove: name } })),
    ...come.map((name): NamedChange => ({
      name,
      verb: 'added',
      change: { add: { name, ...splitPort(wanted[name]) } },
    })),
    ...changed.map((name): NamedChange => {
      const { options } = splitPort(wanted[name])
      return { name, verb: 'changed', change: { set: { name, options } } }
    }),
  ]
}

function isOtherDevice(a: LivePortConfig, b: LivePortConfig): boolean {
  return !isDeepStrictEqual(splitPort(a).device, splitPort(b).device)
}
