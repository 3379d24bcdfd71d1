/** The way of a packet through rules, as text. */
import type { Explanation, Stage, Step } from '../pipeline/explain.js'

/** Rules that did not hold, one after another in a chain: so many are shown before the rest is only counted. */
const SHOWN = 8

/** The whole explanation, a line a rule. */
export function explanationText({ stages, dropped }: Explanation): string {
  const lines = stages.flatMap(stageLines)
  const verdict =
    dropped.length === 0 ? 'accepted' : dropped.map((reason) => `dropped by ${reason}`).join('\n')
  return [...lines, '', verdict, ''].join('\n')
}

function stageLines({ name, steps, connection, translated, droppedBy }: Stage): string[] {
  const known =
    connection === null ? [] : [`  ${connection.state}: ${connection.original} ${connection.reply}`]
  const changed = translated === null ? [] : [`  ${translated}`]
  if (steps.length > 0) return [name, ...runs(steps).flatMap(runLines), ...known, ...changed]
  const outcome = droppedBy === null ? '' : `, dropped: ${droppedBy}`
  return [`${name}: no rules are asked${outcome}`, ...known, ...changed]
}

/** Steps of one chain that all failed are shortened together. */
function runs(steps: Step[]): Step[][] {
  const found: Step[][] = []
  for (const step of steps) {
    const last = found.at(-1)?.at(-1)
    const goesOn =
      last !== undefined && last.failed !== null && step.failed !== null && last.chain === step.chain
    if (goesOn && last.table === step.table) found.at(-1)!.push(step)
    else found.push([step])
  }
  return found
}

function runLines(steps: Step[]): string[] {
  if (steps.length <= SHOWN) return steps.map(stepLine)
  const more = steps.length - SHOWN
  return [
    ...steps.slice(0, SHOWN).map(stepLine),
    `${indent(steps[0])}… and ${more} more rules that do not hold`,
  ]
}

function stepLine(step: Step): string {
  const { number, rule, failed, chain, table } = step
  if (number === null) return `${indent(step)}${table} ${chain}: policy ${rule}`
  const outcome = failed === null ? '' : `   (no: ${failed})`
  return `${indent(step)}${failed === null ? '*' : ' '} ${table} ${chain} ${number}: ${rule}${outcome}`
}

function indent({ depth }: Step): string {
  return '  '.repeat(depth + 1)
}
