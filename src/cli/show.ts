/** `br100 show`, `br100 rules load` and `br100 port`: a running bridge is asked, or told. */
import { ControlError, askAt } from '../control/control-socket.js'
import { dropLines, portLines, stationLines, stationsJson } from '../inspect/report.js'
import { parsePort } from '../control/run-config.js'
import { parseRules } from '../netfilter/rule-script.js'
import type { BridgeState } from '../pipeline/bridge-state.js'
import { SHOWN } from '../pipeline/live-messages.js'
import type { Show, Shown } from '../pipeline/live-messages.js'
import { UsageError } from './errors.js'
import { writeOut } from './output.js'
import { readWhole } from './read-whole.js'
import { socketOf } from './socket.js'

/** Prints what a running bridge has come to. Returns the exit status. */
export async function showCommand(what: string, options: Record<string, unknown>): Promise<number> {
  if (!SHOWN.includes(what as Show)) throw new UsageError(`show ${what}: expected one of ${SHOWN.join(', ')}`)
  const { shown } = await askAt(socketOf(options), { show: what as Show })
  if (shown === undefined) throw new ControlError('the bridge did not answer')
  const answer = shown as Shown
  if (options['json'] === true) writeOut(`${JSON.stringify(jsonOf(what as Show, answer), null, 2)}\n`)
  else writeOut([...linesOf(what as Show, answer), ''].join('\n'))
  return 0
}

function linesOf(what: Show, { state, lines }: Shown): string[] {
  if (what === 'ports') return portLines(state)
  if (what === 'fdb') return stationLines(stationsOf(state))
  return what === 'drops' ? dropLines(state) : lines
}

function jsonOf(what: Show, { state, lines }: Shown): unknown {
  if (what === 'ports') return state.ports
  if (what === 'fdb') return stationsJson(stationsOf(state))
  return what === 'drops' ? state.drops : lines
}

/** JSON has no bytes: addresses have come as objects of numbers. */
function stationsOf(state: BridgeState): BridgeState {
  return { ...state, fdb: state.fdb.map((one) => ({ ...one, mac: Uint8Array.from(Object.values(one.mac)) })) }
}

/** Gives other rules to a running bridge, once they have been read without mistakes. Returns the exit status. */
export async function loadCommand(file: string, options: Record<string, unknown>): Promise<number> {
  const bytes = readWhole(file)
  const path = file === '-' ? 'stdin' : file
  parseRules(path, bytes)
  await askAt(socketOf(options), { rules: { path, text: Buffer.from(bytes).toString() } })
  return 0
}

/** Adds a port of these settings to a running bridge. Returns the exit status. */
export async function addPortCommand(
  name: string,
  settings: string,
  options: Record<string, unknown>,
): Promise<number> {
  parsePort(name, settings, '/') // the bridge knows in which folder relative paths begin
  await askAt(socketOf(options), { port: { add: name, settings } })
  return 0
}

/** Removes a port from a running bridge. Returns the exit status. */
export async function removePortCommand(name: string, options: Record<string, unknown>): Promise<number> {
  await askAt(socketOf(options), { port: { remove: name } })
  return 0
}
