/** `-m connmark`: the mark of the connection. Read and printed only: no connections are kept here. */
import type { MatchExtension } from '../extension.js'
import { formatMark, parseMasked } from '../numbers.js'

/** The connmark match. */
export const connmarkMatch: MatchExtension = {
  name: 'connmark',
  options: { mark: { argument: 'VALUE[/MASK]', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('mark')
    const mark = parseMasked(value, '--mark', 0xffffffff)
    return { name: 'connmark', text: `${negated ? '! ' : ''}--mark ${formatMark(mark)}` }
  },
}
