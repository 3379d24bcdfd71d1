/** Lists of names that an option takes, `NEW,ESTABLISHED`. */
import type { GivenOption } from '../given.js'
import { RuleError } from '../rule-error.js'

/** Those that an option lists, in the order of `names`. In any case and shortened, as iptables takes them. */
export function parseNames({ name, value }: GivenOption, names: readonly string[]): string[] {
  const asked = value.split(',').map((one) => {
    const found = one === '' ? undefined : names.find((full) => full.startsWith(one.toUpperCase()))
    if (found === undefined) throw new RuleError(`--${name} ${value}: expected some of ${names.join(',')}`)
    return found
  })
  return names.filter((full) => asked.includes(full))
}
