/**
 * The phases of a look-up, each a loop over a burst, in WebAssembly: V8 compiles them alike for every set,
 * where closures are compiled well for the first one only. All they work on is in one memory:
 *
 *     SOURCE … LENGTHS      the headers' columns, of 256 words each
 *     RESULTS               the first rule found up to now, NONE where there is none
 *     ROW, COLUMN, CLASS    what the first phases leave for the later ones
 *     TABLES                the tables, wherever the set puts them
 */
import {
  add,
  addF64,
  and,
  compile,
  constant,
  constantF64,
  exclusiveOr,
  get,
  instantiate,
  isEqual,
  isLess,
  isZero,
  load,
  load16,
  load8,
  loadF64,
  multiply,
  or,
  repeat,
  select,
  set,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  store,
  storeF64,
  subtract,
  tee,
  toF64,
  when,
} from '../../packet/wasm.js'
import type { Code, Definition } from '../../packet/wasm.js'

/** Headers that are classified at once, at most. */
export const BURST = 256

const COLUMN_BYTES = BURST * 4
/** Where the columns begin. */
export const [
  SOURCE,
  DESTINATION,
  PORTS,
  PROTOCOL,
  LENGTHS,
  RESULTS,
  ROW,
  COLUMN,
  CLASS,
  CELL,
  ENTRY,
  TABLES,
] = Array.from({ length: 12 }, (_, i) => i * COLUMN_BYTES)

/** An entry of a candidate list is the rule's number shifted by this, and its service. */
export const SERVICE_BITS = 10
/** Rules are numbered up to this; it stands for no rule, behind all of them. */
export const NONE = 0x1f_ffff
/** The same in entries of 16 bits, for rules below it. */
export const NARROW_NONE = 0xffff

/** Words of a cut tree's node before its children, and of a rule's record. */
export const [NODE_WORDS, RECORD_WORDS] = [3, 8]

/** Columns of a block of cells. */
export const BLOCK_COLUMNS = 8
const BLOCK_SHIFT = Math.log2(BLOCK_COLUMNS)

/** The functions. `end` is four times the number of headers; all else are addresses, but for the two counts. */
export interface Phases {
  /** Longest prefixes of the addresses in column `from` into column `to`. */
  walk(end: number, from: number, to: number, table: number): void
  /** Classes of the three fields, and by them what `combined` has, into CLASS. */
  classes(
    end: number,
    source: number,
    destination: number,
    protocol: number,
    combined: number,
    sourceCount: number,
    destinationCount: number,
  ): void
  /** Lowers the results by direct tables. */
  plainDirect(end: number): void
  plainNarrowDirect(end: number): void
  mappedDirect(end: number, rows: number, columns: number): void
  mappedNarrowDirect(end: number, rows: number, columns: number): void
  /** Where the candidate lists begin, into CELL, and their first entries, into ENTRY. */
  fetch(end: number): void
  mappedFetch(end: number, rows: number, columns: number): void
  /** Lowers the results by the lists that were fetched. */
  scan(end: number, matches: number, rowBytes: number): void
  /** Lowers the results by a cut tree: `root` is the first node's offset, or the complement of a leaf's. */
  tree(end: number, root: number, nodes: number, leaves: number, records: number): void
  /** From NONE to -1. */
  finish(end: number): void
  /** The same, and counts. */
  count(end: number, counters: number): void
}

const words = (index: Code): Code => shiftLeft(index, constant(2))

/** A loop over the burst: local `i` is the offset in the columns. */
function overBurst(i: number, ...statements: Code[]): Code {
  return repeat([...statements, set(i, add(get(i), constant(4)))], isLess(get(i), get(0)))
}

/** Without a branch: a leaf's way through the other two levels is a look at entry 0 that is not used. */
function walk(): Definition {
  const [FROM, TO, TABLE, I, ADDRESS, ENTRY_HERE, BLOCK] = [1, 2, 3, 4, 5, 6, 7]
  const next = (byte: Code): Code[] => {
    const index = and(add(and(get(ENTRY_HERE), constant(0x7fff_ffff)), byte), get(BLOCK))
    return [
      set(BLOCK, shiftRightSigned(get(ENTRY_HERE), constant(31))),
      set(ENTRY_HERE, select(get(BLOCK), load(add(get(TABLE), words(index))), get(ENTRY_HERE))),
    ]
  }
  const body = overBurst(
    I,
    set(ADDRESS, load(add(get(FROM), get(I)))),
    set(ENTRY_HERE, load(add(get(TABLE), words(shiftRight(get(ADDRESS), constant(16)))))),
    ...next(and(shiftRight(get(ADDRESS), constant(8)), constant(0xff))),
    ...next(and(get(ADDRESS), constant(0xff))),
    store(add(get(TO), get(I)), get(ENTRY_HERE)),
  )
  return { name: 'walk', parameters: 4, locals: 4, body: [body] }
}

function classes(): Definition {
  const [SOURCES, DESTINATIONS, PROTOCOLS, COMBINED, SOURCE_COUNT, DESTINATION_COUNT, I, BOTH] = [
    1, 2, 3, 4, 5, 6, 7, 8,
  ]
  const classOf = (table: number, value: Code): Code => load16(add(get(table), shiftLeft(value, constant(1))))
  const over = classOf(PROTOCOLS, and(load(get(I), PROTOCOL), constant(0xff)))
  const to = classOf(DESTINATIONS, and(get(BOTH), constant(0xffff)))
  const from = classOf(SOURCES, shiftRight(get(BOTH), constant(16)))
  const index = add(multiply(add(multiply(over, get(DESTINATION_COUNT)), to), get(SOURCE_COUNT)), from)
  const body = overBurst(I, set(BOTH, load(get(I), PORTS)), store(get(I), classOf(COMBINED, index), CLASS))
  return { name: 'classes', parameters: 7, locals: 2, body: [body] }
}

/** What the cell at a header's row and column has; `rows` and `columns` translate them where a group has its own. */
function cell(i: number, inRow: number, isMapped: boolean): Code {
  const [ROWS, COLUMNS] = [1, 2]
  const row = load(get(i), ROW)
  const column = load(get(i), COLUMN)
  const rowAddress = isMapped ? load(add(get(ROWS), words(row))) : row
  const mapped = isMapped ? load(add(get(COLUMNS), words(column))) : column
  const block = load(add(rowAddress, words(shiftRight(tee(inRow, mapped), constant(BLOCK_SHIFT)))))
  return load(add(block, words(and(get(inRow), constant(BLOCK_COLUMNS - 1)))))
}

function lower(i: number, found: number, rule: Code): Code {
  const before = load(get(i), RESULTS)
  return store(get(i), select(isLess(get(found), before), tee(found, rule), before), RESULTS)
}

/** Entries of 32 bits, or narrow ones of 16 bits, which take half the cache. */
function direct(isMapped: boolean, isNarrow: boolean): Definition {
  const parameters = isMapped ? 3 : 1
  const [I, IN_ROW, FOUND] = [0, 1, 2].map((n) => parameters + n)
  const list = cell(I, IN_ROW, isMapped)
  const inClass = load(get(I), CLASS)
  const rule = isNarrow
    ? [
        ...set(FOUND, load16(add(list, shiftLeft(inClass, constant(1))))),
        ...select(isEqual(get(FOUND), constant(NARROW_NONE)), constant(NONE), get(FOUND)),
      ]
    : load(add(list, words(inClass)))
  const name = `${isMapped ? 'mapped' : 'plain'}${isNarrow ? 'Narrow' : ''}Direct`
  return { name, parameters, locals: 3, body: [overBurst(I, lower(I, FOUND, rule))] }
}

/** Apart from `scan`, whose branches nobody can foresee: here the waits for memory overlap. */
function fetch(isMapped: boolean): Definition {
  const parameters = isMapped ? 3 : 1
  const [I, IN_ROW, AT] = [0, 1, 2].map((n) => parameters + n)
  const body = overBurst(
    I,
    store(get(I), tee(AT, cell(I, IN_ROW, isMapped)), CELL),
    store(get(I), load(get(AT)), ENTRY),
  )
  return { name: isMapped ? 'mappedFetch' : 'fetch', parameters, locals: 3, body: [body] }
}

/** Goes on until an entry matches, or lies behind what other groups have found. */
function scan(): Definition {
  const [MATCHES, ROW_BYTES, I, FOUND, AT, HERE, BITS, LAST] = [1, 2, 3, 4, 5, 6, 7, 8]
  const service = and(get(HERE), constant((1 << SERVICE_BITS) - 1))
  const byte = load8(add(get(BITS), shiftRight(service, constant(3))))
  const isMatch = and(shiftRight(byte, and(get(HERE), constant(7))), constant(1))
  const isLast = or(isMatch, isLess(get(LAST), get(HERE)))
  const body = overBurst(
    I,
    set(BITS, add(get(MATCHES), multiply(load(get(I), CLASS), get(ROW_BYTES)))),
    set(AT, load(get(I), CELL)),
    set(HERE, load(get(I), ENTRY)),
    set(
      LAST,
      or(shiftLeft(load(get(I), RESULTS), constant(SERVICE_BITS)), constant((1 << SERVICE_BITS) - 1)),
    ),
    when(
      isZero(isLast),
      repeat([set(AT, add(get(AT), constant(4))), set(HERE, load(get(AT)))], isZero(isLast)),
    ),
    lower(I, FOUND, shiftRight(get(HERE), constant(SERVICE_BITS))),
  )
  return { name: 'scan', parameters: 3, locals: 6, body: [body] }
}

function tree(): Definition {
  const [ROOT, NODES, LEAVES, RECORDS, I, HERE, NODE, AT, RECORD, FOUND] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  const value = shiftRight(load(add(load(get(NODE)), get(I))), load(get(NODE), 4))
  const child = words(and(value, load(get(NODE), 8)))
  const body = overBurst(
    I,
    set(HERE, get(ROOT)),
    when(
      isLess(constant(-1), get(HERE)),
      repeat(
        [set(NODE, add(get(NODES), get(HERE))), set(HERE, load(add(get(NODE), child), NODE_WORDS * 4))],
        isLess(constant(-1), get(HERE)),
      ),
    ),
    set(AT, add(get(LEAVES), exclusiveOr(get(HERE), constant(-1)))),
    repeat(
      [set(RECORD, add(get(RECORDS), load(get(AT)))), set(AT, add(get(AT), constant(4)))],
      isZero(or(isRecordMatched(RECORD, I), isLess(load(get(I), RESULTS), load(get(RECORD))))),
    ),
    lower(I, FOUND, load(get(RECORD))),
  )
  return { name: 'tree', parameters: 5, locals: 6, body: [body] }
}

/** All five fields, without a branch: how many rules fail by the first one differs from leaf to leaf. */
function isRecordMatched(record: number, i: number): Code {
  const differs = (column: number, at: number): Code =>
    and(exclusiveOr(load(get(i), column), load(get(record), at)), load(get(record), at + 4))
  const isOutside = (port: Code, at: number): Code => {
    const range = load(get(record), at)
    const above = and(subtract(port, shiftRight(range, constant(16))), constant(0x1_ffff))
    return isLess(and(range, constant(0xffff)), above)
  }
  const ports = load(get(i), PORTS)
  const protocol = load(get(record), 28)
  const otherProtocol = and(exclusiveOr(load(get(i), PROTOCOL), shiftRight(protocol, constant(16))), protocol)
  const failures = [
    differs(SOURCE, 4),
    differs(DESTINATION, 12),
    isOutside(shiftRight(ports, constant(16)), 20),
    isOutside(and(ports, constant(0xffff)), 24),
    and(otherProtocol, constant(0xff)),
  ]
  return isZero(failures.reduce(or))
}

function finish(): Definition {
  const I = 1
  const rule = load(get(I), RESULTS)
  const body = overBurst(I, store(get(I), select(isEqual(rule, constant(NONE)), constant(-1), rule), RESULTS))
  return { name: 'finish', parameters: 1, locals: 1, body: [body] }
}

function count(): Definition {
  const [COUNTERS, I, RULE, AT] = [1, 2, 3, 4]
  const rule = load(get(I), RESULTS)
  const body = overBurst(
    I,
    set(RULE, select(isEqual(rule, constant(NONE)), constant(-1), rule)),
    store(get(I), get(RULE), RESULTS),
    set(AT, add(get(COUNTERS), shiftLeft(add(get(RULE), constant(1)), constant(4)))),
    storeF64(get(AT), addF64(loadF64(get(AT)), constantF64(1))),
    storeF64(get(AT), addF64(loadF64(get(AT), 8), toF64(load(get(I), LENGTHS))), 8),
  )
  return { name: 'count', parameters: 2, locals: 3, body: [body] }
}

const compiled = compile([
  walk(),
  classes(),
  ...[direct(false, false), direct(false, true), direct(true, false), direct(true, true)],
  fetch(false),
  fetch(true),
  scan(),
  tree(),
  finish(),
  count(),
])

/** The phases over this memory. */
export function instantiatePhases(memory: WebAssembly.Memory): Phases {
  return instantiate(compiled, memory) as unknown as Phases
}
