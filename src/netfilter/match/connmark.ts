/** `-m connmark`: the mark of the connection. */
import { MARK } from '../conntrack/entry.js'
import type { MatchExtension } from '../extension.js'
import { formatMark, parseMasked } from '../numbers.js'

/** The connmark match. */
export const connmarkMatch: MatchExtension = {
  name: 'connmark',
  options: { mark: { argument: 'VALUE[/MASK]', negatable: true } },
  tracks: true,
  read(given) {
    const { value, negated } = given.oneOf('mark')
    const mark = parseMasked(value, '--mark', 0xffffffff)
    return {
      name: 'connmark',
      text: `${negated ? '! ' : ''}--mark ${formatMark(mark)}`,
      start: ({ connections }) => {
        if (connections === null) return () => false
        const { words } = connections.table
        return ({ connection }) =>
          connection !== 0 && ((words[connection + MARK] & mark.mask) >>> 0 === mark.value) !== negated
      },
    }
  },
}
