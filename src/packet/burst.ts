/** A handful of packets that go through a stage together: slot numbers, in the order they came in. */

/** The most frames that enter at once. */
export const BURST = 256

/** Slot numbers in an array of fixed length, the first `count` of them valid. */
export class Burst {
  readonly slots: Int32Array
  count = 0

  /** @param slots where the numbers go: its length is how many there is room for */
  constructor(slots: Int32Array = new Int32Array(BURST)) {
    this.slots = slots
  }

  get isFull(): boolean {
    return this.count === this.slots.length
  }

  /** Adds a packet; the caller has made sure that there is room. */
  add(slot: number): void {
    this.slots[this.count++] = slot
  }

  /** Forgets the packets. Whoever took them over owns them now. */
  clear(): void {
    this.count = 0
  }
}
