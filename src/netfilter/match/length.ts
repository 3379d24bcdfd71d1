/** `-m length`: bytes of the datagram, its header included. */
import { within } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { formatRange, parseAnyRange, parseNumber } from '../numbers.js'

const GREATEST = 65_535

/** The length match. The greater end may stand first: then no length is between them. */
export const length: MatchExtension = {
  name: 'length',
  options: { length: { argument: 'LENGTH[:LENGTH]', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('length')
    const range = parseAnyRange(value, '--length', parseLength, [0, GREATEST])
    const [least, greatest] = range
    return {
      name: 'length',
      text: `${negated ? '! ' : ''}--length ${formatRange(range)}`,
      start: () => (packet) => (packet.length >= least && packet.length <= greatest) !== negated,
      conditions: [within('length', 0xffff, range, negated)],
    }
  },
}

function parseLength(text: string, what: string): number {
  return parseNumber(text, what, 0, GREATEST)
}
