/**
 * Holds a codec against its buffer-layout twin: a second, independent description of the same header.
 * Random bytes must read alike, and a record written by each onto 0xa5 must leave the same bytes.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Layout } from 'buffer-layout'
import type { Test } from 'tap'

type Value = number | Uint8Array
export interface Field {
  /** Reads the field of a header at `at`. */
  get(b: Uint8Array, at: number): Value
  /** Writes it; left out where the codec has no writer, and the twin then leaves those bytes alone too. */
  set?(b: Uint8Array, at: number, value: never): void
}

const BEFORE = 3 // not 0: a reader that forgets `at` must be seen

export function holdAgainstTwin(
  t: Test,
  twin: Layout<Record<string, Value>>,
  fields: Record<string, Field>,
): void {
  const size = twin.span
  const header = fc.uint8Array({ minLength: size, maxLength: size, size: 'max' })
  fc.assert(
    fc.property(header, (bytes) => {
      const b = new Uint8Array(BEFORE + size + 2).fill(0xa5)
      b.set(bytes, BEFORE)
      const record = twin.decode(Buffer.from(b), BEFORE)
      for (const [name, field] of Object.entries(fields)) {
        assert.deepEqual(plain(field.get(b, BEFORE)), plain(record[name]), name)
      }
    }),
  )
  t.pass('random headers read as the twin reads them')
  const writers = Object.entries(fields).filter(([, field]) => field.set !== undefined)
  if (writers.length === 0) return
  fc.assert(
    fc.property(header, (bytes) => {
      const record = twin.decode(Buffer.from(bytes))
      const written = Object.fromEntries(writers.map(([name]) => [name, record[name]]))
      const ours = new Uint8Array(BEFORE + size + 2).fill(0xa5)
      const theirs = Buffer.alloc(BEFORE + size + 2, 0xa5)
      for (const [name, field] of writers) field.set!(ours, BEFORE, record[name] as never)
      twin.encode(written, theirs, BEFORE)
      assert.deepEqual(Buffer.from(ours), theirs)
    }),
  )
  t.pass('written onto 0xa5, codec and twin leave the same bytes')
}

function plain(value: Value): Value | number[] {
  return typeof value === 'number' ? value : Array.from(value)
}

/**
 * The twin with the fields of its bit structures in the record itself, beside the whole bytes: buffer-layout
 * makes a record in the record of them.
 */
export function flat(
  twin: Layout<Record<string, Value | Record<string, number>>>,
): Layout<Record<string, Value>> {
  return {
    span: twin.span,
    decode: (b, at) => Object.fromEntries(Object.entries(twin.decode(b, at)).flatMap(leaves)),
    encode(record, b, at) {
      const shape = Object.entries(twin.decode(Buffer.alloc(twin.span)))
      const nested = shape.map(([name, value]) => [name, isLeaf(value) ? record[name] : record])
      return twin.encode(Object.fromEntries(nested), b, at)
    },
  }
}

function leaves([name, value]: [string, Value | Record<string, number>]): [string, Value][] {
  return isLeaf(value) ? [[name, value]] : Object.entries(value)
}

function isLeaf(value: Value | Record<string, number>): value is Value {
  return typeof value === 'number' || value instanceof Uint8Array
}
