/** br100 rules: files of rules checked and printed. */
import { RulesError } from '../netfilter/rule-error.js'
import { parseRules } from '../netfilter/rule-script.js'
import { saveLines } from '../netfilter/rule-text.js'
import type { RuleSet } from '../netfilter/rule.js'
import { undecidedIn } from '../netfilter/verify.js'
import { writeOut } from './output.js'
import { readWhole } from './read-whole.js'

/** The rules of a file, '-' being standard input. Throws a RulesError that has every mistake. */
export function readRules(file: string): RuleSet {
  return parseRules(file === '-' ? 'stdin' : file, readWhole(file))
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
    writeOut([...saveLines(rules, { counters: options['counters'] === true }), ''].join('\n'))
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

/** br100 rules diff: exit status 0 where the sets are the same, 1 where they differ, as diff has it. */
export async function diffCommand(fileA: string, fileB: string): Promise<number> {
  const [a, b] = [readRules(fileA), readRules(fileB)]
  const { changedRules, findDisagreement } = await import('../netfilter/diff.js')
  const lines = changedRules(a, b)
  for (const line of lines) writeOut(`${line}\n`)
  if (lines.length === 0) return 0
  if (undecidedIn(a).length + undecidedIn(b).length > 0)
    writeOut('no packet was looked for: rules of the sets cannot be decided yet\n')
  else {
    const { anonymousNode } = await import('../pipeline/node-view.js')
    const { SILENT, createWorld } = await import('../pipeline/world.js')
    const node = anonymousNode('br100')
    const found = findDisagreement(a, b, () => createWorld(node, new Map(), SILENT))
    const { disagreementText } = await import('../inspect/disagreement.js')
    writeOut(`${disagreementText(found, a.path, b.path)}\n`)
  }
  return 1
}

function count({ tables }: RuleSet): string {
  const chains = [...tables.values()].flatMap((table) => [...table.chains.values()])
  const rules = chains.reduce((sum, chain) => sum + chain.rules.length, 0)
  return [several(tables.size, 'table'), several(chains.length, 'chain'), several(rules, 'rule')].join(', ')
}

function several(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
