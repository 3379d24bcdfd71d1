/**
 * The arena's debug mode: whoever frees a slot twice, or touches the metadata of a slot that is free, is
 * stopped there and then instead of corrupting somebody's frame later.
 */

/** Thrown in debug mode only: a mistake in br100, never in its input. */
export class OwnershipError extends Error {
  override name = 'OwnershipError'
}

/** Bytes of a freed frame become this, so that what a stale offset reads is easily recognised. */
export const POISON = 0xdb

/** The array behind a guard that throws where an element of a slot that is not taken is read or written. */
export function guard<T extends Int32Array | Float64Array>(field: string, array: T, taken: Uint8Array): T {
  const mustBeTaken = (key: string | symbol): void => {
    const slot = typeof key === 'string' ? Number(key) : NaN
    if (Number.isInteger(slot) && taken[slot] !== 1)
      throw new OwnershipError(`${field} of slot ${slot} is used, but the slot is not taken`)
  }
  return new Proxy(array, {
    get(target, key) {
      mustBeTaken(key)
      return Reflect.get(target, key) as unknown
    },
    set(target, key, value) {
      mustBeTaken(key)
      return Reflect.set(target, key, value)
    },
  })
}
