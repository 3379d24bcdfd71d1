/** The options that a line gives to one match or target, for its `read`. */
import { parseNumber } from './numbers.js'
import { RuleError } from './rule-error.js'
import type { Match } from './rule.js'

/** One of them. */
export interface GivenOption {
  /** Without the dashes, an alias already replaced. */
  name: string
  /** '' for an option without argument. */
  value: string
  negated: boolean
}

/** All of them, in the order of the line. */
export class Given {
  /** The match or target. */
  readonly extension: string
  readonly options: GivenOption[] = []
  /** Number of the rule's protocol, not negated; 0 where it names none. */
  protocol = 0
  /** For a target, the rule's matches. */
  matches: readonly Match[] = []

  constructor(extension: string) {
    this.extension = extension
  }

  has(name: string): boolean {
    return this.options.some((option) => option.name === name)
  }

  /** The option of this name, or null where it is not given. */
  option(name: string): GivenOption | null {
    return this.options.find((option) => option.name === name) ?? null
  }

  /** The value of an option, or what stands for it where it is not given. */
  value(name: string, otherwise: string): string {
    return this.option(name)?.value ?? otherwise
  }

  /** The number that an option has as its value, or what stands for it where it is not given. */
  number(name: string, least: number, greatest: number, otherwise: number): number {
    const given = this.option(name)
    return given === null ? otherwise : parseNumber(given.value, `--${name}`, least, greatest)
  }

  /** That one of these options is given, and only one; returns it. */
  oneOf(...names: string[]): GivenOption {
    const found = this.options.filter(({ name }) => names.includes(name))
    const all = names.map((name) => `--${name}`).join(', ')
    if (found.length === 0) throw new RuleError(`${this.extension}: expected ${all}`)
    if (found.length > 1) throw new RuleError(`${this.extension}: expected only one of ${all}`)
    return found[0]
  }
}
