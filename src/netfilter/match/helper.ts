/**
 * `-m helper`: which helper has expected the connection, that of the connection which it belongs to. A connection
 * that a helper watches over is not meant; and as long as helpers expect nothing here, none is.
 */
import type { MatchExtension } from '../extension.js'
import { RuleError } from '../rule-error.js'
import { quote } from '../words.js'

/** A longer name iptables would cut. */
const LONGEST = 29

/** The helper match; an empty name stands for any helper. */
export const helper: MatchExtension = {
  name: 'helper',
  tracks: true,
  options: { helper: { argument: 'NAME', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('helper')
    if (Buffer.byteLength(value) > LONGEST)
      throw new RuleError(`--helper ${value}: expected at most ${LONGEST} bytes`)
    return {
      name: 'helper',
      text: `${negated ? '! ' : ''}--helper ${quote(value)}`,
      start: () => () => negated,
    }
  },
}
