/**
 * What a match or target is to the parser: the options it takes, and what it makes of them. One file each, in
 * match/ and target/; matches.ts and targets.ts list them.
 */
import type { Hook, TableName } from './hook.js'
import type { Given } from './given.js'
import type { Match, Target } from './rule.js'

/** An option, by its name without the dashes. */
export interface OptionForm {
  /** Its argument as iptables' help names it; null where it takes none. */
  argument: string | null
  /** How many words the argument is; 1 where it is left out. Several are handed over with spaces between them. */
  arguments?: number
  /** `!` may stand before it. */
  negatable?: boolean
  /** It may be given more than once. */
  repeatable?: boolean
  /** Other names it has. */
  aliases?: readonly string[]
}

/** What matches and targets have in common. */
interface Extension {
  /** As after `-m` or `-j`. */
  readonly name: string
  readonly options: Readonly<Record<string, OptionForm>>
  /** Numbers of the protocols of which the rule must name one, not negated; none: any rule. */
  readonly protocols?: readonly number[]
  /** Connections are tracked where a rule has it. */
  readonly tracks?: boolean
  /** The tables and hooks that it may stand in; none: all. */
  readonly tables?: readonly TableName[]
  readonly hooks?: readonly Hook[]
}

/** A match. */
export interface MatchExtension extends Extension {
  /** Makes a match of its options. Throws a RuleError. */
  read(given: Given): Match
}

/** A target. */
export interface TargetExtension extends Extension {
  /** Makes a target of its options. Throws a RuleError. */
  read(given: Given): Target
}
