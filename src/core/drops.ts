/**
 * Why a frame ended here. Every drop has a named reason and every reason has a counter; the name is what
 * reports print. Reasons 0 … 31 are those of the wire (a header's `check` result is a drop reason as it
 * stands), the ones below follow, and rules register theirs when they are loaded.
 */
import { REASON_NAMES } from '../wire/reason.js'

const FIRST = 32
const NAMES = [
  'no-slot',
  'cut-capture',
  'runt',
  'bad-source',
  'link-local',
  'same-port',
  'isolated',
  'no-port',
  'fragment-overlap',
  'fragment-duplicate',
  'fragment-malformed',
  'fragment-timeout',
  'fragment-too-far',
  'fragment-no-room',
  'mac-spoof',
  'ip-spoof',
  'arp-spoof',
] as const

/** No slot of the arena was free for the frame or for one of its copies. */
export const NO_SLOT = FIRST
/** The capture holds only a part of the frame: its snaplen was shorter. */
export const CUT_CAPTURE = FIRST + 1
/** Shorter than an Ethernet header. */
export const RUNT = FIRST + 2
/** The source is a group address or zero (the kernel's is_valid_ether_addr). */
export const BAD_SOURCE = FIRST + 3
/** To 01:80:c2:00:00:01 … 0f, which no bridge forwards (IEEE 802.1D §7.12.6). */
export const LINK_LOCAL = FIRST + 4
/** The destination is behind the port that the frame came in by. */
export const SAME_PORT = FIRST + 5
/** From an isolated port to another isolated port. */
export const ISOLATED = FIRST + 6
/** To be flooded, but no port takes it. */
export const NO_PORT = FIRST + 7

/** Of a datagram of which fragments overlap: all of them. */
export const FRAGMENT_OVERLAP = FIRST + 8
/** The same fragment came before. */
export const FRAGMENT_DUPLICATE = FIRST + 9
/** Of a datagram whose fragments contradict one another, are empty, or are too long together. */
export const FRAGMENT_MALFORMED = FIRST + 10
/** The rest of the datagram did not come in time, or never. */
export const FRAGMENT_TIMEOUT = FIRST + 11
/** Too many others of the same sender came before the rest of the datagram. */
export const FRAGMENT_TOO_FAR = FIRST + 12
/** Too many datagrams were waiting for their rest. */
export const FRAGMENT_NO_ROOM = FIRST + 13

/** From another MAC address than the port's guard knows. */
export const MAC_SPOOF = FIRST + 14
/** IPv4 from another address than the port's guard knows. */
export const IP_SPOOF = FIRST + 15
/** ARP that names another sender than the port's guard knows, or of another kind. */
export const ARP_SPOOF = FIRST + 16

/** The first reason that a rule registers. */
export const FIRST_RULE = 64

/** The counters of all reasons. */
export class Drops {
  readonly #names: string[] = []
  /** Frames dropped for each reason that has a name of its own here: an index is a reason. Never replaced. */
  readonly fixed = new Float64Array(FIRST_RULE)
  /** The same for rules, by reason less FIRST_RULE. */
  #rules = new Float64Array(64)

  constructor() {
    REASON_NAMES.forEach((name, reason) => (this.#names[reason] = name))
    NAMES.forEach((name, i) => (this.#names[FIRST + i] = name))
  }

  /** The reason of this name, for a rule: a new one, or that of a rule that reads the same; returns its number. */
  register(name: string): number {
    const known = this.#names.indexOf(name, FIRST_RULE)
    if (known !== -1) return known
    const reason = Math.max(this.#names.length, FIRST_RULE)
    this.#names[reason] = name
    if (reason - FIRST_RULE >= this.#rules.length) {
      const grown = new Float64Array(this.#rules.length * 2)
      grown.set(this.#rules)
      this.#rules = grown
    }
    return reason
  }

  /** Frames dropped by rules, by reason less FIRST_RULE. Another array once there are more of them. */
  get rules(): Float64Array {
    return this.#rules
  }

  count(reason: number, frames = 1): void {
    if (reason < FIRST_RULE) this.fixed[reason] += frames
    else this.#rules[reason - FIRST_RULE] += frames
  }

  nameOf(reason: number): string {
    return this.#names[reason] ?? `reason ${reason}`
  }

  /** Name and count of every reason that dropped something, most first. */
  *entries(): Generator<[name: string, count: number]> {
    const counts = [...this.fixed, ...this.#rules]
    const reasons = [...counts.keys()].filter((reason) => counts[reason] > 0)
    reasons.sort((a, b) => counts[b] - counts[a])
    for (const reason of reasons) yield [this.nameOf(reason), counts[reason]]
  }
}
