/**
 * Just enough of an assembler for WebAssembly: expressions are arrays of bytes, put into one another as in
 * `add(get(0), constant(4))`, and `buildModule` makes functions of them. All values are 32-bit integers, but
 * where a name says f64. Addresses are bytes; `offset` is added to them.
 */
import { name, section, signed, sized, unsigned } from '../../packet/wasm-bytes.js'

/** Instructions that leave one value, or none where they are statements. */
export type Code = number[]

const [I32, NOTHING] = [0x7f, 0x40]
const [BLOCK, LOOP, END, BR_IF, SELECT] = [0x02, 0x03, 0x0b, 0x0d, 0x1b]

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
/** Shifts: the second operand is the distance; right with zeros, and with the sign. */
export const [shiftLeft, shiftRight, shiftRightSigned] = [0x74, 0x76, 0x75].map(binary)
/** Comparisons, 1 or 0; of signed numbers. */
export const [isEqual, isLess] = [0x46, 0x48].map(binary)
/** 1 for 0, else 0. */
export const isZero = unary(0x45)
/** Reads of 32, 8 and 16 bits, the shorter ones without sign. */
export const [load, load8, load16] = [loads(0x28, 2), loads(0x2d, 0), loads(0x2f, 1)]
/** Writes 32 bits. */
export const store = stores(0x36, 2)
/** Numbers of 64-bit floating point: read and write. */
export const [loadF64, storeF64] = [loads(0x2b, 3), stores(0x39, 3)]
/** Their sum. */
export const addF64 = binary(0xa0)
/** A 32-bit integer as such a number. */
export const toF64 = unary(0xb7)

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

/** A function of `parameters` integers without result, with `locals` variables behind them. */
export interface Definition {
  name: string
  parameters: number
  locals: number
  body: Code[]
}

/** The module of these functions, over a shared memory imported as `classify.memory`, of exactly `pages` pages. */
export function buildModule(functions: Definition[], pages: number): Uint8Array {
  const limits = [0x03, ...unsigned(pages), ...unsigned(pages)] // shared, with a maximum
  const types = functions.map(({ parameters }) => [
    0x60,
    parameters,
    ...Array<number>(parameters).fill(I32),
    0,
  ])
  const exports = functions.map((one, i) => [...name(one.name), 0x00, i])
  const bodies = functions.map(({ locals, body }) => sized([1, locals, I32, ...body.flat(), END]))
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...name('classify'), ...name('memory'), 0x02, ...limits]])),
    ...section(3, vector(functions.map((_, i) => [i]))),
    ...section(7, vector(exports)),
    ...section(10, vector(bodies)),
  ])
}

function vector(items: number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}
