/** The states of a TCP connection as who stands between its ends sees them, and what leads from one to another. */

/** In the kernel's order; `conntrack -L` prints these names. */
export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const

/** Their numbers. */
export const [
  NONE,
  SYN_SENT,
  SYN_RECV,
  ESTABLISHED,
  FIN_WAIT,
  CLOSE_WAIT,
  LAST_ACK,
  TIME_WAIT,
  CLOSE,
  SYN_SENT2,
] = TCP_STATES.keys()

/** No state: the packet cannot be the connection's, or it tells too little to change what is known. */
export const [NO_STATE, IGNORED] = [10, 11]

/** What a segment is by its flags; of several the first in this order: RST, SYN, FIN, ACK. */
export const [SYN_SET, SYNACK_SET, FIN_SET, ACK_SET, RST_SET, NONE_SET] = [0, 1, 2, 3, 4, 5]

const ABBREVIATIONS = ['NO', 'SS', 'SR', 'ES', 'FW', 'CW', 'LA', 'TW', 'CL', 'S2', '--', 'ig']

/**
 * By direction and kind of segment, in the order of the constants: the state that each state becomes, in the order
 * of TCP_STATES. `--` is NO_STATE, `ig` IGNORED.
 */
const BECOMES = [
  // the side that began
  'SS SS ig ig ig ig ig SS SS S2', // SYN
  '-- -- SR -- -- -- -- -- -- SR', // SYN, ACK
  '-- -- FW FW LA LA LA TW CL --', // FIN
  'ES -- ES ES CW CW TW TW CL --', // ACK
  '-- CL CL CL CL CL CL CL CL CL', // RST
  '-- -- -- -- -- -- -- -- -- --', // none of them
  // the side that answers
  '-- S2 -- -- -- -- -- SS -- S2',
  '-- SR ig ig ig ig ig ig ig SR',
  '-- -- FW FW LA LA LA TW CL --',
  '-- ig SR ES CW CW TW TW CL ig',
  '-- CL CL CL CL CL CL CL CL CL',
  '-- -- -- -- -- -- -- -- -- --',
]

const TABLE = Uint8Array.from(BECOMES.join(' ').split(' '), (name) => ABBREVIATIONS.indexOf(name))
const KINDS = 6
const STATES = TCP_STATES.length

/** The state after a segment of this kind, NO_STATE or IGNORED. */
export function becomes(direction: number, kind: number, state: number): number {
  return TABLE[(direction * KINDS + kind) * STATES + state]
}
