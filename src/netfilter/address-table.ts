/** A table of many addresses, each with a tag, in typed arrays: 16 bytes an entry or less. */

const LEAST_SLOTS = 64

/** What is never removed is kept in open addressing; at least every third slot stays free. */
export class AddressTable {
  #keys = new Int32Array(LEAST_SLOTS)
  /** 0 where the slot is free. */
  #tags = new Int32Array(LEAST_SLOTS)
  /** How many entries there are. */
  count = 0

  /** Whether the address has this tag, a number from 1 to 2^31 - 1, as one of its tags. */
  has(address: number, tag: number): boolean {
    return this.#tags[this.#slotOf(address | 0, tag)] === tag
  }

  /** Adds them, if they are not there. */
  add(address: number, tag: number): void {
    const slot = this.#slotOf(address | 0, tag)
    if (this.#tags[slot] === tag) return
    this.#keys[slot] = address
    this.#tags[slot] = tag
    this.count++
    if (this.count * 3 > this.#tags.length * 2) this.#grow()
  }

  /** Where they are, or the free slot where they would be. */
  #slotOf(key: number, tag: number): number {
    const [keys, tags] = [this.#keys, this.#tags]
    const last = tags.length - 1
    let slot = Math.imul(key ^ Math.imul(tag, 0x85ebca6b), 0x9e3779b1)
    slot = (slot ^ (slot >>> 15)) & last
    while (tags[slot] !== 0 && (tags[slot] !== tag || keys[slot] !== key)) slot = (slot + 1) & last
    return slot
  }

  #grow(): void {
    const [keys, tags] = [this.#keys, this.#tags]
    this.#keys = new Int32Array(keys.length * 2)
    this.#tags = new Int32Array(tags.length * 2)
    for (let i = 0; i < tags.length; i++) {
      if (tags[i] === 0) continue
      const slot = this.#slotOf(keys[i], tags[i])
      this.#keys[slot] = keys[i]
      this.#tags[slot] = tags[i]
    }
  }
}
