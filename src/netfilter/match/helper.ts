/**
 * `-m helper`: which helper has announced the packet's connection, that of the connection by which it is RELATED. A
 * connection that a helper listens to is not meant.
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
      // As the kernel compares them: the name may go on, as in ftp-2121.
      start:
        ({ connections }) =>
        ({ connection }) => {
          const name = connection === 0 ? '' : connections!.templates.announcerOf(connection)
          return (name !== '' && (value === '' || value.startsWith(name))) !== negated
        },
    }
  },
}
