/** `-m mark`: the packet's mark, as MARK sets it. */
import { within } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { formatMark, parseMasked } from '../numbers.js'

/** The mark match. */
export const mark: MatchExtension = {
  name: 'mark',
  options: { mark: { argument: 'VALUE[/MASK]', negatable: true } },
  read(given) {
    const option = given.oneOf('mark')
    const { negated } = option
    const { value, mask } = parseMasked(option.value, '--mark', 0xffffffff)
    return {
      name: 'mark',
      text: `${negated ? '! ' : ''}--mark ${formatMark({ value, mask })}`,
      start: () => (packet) => ((packet.mark & mask) >>> 0 === value) !== negated,
      conditions: [within('mark', mask, [value, value], negated)],
    }
  },
}
