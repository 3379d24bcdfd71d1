/** Random choices that a seed repeats. */

/** A source of them: Weyl's sequence, mixed (splitmix32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 0 to n - 1. */
  below(n: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    return Math.floor((((x ^ (x >>> 15)) >>> 0) / 0x1_0000_0000) * n)
  }

  /** least to greatest, both included. */
  between(least: number, greatest: number): number {
    return least + this.below(greatest - least + 1)
  }

  /** True `percent` times out of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** `count` picks, in which one may come again. */
  picks<T>(count: number, list: readonly T[]): T[] {
    return Array.from({ length: count }, () => this.pick(list))
  }
}
