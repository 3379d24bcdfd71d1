/** YAML files that are checked against a schema: every mistake is told, each with its line. */
import { LineCounter, isMap, isNode, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import type { z } from 'zod'

/** Every mistake of a file, one a line of the message. */
export class NodeError extends Error {
  override name = 'NodeError'
}

/** What is wrong, and where in the document. */
export interface Mistake {
  keys: Key[]
  message: string
}

type Key = string | number

/**
 * What the text says. `further` finds what the schema alone cannot see. Throws a NodeError that names every mistake;
 * `path` is what it names.
 */
export function parseChecked<S extends z.ZodType>(
  schema: S,
  text: string,
  path: string,
  further: (data: z.output<S>) => Mistake[],
): z.output<S> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): string => `${path}:${Math.max(1, lines.linePos(offset).line)}`
  if (document.errors.length > 0)
    throw new NodeError(document.errors.map((error) => `${place(error.pos[0])}: ${error.message}`).join('\n'))
  const result = schema.safeParse(document.toJS() ?? {})
  const mistakes = result.success ? further(result.data) : result.error.issues.flatMap(schemaMistakes)
  if (result.success && mistakes.length === 0) return result.data
  const messages = mistakes.map(({ keys, message }) => {
    const name = keys.length === 0 ? '' : `${keys.join('.')}: `
    return `${place(offsetOf(document, keys))}: ${name}${message}`
  })
  throw new NodeError(messages.join('\n'))
}

function schemaMistakes(issue: z.core.$ZodIssue): Mistake[] {
  const keys = issue.path.filter((key) => typeof key !== 'symbol')
  if (issue.code !== 'unrecognized_keys') return [{ keys, message: issue.message }]
  return issue.keys.map((key) => ({ keys: [...keys, key], message: 'no such setting' }))
}

/** Where in the text the setting of this path stands, or the nearest one around it that is there. */
function offsetOf(document: Document, path: Key[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true)
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => String(key) === String(path[depth - 1]))
      : null
    const node = pair?.key ?? document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}
