/** br100 rules: files of rules checked and printed. */
import { readFileSync } from 'node:fs'
import { RulesError } from '../netfilter/rule-error.js'
import { parseRules } from '../netfilter/rule-script.js'
import { saveLines } from '../netfilter/rule-text.js'
import type { RuleSet } from '../netfilter/rule.js'
import { undecidedIn } from '../netfilter/verify.js'
import { writeOut } from './output.js'

/** The rules of a file, '-' being standard input. Throws a RulesError that has every mistake. */
export function readRules(file: string): RuleSet {
  return parseRules(file === '-' ? 'stdin' : file, readFileSync(file === '-' ? 0 : file))
}

/** The subcommands that take one file. */
export type RulesCommand = 'check' | 'save' | 'show'

/** Runs the subcommand; the exit status. */
export async function rulesCommand(
  name: RulesCommand,
  file: string,
  options: Record<string, unknown>,
): Promise<number> {
  const rules = readRules(file)
  if (name === 'save') {
    for (const line of saveLines(rules, { counters: options['counters'] === true })) writeOut(`${line}\n`)
    return 0
  }
  const undecided = undecidedIn(rules)
  if (undecided.length > 0) throw new RulesError(rules.path, undecided)
  if (name === 'check') writeOut(`${rules.path}: ${count(rules)}\n`)
  else {
    const { compiledText } = await import('../netfilter/compile/compile.js')
    writeOut(`${compiledText(rules)}\n`)
  }
  return 0
}

function count({ tables }: RuleSet): string {
  const chains = [...tables.values()].flatMap((table) => [...table.chains.values()])
  const rules = chains.reduce((sum, chain) => sum + chain.rules.length, 0)
  return `${tables.size} tables, ${chains.length} chains, ${rules} rules`
}
