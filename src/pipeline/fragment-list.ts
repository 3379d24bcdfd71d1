/** Which bytes of a datagram have come: its fragments in order, and what overlaps (inet_frag_queue_insert). */

/** What becomes of a fragment. */
export const [ADDED, DUPLICATE, OVERLAP] = [0, 1, 2]

/** The fragments of one datagram. */
export class FragmentList {
  count = 0
  /** Bytes that have come. */
  bytes = 0
  /** Where each ends, in order. */
  ends = new Int32Array(8)
  #starts = new Int32Array(8)
  /** 1 for one that came when the one before it was the last: the two are one run. */
  #continues = new Uint8Array(8)

  /**
   * The bytes from `start` to `end` come. What lies within a run of fragments that came one after another is a
   * DUPLICATE.
   */
  add(start: number, end: number): number {
    const last = this.count - 1
    if (last >= 0 && this.ends[last] >= end) return this.#addBetween(start, end)
    if (last >= 0 && start < this.ends[last]) return OVERLAP
    const continues = last >= 0 && start === this.ends[last]
    this.#insert(this.count, start, end, continues)
    return ADDED
  }

  #addBetween(start: number, end: number): number {
    let run = 0
    while (run < this.count) {
      let next = run + 1
      while (next < this.count && this.#continues[next] === 1) next++
      const runEnd = this.ends[next - 1]
      if (end <= this.#starts[run]) break
      if (start < runEnd) return start >= this.#starts[run] && end <= runEnd ? DUPLICATE : OVERLAP
      run = next
    }
    this.#insert(run, start, end, false)
    return ADDED
  }

  #insert(at: number, start: number, end: number, continues: boolean): void {
    if (this.count === this.ends.length) this.#grow()
    for (const list of [this.#starts, this.ends, this.#continues]) list.copyWithin(at + 1, at, this.count)
    this.#starts[at] = start
    this.ends[at] = end
    this.#continues[at] = continues ? 1 : 0
    this.count++
    this.bytes += end - start
  }

  #grow(): void {
    const size = this.count * 2
    const [starts, ends, continues] = [this.#starts, this.ends, this.#continues]
    this.#starts = new Int32Array(size)
    this.#starts.set(starts)
    this.ends = new Int32Array(size)
    this.ends.set(ends)
    this.#continues = new Uint8Array(size)
    this.#continues.set(continues)
  }
}
