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
  /** Reads the field of a header at `at`; leave out what the codec writes but has no reader for. */
  get(b: Uint8Array, at: number): Value
  /** Writes it; left out where the codec has no writer. */
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
        assert.deepEqual(plain(field.get(b, BEFORE)), plain(record[name]!), name)
      }
    }),
  )
  t.pass('random headers read as the twin reads them')
  const writers = Object.entries(fields).filter(([, field]) => field.set)
  fc.assert(
    fc.property(header, (bytes) => {
      const record = twin.decode(Buffer.from(bytes))
      const ours = new Uint8Array(BEFORE + size + 2).fill(0xa5)
      const theirs = Buffer.alloc(BEFORE + size + 2, 0xa5)
      for (const [name, field] of writers) field.set!(ours, BEFORE, record[name] as never)
      twin.encode(record, theirs, BEFORE)
      assert.deepEqual(Buffer.from(ours), theirs)
    }),
  )
  t.pass('written onto 0xa5, codec and twin leave the same bytes')
}

function plain(value: Value): Value | number[] {
  return typeof value === 'number' ? value : Array.from(value)
}
