/** What is wrong with a rule; whoever knows the file and the line puts them in front. */
export class RuleError extends Error {
  override name = 'RuleError'
}

/** One mistake of a file: `FILE:LINE: what is wrong, what is expected`. */
export interface Mistake {
  /** From 1. */
  line: number
  message: string
}

/** All mistakes of a file, one a line of the message. */
export class RulesError extends Error {
  override name = 'RulesError'
  readonly mistakes: readonly Mistake[]

  constructor(path: string, mistakes: readonly Mistake[]) {
    super(mistakes.map(({ line, message }) => `${path}:${line}: ${message}`).join('\n'))
    this.mistakes = mistakes
  }
}
