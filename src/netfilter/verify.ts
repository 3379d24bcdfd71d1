/** What can only be seen of a whole table: loops, and extensions at hooks where they cannot be. */
import type { MatchExtension, TargetExtension } from './extension.js'
import { HOOK_NAMES } from './hook.js'
import type { Hook } from './hook.js'
import { MATCHES } from './matches.js'
import { askedRules, jumpsOf } from './reach.js'
import type { Mistake } from './rule-error.js'
import { isJump } from './rule.js'
import type { Match, Rule, RuleSet, Table, Target } from './rule.js'
import { TARGETS } from './targets.js'

/** Every mistake of the table. A chain that no hook leads to is not judged, as in the kernel. */
export function mistakesOf(table: Table): Mistake[] {
  const loop = loopOf(table)
  if (loop !== null) return [loop]
  const hooks = hooksOf(table)
  const mistakes: Mistake[] = []
  for (const chain of table.chains.values())
    for (const rule of askedRules(chain))
      for (const hook of hooks.get(chain.name) ?? []) {
        const message = misplaced(rule, hook)
        if (message === null) continue
        mistakes.push({ line: rule.line, message })
        break
      }
  return mistakes
}

/** Why the rule cannot be asked at the hook, or null. */
function misplaced({ matches, target }: Rule, hook: Hook): string | null {
  for (const match of matches) {
    const message = misplacedPart(match, MATCHES, hook)
    if (message !== null) return message
  }
  return target === null || isJump(target) ? null : misplacedPart(target, TARGETS, hook)
}

function misplacedPart(
  { name, hooks: ownHooks }: Match | Target,
  extensions: ReadonlyMap<string, MatchExtension | TargetExtension>,
  hook: Hook,
): string | null {
  const hooks = ownHooks ?? extensions.get(name)?.hooks
  if (hooks === undefined || hooks.includes(hook)) return null
  const expected = hooks.map((one) => HOOK_NAMES[one]).join(', ')
  return `${name}: reached from ${HOOK_NAMES[hook]}, expected only in ${expected} and chains reached from there`
}

/** Chain → the hooks that lead to it. */
function hooksOf({ chains }: Table): Map<string, Set<Hook>> {
  const reached = new Map<string, Set<Hook>>()
  for (const chain of chains.values()) {
    if (chain.policy === null) continue
    const hook = HOOK_NAMES.indexOf(chain.name as (typeof HOOK_NAMES)[number]) as Hook
    const waiting = [chain]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const hooks = reached.get(next.name) ?? new Set()
      if (hooks.has(hook)) continue
      reached.set(next.name, hooks.add(hook))
      waiting.push(...jumpsOf(next).flatMap((name) => chains.get(name) ?? []))
    }
  }
  return reached
}

/**
 * A jump that closes a circle, or null; one that no hook leads to closes none. Without recursion: chains may be as
 * deep as the file is long.
 */
function loopOf({ chains }: Table): Mistake | null {
  const done = new Set<string>()
  for (const root of [...chains.values()].filter(({ policy }) => policy !== null)) {
    const path: Array<{ name: string; rest: Rule[] }> = []
    const onPath = new Set<string>()
    const enter = (name: string): void => {
      path.push({ name, rest: askedRules(chains.get(name)!).filter(({ target }) => isJump(target)) })
      onPath.add(name)
    }
    enter(root.name)
    while (path.length > 0) {
      const { name, rest } = path[path.length - 1]
      const rule = rest.shift()
      if (rule === undefined) {
        path.pop()
        onPath.delete(name)
        done.add(name)
      } else if (isJump(rule.target)) {
        const { chain } = rule.target
        if (onPath.has(chain))
          return {
            line: rule.line,
            message: `${name} jumps to ${chain}, which leads back to ${name}: a loop`,
          }
        if (!done.has(chain)) enter(chain)
      }
    }
  }
  return null
}

/** Every rule that cannot be decided yet, by its match or target; those of tables that are not asked included. */
export function undecidedIn({ tables }: RuleSet): Mistake[] {
  const mistakes: Mistake[] = []
  for (const { chains } of tables.values())
    for (const { rules } of chains.values())
      for (const { line, matches, target } of rules) {
        const what = matches.find(({ start }) => start === undefined)
        if (what !== undefined) mistakes.push({ line, message: `-m ${what.name}: cannot be decided yet` })
        else if (target !== null && !isJump(target) && target.start === undefined)
          mistakes.push({ line, message: `-j ${target.name}: cannot be decided yet` })
      }
  return mistakes.sort((a, b) => a.line - b.line)
}
