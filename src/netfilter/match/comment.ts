/** `-m comment --comment TEXT`: says something to whoever reads the rules, and holds for every packet. */
import type { MatchExtension } from '../extension.js'
import { RuleError } from '../rule-error.js'
import { quote } from '../words.js'

const LONGEST = 255

/** The comment match. */
export const comment: MatchExtension = {
  name: 'comment',
  options: { comment: { argument: 'TEXT' } },
  read(given) {
    const text = given.oneOf('comment').value
    if (Buffer.byteLength(text) > LONGEST)
      throw new RuleError(`--comment: ${Buffer.byteLength(text)} bytes, expected at most ${LONGEST}`)
    return { name: 'comment', text: `--comment ${quote(text)}`, start: () => () => true, conditions: [] }
  },
}
