/** Lists of names, such as those of a connection's states. */
import type { GivenOption } from '../given.js'
import { RuleError } from '../rule-error.js'

/**
 * `new,est`: some of the names, in any case and each as short as one likes. Where several begin so, the first of
 * `known` is meant. They come back in the order of `printed`.
 */
export function parseNames(
  { name: option, value }: GivenOption,
  known: readonly string[],
  printed: readonly string[],
): string[] {
  const asked = new Set<string>()
  for (const text of value.split(',')) {
    const found = text === '' ? undefined : known.find((name) => name.startsWith(text.toUpperCase()))
    if (found === undefined) throw new RuleError(`--${option} ${value}: expected some of ${known.join(',')}`)
    asked.add(found)
  }
  return printed.filter((name) => asked.has(name))
}
