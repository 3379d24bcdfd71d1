/** A list of `-m recent`: addresses that were seen, and when, in the kernel's ticks. */

/** Addresses that a list remembers; those not seen for longest make room (ip_list_tot of xt_recent). */
const MOST = 100

/** One list. Slots are searched one after the other: there are few, and each address has one at most. */
export class RecentTable {
  /** Bits of addresses that count; those of the rule that named the list first. */
  readonly mask: number
  readonly #addresses = new Uint32Array(MOST)
  readonly #ttls = new Uint8Array(MOST)
  /** When a slot was last changed, counted in changes; 0 = free. */
  readonly #changed = new Float64Array(MOST)
  #changes = 0
  /** Of each slot: how many times it remembers, where the next one goes, and the times. */
  readonly #counts = new Uint32Array(MOST)
  readonly #next = new Uint32Array(MOST)
  #depth = 0
  #times = new Float64Array(0)

  constructor(mask: number) {
    this.mask = mask
  }

  /** Has it remember so many times of each address; the list begins anew if that is more than so far. */
  deepen(depth: number): void {
    if (depth <= this.#depth) return
    this.#depth = depth
    this.#times = new Float64Array(MOST * depth)
    this.#changed.fill(0)
  }

  /** The slot of an address, or -1. A TTL of 0, here or as it was seen, stands for any. */
  find(address: number, ttl: number): number {
    const addresses = this.#addresses
    for (let slot = 0; slot < MOST; slot++)
      if (addresses[slot] === address && this.#changed[slot] !== 0 && this.#hasTtl(slot, ttl)) return slot
    return -1
  }

  #hasTtl(slot: number, ttl: number): boolean {
    return ttl === 0 || this.#ttls[slot] === 0 || this.#ttls[slot] === ttl
  }

  add(address: number, ttl: number, now: number): void {
    const slot = this.#oldest(0)
    this.#addresses[slot] = address
    this.#counts[slot] = 0
    this.#next[slot] = 0
    this.update(slot, ttl, now)
  }

  update(slot: number, ttl: number, now: number): void {
    const at = this.#next[slot] % this.#depth
    this.#times[slot * this.#depth + at] = now
    this.#next[slot] = at + 1
    if (at + 1 > this.#counts[slot]) this.#counts[slot] = at + 1
    this.#ttls[slot] = ttl
    this.#changed[slot] = ++this.#changes
  }

  remove(slot: number): void {
    this.#changed[slot] = 0
  }

  /** Whether it was seen so often at or after a time. */
  wasSeen(slot: number, since: number, often: number): boolean {
    const start = slot * this.#depth
    let seen = 0
    for (let at = start; at < start + this.#counts[slot]; at++)
      if (this.#times[at] >= since && ++seen >= often) return true
    return false
  }

  /** Removes the slot that was changed longest ago, unless that was at or after a time or the slot is spared. */
  reap(before: number, spared: number): void {
    const slot = this.#oldest(1)
    if (slot === spared) return
    if (this.#times[slot * this.#depth + this.#next[slot] - 1] < before) this.remove(slot)
  }

  /** The slot that was changed longest ago; with `least` 0 a free one, if there is one. */
  #oldest(least: number): number {
    const changed = this.#changed
    let oldest = -1
    for (let slot = 0; slot < MOST; slot++)
      if (changed[slot] >= least && (oldest === -1 || changed[slot] < changed[oldest])) oldest = slot
    return oldest
  }
}
