/**
 * Time stamps of pcapng: 64 bits in units that the interface chooses (if_tsresol: a negative power of 10 or
 * of 2; microseconds when it says nothing), shifted by whole seconds (if_tsoffset).
 */

const IF_TSRESOL = 9
const IF_TSOFFSET = 14
const MICROSECONDS = 6
const SECOND_NS = 1_000_000_000n

/** Time stamps of one interface. Converting leaves its result in `seconds` and `nanoseconds`. */
export class TimestampScale {
  seconds = 0
  nanoseconds = 0
  readonly #unitsPerSecond: bigint
  readonly #offset: bigint
  /** The same as a number where that is exact for what `convert` does with it, else 0. */
  readonly #units: number
  // What the upper half of the last time stamp came to: it changes every few seconds only.
  #high = -1
  #highSeconds = 0
  #highRest = 0

  constructor(unitsPerSecond: bigint, offset: bigint) {
    this.#unitsPerSecond = unitsPerSecond
    this.#offset = offset
    this.#units = unitsPerSecond <= SECOND_NS ? Number(unitsPerSecond) : 0
  }

  convert(high: number, low: number): void {
    if (this.#units === 0) return this.#convertFine(high, low)
    if (high !== this.#high) this.#convertHigh(high)
    const units = this.#highRest + low // below 2^33: exact
    const whole = Math.floor(units / this.#units)
    this.seconds = this.#highSeconds + whole
    this.nanoseconds = Math.floor(((units - whole * this.#units) * 1e9) / this.#units)
  }

  #convertHigh(high: number): void {
    const units = BigInt(high) << 32n
    this.#high = high
    this.#highSeconds = Number(units / this.#unitsPerSecond + this.#offset)
    this.#highRest = Number(units % this.#unitsPerSecond)
  }

  /** Units finer than a nanosecond. */
  #convertFine(high: number, low: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low)
    this.seconds = Number(units / this.#unitsPerSecond + this.#offset)
    this.nanoseconds = Number(((units % this.#unitsPerSecond) * SECOND_NS) / this.#unitsPerSecond)
  }
}

/**
 * The scale that an interface's options describe; `optionAt` finds an option of a code, or gives -1. One of
 * another length than it must have counts as not there.
 */
export function readTimestampOptions(
  view: DataView,
  littleEndian: boolean,
  optionAt: (code: number) => number,
): TimestampScale {
  const valueAt = (code: number, length: number): number => {
    const at = optionAt(code)
    return at !== -1 && view.getUint16(at + 2, littleEndian) === length ? at + 4 : -1
  }
  const resolutionAt = valueAt(IF_TSRESOL, 1)
  const resolution = resolutionAt === -1 ? MICROSECONDS : view.getUint8(resolutionAt)
  const base = resolution & 0x80 ? 2n : 10n
  const offsetAt = valueAt(IF_TSOFFSET, 8)
  const offset = offsetAt === -1 ? 0n : view.getBigInt64(offsetAt, littleEndian)
  return new TimestampScale(base ** BigInt(resolution & 0x7f), offset)
}
