/**
 * Where rules that are data lie, and where they count. Everything is in one block of memory:
 *
 *   rule       12 words, what is asked and done:
 *                0-3   source, mask, destination, mask
 *                4-5   source ports, destination ports: least | greatest << 16
 *                6     protocol, -1 for any
 *                7     verdict | kind of call << 4 | whether more is asked << 8
 *                8     link: what is asked beyond the fields, and the function that is called; -1 for none
 *                9-11  the chain to jump to: the first rule of its body, the end of the last, -1 where that is a
 *                      function; its counters
 *   counters   packets and bytes of a rule, 64-bit floats
 *
 * A rule of a run has its counters behind it, and behind these are those of the chain that it is the first to
 * jump to: a packet to one of ten thousand instances finds what is its own in two neighbouring cache lines.
 * A body serves all the chains that share it: its rules have no counters.
 */
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import type { RunKey } from './key.js'
import type { LoweredRule } from './lower.js'
import type { Action } from './test.js'

/** Consecutive rules: a run within a chain, or the body of chains. */
export interface DataSegment {
  rules: readonly LoweredRule[]
  /** By rule: the number of its link; -1 for none. */
  links: readonly number[]
  /** By rule: the chain that it jumps to, and the segment that is its body, -1 where that is a function. */
  jumps: ReadonlyArray<{ chain: number; segment: number } | null>
  isBody: boolean
  /** How the rules of a run are found; null: in turn. */
  key: RunKey | null
}

/** Words of a rule, by name. */
export const [SOURCE, SOURCE_MASK, DESTINATION, DESTINATION_MASK] = [0, 1, 2, 3]
/** Words of a rule, by name. */
export const [SOURCE_PORTS, DESTINATION_PORTS, PROTOCOL, ACTION, LINK] = [4, 5, 6, 7, 8]
/** Words of a rule, by name. */
export const [BODY, BODY_END, CHAIN_COUNTERS] = [9, 10, 11]
/** Words from one rule of a body to the next. */
export const RULE_WORDS = 12
/** Words of a rule and its counters. */
const COUNTED_RULE_WORDS = 16
/** Words of a cache line, at which each rule of a run begins. */
const LINE_WORDS = 16
/** 64-bit floats of a rule's counters. */
export const COUNTERS = 2

/** What is called when the rule holds, in its ACTION. */
export const [JUMP, GOTO, CALL] = [1, 2, 3]

const KINDS: Partial<Record<Action['kind'], number>> = { jump: JUMP, goto: GOTO, call: CALL }
/** What a rule says when it holds, before anything is called. */
const VERDICTS: Record<Action['kind'], number> = {
  accept: ACCEPT,
  drop: DROP,
  return: RETURN,
  continue: CONTINUE,
  goto: CONTINUE,
  jump: CONTINUE,
  call: CONTINUE,
}

/** Rules in memory. */
export interface Layout {
  words: Int32Array
  counts: Float64Array
  /** By counters, in units of COUNTERS: the number of the rule among all tables', -1 where nothing counts. */
  ids: Int32Array
  /** By chain: where in `counts` its first rule counts, the next one COUNTERS further on. */
  at: Int32Array
  /** By segment that is a body: words of its first rule, and of the end of its last. */
  bodies: ReadonlyArray<{ begin: number; end: number }>
  /** By segment that is a run: the words of its rules, in their order. */
  runs: readonly Int32Array[]
}

/** Lays out the segments, and the counters of the chains. */
export function layOut(
  segments: readonly DataSegment[],
  chains: ReadonlyArray<readonly LoweredRule[]>,
): Layout {
  const size = sizeOf(segments, chains)
  const memory = new ArrayBuffer((size.counted + size.bodies) * 4)
  const words = new Int32Array(memory)
  const counts = new Float64Array(memory)
  const ids = new Int32Array(size.counted / (COUNTERS * 2)).fill(-1)
  const at = new Int32Array(chains.length).fill(-1)
  let counted = 0

  function placeCounters(chain: number): number {
    if (at[chain] !== -1) return at[chain]
    at[chain] = counted / 2
    counted += chains[chain].length * COUNTERS * 2
    chains[chain].forEach(({ id }, i) => (ids[at[chain] / COUNTERS + i] = id))
    return at[chain]
  }

  function placeRun({ rules, links, jumps }: DataSegment): Int32Array {
    const places = new Int32Array(rules.length)
    rules.forEach((rule, i) => {
      const w = (places[i] = Math.ceil(counted / LINE_WORDS) * LINE_WORDS)
      counted = w + COUNTED_RULE_WORDS
      ids[(w + RULE_WORDS) / (COUNTERS * 2)] = rule.id
      writeRule(words, w, rule, links[i])
      if (jumps[i] !== null) writeJump(w, jumps[i])
    })
    return places
  }

  function writeJump(w: number, { chain, segment }: { chain: number; segment: number }): void {
    words[w + BODY] = segment === -1 ? -1 : bodies[segment].begin
    words[w + BODY_END] = segment === -1 ? -1 : bodies[segment].end
    words[w + CHAIN_COUNTERS] = placeCounters(chain)
  }

  const bodies = placesOf(segments, size.counted)
  const runs = segments.map((segment) => (segment.isBody ? NO_RUN : placeRun(segment)))
  segments.forEach(({ rules, links, jumps, isBody }, i) => {
    if (!isBody) return
    rules.forEach((rule, k) => {
      const w = bodies[i].begin + k * RULE_WORDS
      writeRule(words, w, rule, links[k])
      if (jumps[k] !== null) writeJump(w, jumps[k])
    })
  })
  chains.forEach((_, chain) => placeCounters(chain))
  return { words, counts, ids, at, bodies, runs }
}

const NO_RUN = new Int32Array(0)

/** Words that are wanted at most: for runs and counters, and for bodies. */
function sizeOf(
  segments: readonly DataSegment[],
  chains: ReadonlyArray<readonly LoweredRule[]>,
): { counted: number; bodies: number } {
  let [counted, bodies] = [0, 0]
  for (const { rules, isBody } of segments)
    if (isBody) bodies += rules.length * RULE_WORDS
    else counted += rules.length * (COUNTED_RULE_WORDS + LINE_WORDS)
  for (const rules of chains) counted += rules.length * COUNTERS * 2
  return { counted, bodies }
}

/** Bodies stand one behind the other from `first` on. */
function placesOf(segments: readonly DataSegment[], first: number): Array<{ begin: number; end: number }> {
  let end = first
  return segments.map(({ rules, isBody }) => {
    const begin = end
    if (isBody) end += rules.length * RULE_WORDS
    return { begin, end }
  })
}

function writeRule(words: Int32Array, w: number, { shape }: LoweredRule, link: number): void {
  const { action, fields, rest } = shape
  words[w + SOURCE] = fields.source
  words[w + SOURCE_MASK] = fields.sourceMask
  words[w + DESTINATION] = fields.destination
  words[w + DESTINATION_MASK] = fields.destinationMask
  words[w + SOURCE_PORTS] = fields.sourcePorts[0] | (fields.sourcePorts[1] << 16)
  words[w + DESTINATION_PORTS] = fields.destinationPorts[0] | (fields.destinationPorts[1] << 16)
  words[w + PROTOCOL] = fields.protocol
  words[w + ACTION] =
    VERDICTS[action.kind] | ((KINDS[action.kind] ?? 0) << 4) | (Number(rest.length > 0) << 8)
  words[w + LINK] = link
  words[w + BODY] = words[w + BODY_END] = words[w + CHAIN_COUNTERS] = -1
}
