/** The states of an SCTP association as who stands between its ends sees them, and what leads from one to another. */
import * as sctp from '../../wire/sctp.js'

/** In the kernel's order; `conntrack -L` prints these names. */
export const SCTP_STATES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const

/** Numbers of some. */
export const [NONE, CLOSED, , , ESTABLISHED] = SCTP_STATES.keys()
/** No state: the packet cannot be the association's. */
export const NO_STATE = 9

const ABBREVIATIONS = ['NO', 'CL', 'CW', 'CE', 'ES', 'SS', 'SR', 'SA', 'HS', '--']

/**
 * By type of chunk: the state that each state becomes, in the order of SCTP_STATES, where the chunk goes as what began
 * the association, and where it comes back. `--` is NO_STATE.
 */
const CHANGES: ReadonlyMap<number, readonly [there: string, back: string]> = new Map([
  [sctp.INIT, ['CL CL CW CE ES CL CL SA CW', '-- CL CW CE ES SS SR SA --']],
  [sctp.INIT_ACK, ['CL CL CW CE ES SS SR SA CL', '-- CW CW CE ES SS SR SA --']],
  [sctp.ABORT, ['CL CL CL CL CL CL CL CL CL', '-- CL CL CL CL CL CL CL --']],
  [sctp.SHUTDOWN, ['CL CL CW CE SS SS SR SA CL', '-- CL CW CE SR SS SR SA --']],
  [sctp.SHUTDOWN_ACK, ['SA CL CW CE ES SA SA SA SA', '-- CL CW CE ES SA SA SA --']],
  [sctp.ERROR, ['CL CL CW CE ES SS SR SA CL', '-- CL CW CL ES SS SR SA --']],
  [sctp.COOKIE_ECHO, ['CL CL CE CE ES SS SR SA CL', '-- CL CE CE ES SS SR SA --']],
  [sctp.COOKIE_ACK, ['CL CL CW ES ES SS SR SA CL', '-- CL CW ES ES SS SR SA --']],
  [sctp.SHUTDOWN_COMPLETE, ['CL CL CW CE ES SS SR CL CL', '-- CL CW CE ES SS SR CL --']],
  [sctp.HEARTBEAT, ['HS CL CW CE ES SS SR SA HS', '-- CL CW CE ES SS SR SA HS']],
  [sctp.HEARTBEAT_ACK, ['CL CL CW CE ES SS SR SA HS', '-- CL CW CE ES SS SR SA ES']],
])

const STATES = SCTP_STATES.length
/** Types that change anything are below this. */
const TYPES = sctp.SHUTDOWN_COMPLETE + 1
const next = Uint8Array.from({ length: 2 * TYPES * STATES }, (_, i) => {
  const [direction, type, state] = [
    Math.floor(i / (TYPES * STATES)),
    Math.floor(i / STATES) % TYPES,
    i % STATES,
  ]
  const changes = CHANGES.get(type)
  return changes === undefined ? state : ABBREVIATIONS.indexOf(changes[direction].split(' ')[state])
})

/** What the state becomes by a chunk of this type that goes in this direction: a state, or NO_STATE. */
export function becomes(direction: number, type: number, state: number): number {
  return type < TYPES ? next[(direction * TYPES + type) * STATES + state] : state
}
