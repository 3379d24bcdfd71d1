/**
 * `-m helper`: which protocol's helper follows the packet's connection. There is no connection tracking here: the
 * match is read and printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import { RuleError } from '../rule-error.js'
import { quote } from '../words.js'

const LONGEST = 29

/** The helper match. */
export const helper: MatchExtension = {
  name: 'helper',
  options: { helper: { argument: 'NAME[-PORT]', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('helper')
    if (Buffer.byteLength(value) > LONGEST)
      throw new RuleError(`--helper ${value}: expected a name of at most ${LONGEST} bytes`)
    return { name: 'helper', text: `${negated ? '! ' : ''}--helper ${quote(value)}` }
  },
}
