/**
 * `-m connmark`: the mark of the packet's connection. There is no connection tracking here: the match is read
 * and printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import { formatMark, parseMasked } from '../numbers.js'

/** The connmark match. */
export const connmark: MatchExtension = {
  name: 'connmark',
  options: { mark: { argument: 'VALUE[/MASK]', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('mark')
    const mark = parseMasked(value, '--mark', 0xffffffff)
    return { name: 'connmark', text: `${negated ? '! ' : ''}--mark ${formatMark(mark)}` }
  },
}
