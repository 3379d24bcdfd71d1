/** A list of the match recent: addresses, and when packets of each were seen, in jiffies. */

/** Addresses that a list holds (ip_list_tot); the one that was touched longest ago makes room for a new one. */
const MOST_ADDRESSES = 100
/** Times that are remembered of each, unless a rule of the list counts more. */
const LEAST_TIMES = 32

/** Bounded: 100 addresses, and for each a power of two of times, as many as the most that a rule counts. */
export class RecentList {
  /** The bits of addresses that count. */
  readonly mask: number
  #times = LEAST_TIMES
  readonly #addresses = new Uint32Array(MOST_ADDRESSES)
  readonly #ttls = new Uint8Array(MOST_ADDRESSES)
  /** How many times are filled of an address, and where the next one goes; 0 filled: the entry is free. */
  readonly #filled = new Uint32Array(MOST_ADDRESSES)
  readonly #next = new Uint32Array(MOST_ADDRESSES)
  /** Made when an entry is first used, and kept for whoever uses it next. */
  readonly #stamps: Float64Array[] = []
  /** When the entry was last touched, counted in touches. */
  readonly #touched = new Float64Array(MOST_ADDRESSES)
  readonly #touches = new Float64Array(1)

  constructor(mask: number) {
    this.mask = mask
  }

  /** A rule counts up to `hits`. Where that is more than are remembered the list begins anew, as the kernel's. */
  remember(hits: number): void {
    let times = 1
    while (times < (hits === 0 ? LEAST_TIMES : hits)) times *= 2
    if (times <= this.#times) return
    this.#times = times
    this.#filled.fill(0)
    this.#stamps.length = 0
  }

  /** The entry of an address, or -1. A TTL of 0, asked for or remembered, is any. */
  find(address: number, ttl: number): number {
    for (let i = 0; i < MOST_ADDRESSES; i++) {
      if (this.#filled[i] === 0 || this.#addresses[i] !== address) continue
      if (ttl === this.#ttls[i] || ttl === 0 || this.#ttls[i] === 0) return i
    }
    return -1
  }

  /** Makes an entry. */
  add(address: number, ttl: number, now: number): void {
    const entry = this.#room()
    this.#stamps[entry] ??= new Float64Array(this.#times)
    this.#addresses[entry] = address
    this.#filled[entry] = this.#next[entry] = 0
    this.touch(entry, ttl, now)
  }

  /** A free entry, or the one touched longest ago. */
  #room(): number {
    let oldest = 0
    for (let i = 0; i < MOST_ADDRESSES; i++) {
      if (this.#filled[i] === 0) return i
      if (this.#touched[i] < this.#touched[oldest]) oldest = i
    }
    return oldest
  }

  /** Remembers one more time; the oldest is forgotten where there is no room. */
  touch(entry: number, ttl: number, now: number): void {
    const at = this.#next[entry] & (this.#times - 1)
    this.#stamps[entry][at] = now
    this.#next[entry] = at + 1
    if (at >= this.#filled[entry]) this.#filled[entry] = at + 1
    this.#ttls[entry] = ttl
    this.#touched[entry] = ++this.#touches[0]
  }

  /** Whether `hits` times at least (0 is 1) are not before `since`. */
  countsSince(entry: number, since: number, hits: number): boolean {
    const stamps = this.#stamps[entry]
    let count = 0
    for (let i = 0; i < this.#filled[entry]; i++) if (stamps[i] >= since && ++count >= hits) return true
    return false
  }

  /** Removes the entry that was touched longest ago, if that was before `since` and it is not the one to spare. */
  reap(since: number, spared: number): void {
    let oldest = -1
    for (let i = 0; i < MOST_ADDRESSES; i++)
      if (this.#filled[i] > 0 && (oldest === -1 || this.#touched[i] < this.#touched[oldest])) oldest = i
    if (oldest === -1 || oldest === spared) return
    if (this.#stamps[oldest][this.#next[oldest] - 1] < since) this.remove(oldest)
  }

  remove(entry: number): void {
    this.#filled[entry] = 0
  }
}
