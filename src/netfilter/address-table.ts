/** A table of many addresses, each with a tag, in one typed array: 12 to 24 bytes an entry. */

const LEAST_SLOTS = 64

/** Open addressing; nothing is ever removed, and at least every third slot stays free. */
export class AddressTable {
  /** Address and tag of each slot, beside each other; a tag of 0: the slot is free. */
  #slots = new Int32Array(LEAST_SLOTS * 2)
  /** How many entries there are. */
  count = 0

  /** Whether the address has this tag, a number from 1 to 2^31 - 1, as one of its tags. */
  has(address: number, tag: number): boolean {
    return this.#slots[this.#find(address | 0, tag) + 1] !== 0
  }

  /** Adds them, if they are not there. */
  add(address: number, tag: number): void {
    const at = this.#find(address | 0, tag)
    if (this.#slots[at + 1] !== 0) return
    this.#slots[at] = address
    this.#slots[at + 1] = tag
    this.count++
    if (this.count * 3 > this.#slots.length) this.#grow()
  }

  /** Offset of the slot where they are, or of the free one where they would be. */
  #find(address: number, tag: number): number {
    const slots = this.#slots
    const last = slots.length - 2
    const hash = Math.imul(address ^ Math.imul(tag, 0x85ebca6b), 0x9e3779b1)
    let at = ((hash ^ (hash >>> 15)) << 1) & last
    while (slots[at + 1] !== 0 && (slots[at + 1] !== tag || slots[at] !== address)) at = (at + 2) & last
    return at
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Int32Array(old.length * 2)
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue
      const at = this.#find(old[i], old[i + 1])
      this.#slots[at] = old[i]
      this.#slots[at + 1] = old[i + 1]
    }
  }
}
