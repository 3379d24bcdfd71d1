/**
 * Just enough of an assembler for WebAssembly: expressions are arrays of bytes, put into one another as in
 * `add(get(0), constant(4))`, and `buildModule` makes functions of them. All values are 32-bit integers, but
 * where a name says f64. Addresses are bytes; `offset` is added to them.
 */
import { name, section, signed, sized, unsigned } from './wasm-bytes.js'

/** Instructions that leave one value, or none where they are statements. */
export type Code = number[]

const [I32, F64, V128, NOTHING] = [0x7f, 0x7c, 0x7b, 0x40]
const MOST_PAGES = 65_536
const [BLOCK, LOOP, IF, ELSE, END, BR, BR_IF, SELECT] = [0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x1b]
const RETURN = 0x0f

const unary =
  (opcode: number) =>
  (a: Code): Code => [...a, opcode]
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode]
const loads =
  (opcode: number, align: number) =>
  (address: Code, offset = 0): Code => [...[...address, opcode, align], ...unsigned(offset)]
const stores =
  (opcode: number, align: number) =>
  (address: Code, value: Code, offset = 0): Code => [
    ...[...address, ...value, opcode, align],
    ...unsigned(offset),
  ]

/** Arithmetic. */
export const [add, subtract, multiply, and, or, exclusiveOr] = [0x6a, 0x6b, 0x6c, 0x71, 0x72, 0x73].map(
  binary,
)
/** Shifts: the second operand is the distance; right with zeros, and with the sign; left, what falls out coming in. */
export const [shiftLeft, shiftRight, shiftRightSigned, rotateLeft] = [0x74, 0x76, 0x75, 0x77].map(binary)
/** Comparisons, 1 or 0; of signed numbers. */
export const [isEqual, isDifferent, isLess, isGreater] = [0x46, 0x47, 0x48, 0x4a].map(binary)
/** The same of numbers without sign. */
export const [isBelow, isAbove] = [0x49, 0x4b].map(binary)
/** 1 for 0, else 0. */
export const isZero = unary(0x45)
/** Reads of 32, 8 and 16 bits, the shorter ones without sign. */
export const [load, load8, load16] = [loads(0x28, 2), loads(0x2d, 0), loads(0x2f, 1)]
/** Writes 32 bits. */
export const store = stores(0x36, 2)
/** Numbers of 64-bit floating point: read and write. */
export const [loadF64, storeF64] = [loads(0x2b, 3), stores(0x39, 3)]
/** Their sum, their product, the greater of both, and whether the first is greater. */
export const [addF64, multiplyF64, maxF64, isGreaterF64] = [0xa0, 0xa2, 0xa5, 0x64].map(binary)
/** A 32-bit integer as such a number, with its sign and as one without. */
export const [toF64, unsignedToF64] = [0xb7, 0xb8].map(unary)
/** Writes 16 bytes that are read elsewhere. */
export function copy16(to: Code, from: Code): Code {
  return [...to, ...from, 0xfd, 0x00, 0, 0, 0xfd, 0x0b, 0, 0]
}
/** Reads 16, 8 and 4 bytes as a vector, the rest of which is 0. */
export const [loadVector, loadVector8, loadVector4] = [0x00, 0x5d, 0x5c].map(
  (opcode) =>
    (address: Code): Code => [...address, 0xfd, opcode, 0, 0],
)
/** A vector of zeros. */
export const NO_VECTOR: Code = [0xfd, 0x0c, ...Array<number>(16).fill(0)]
/** The sums of neighbours of a vector's eight 16-bit integers, added to the four 32-bit integers of another. */
export function addNeighbours(sums: Code, halves: Code): Code {
  return [...sums, ...halves, 0xfd, 0x7f, 0xfd, 0xae, 0x01]
}
/** One of a vector's four 32-bit integers. */
export function lane(vector: Code, number: number): Code {
  return [...vector, 0xfd, 0x1b, number]
}
/** Copies `length` bytes, which may overlap. */
export function copyBytes(to: Code, from: Code, length: Code): Code {
  return [...to, ...from, ...length, 0xfc, 0x0a, 0, 0]
}

/** A number that is written in the code. */
export function constant(value: number): Code {
  return [0x41, ...signed(value)]
}

/** A constant of 64-bit floating point. */
export function constantF64(value: number): Code {
  return [0x44, ...new Uint8Array(Float64Array.of(value).buffer)]
}

/** Reads a parameter or local variable. */
export function get(local: number): Code {
  return [0x20, local]
}

/** Writes one. */
export function set(local: number, value: Code): Code {
  return [...value, 0x21, local]
}

/** Writes one, and leaves the value. */
export function tee(local: number, value: Code): Code {
  return [...value, 0x22, local]
}

/** `condition ? a : b` without a branch: a, b and the condition are evaluated, in this order. */
export function select(condition: Code, a: Code, b: Code): Code {
  return [...a, ...b, ...condition, SELECT]
}

/** Statements that are passed over when the condition is 0. */
export function when(condition: Code, ...statements: Code[]): Code {
  return [BLOCK, NOTHING, ...isZero(condition), BR_IF, 0, ...statements.flat(), END]
}

/** Statements that are repeated as long as the condition behind them is not 0. */
export function repeat(statements: Code[], condition: Code): Code {
  return [LOOP, NOTHING, ...statements.flat(), ...condition, BR_IF, 0, END]
}

/** Statements that are repeated until one of them, which is not within another, is `leaveWhen`. */
export function forever(...statements: Code[]): Code {
  return [BLOCK, NOTHING, LOOP, NOTHING, ...statements.flat(), BR, 0, END, END]
}

/** Ends the `forever` that it stands in. */
export function leaveWhen(condition: Code): Code {
  return [...condition, BR_IF, 1]
}

/** Ends the function, with this value, where the condition is not 0. */
export function returnWhen(condition: Code, value: Code): Code {
  return [...condition, IF, NOTHING, ...value, RETURN, END]
}

/** A local variable's four bytes in the opposite order: as a header has them. */
export function swapped(local: number): Code {
  return or(
    and(rotateLeft(get(local), constant(8)), constant(0x00ff00ff)),
    and(rotateLeft(get(local), constant(24)), constant(0xff00ff00 | 0)),
  )
}

/** The lower two likewise; the upper ones are 0. */
export function swapped16(local: number): Code {
  return or(
    shiftLeft(and(get(local), constant(0xff)), constant(8)),
    and(shiftRight(get(local), constant(8)), constant(0xff)),
  )
}

/** One of two statements. */
export function either(condition: Code, first: Code, second: Code): Code {
  return [...condition, IF, NOTHING, ...first, ELSE, ...second, END]
}

/** A function of `parameters` integers, with `locals` variables behind them, then `doubles`, then `vectors`. */
export interface Definition {
  name: string
  parameters: number
  locals: number
  /** Variables of 64-bit floating point. */
  doubles?: number
  /** Variables of 128 bits. */
  vectors?: number
  /** The integer that the function returns, behind all of `body`; without one it returns nothing. */
  result?: Code
  body: Code[]
}

/** Functions that are compiled once and can then be made over any memory. */
export type Compiled = WebAssembly.Module

/** The functions over a shared memory, which is imported as `br100.memory`. */
export function compile(functions: Definition[]): Compiled {
  const limits = [0x03, 0, ...unsigned(MOST_PAGES)] // shared, of any size
  const types = functions.map(({ parameters, result }) => [
    0x60,
    parameters,
    ...Array<number>(parameters).fill(I32),
    ...(result === undefined ? [0] : [1, I32]),
  ])
  const exports = functions.map((one, i) => [...name(one.name), 0x00, i])
  const bodies = functions.map(({ locals, doubles = 0, vectors = 0, body, result = [] }) =>
    sized([3, locals, I32, doubles, F64, vectors, V128, ...body.flat(), ...result, END]),
  )
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector(types)),
      ...section(2, vector([[...name('br100'), ...name('memory'), 0x02, ...limits]])),
      ...section(3, vector(functions.map((_, i) => [i]))),
      ...section(7, vector(exports)),
      ...section(10, vector(bodies)),
    ]),
  )
}

/** What they export, over this memory. */
export function instantiate(compiled: Compiled, memory: WebAssembly.Memory): Record<string, unknown> {
  return new WebAssembly.Instance(compiled, { br100: { memory } }).exports
}

function vector(items: number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}
