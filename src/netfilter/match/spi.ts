/** `-p ah -m ah`, `-p esp -m esp`: the security parameters index of IPsec. Parsed and printed, not decided. */
import type { MatchExtension } from '../extension.js'
import { formatRange, parseAnyRange, parseNumber } from '../numbers.js'

const GREATEST = 0xffffffff

/** The ah match. */
export const ah = spiMatch('ah', 51)
/** The esp match. */
export const esp = spiMatch('esp', 50)

function spiMatch(name: string, protocol: number): MatchExtension {
  const option = `${name}spi`
  return {
    name,
    protocols: [protocol],
    options: { [option]: { argument: 'SPI[:SPI]', negatable: true } },
    read(given) {
      const found = given.option(option)
      if (found === null) return { name, text: '' }
      const [least, greatest] = parseAnyRange(found.value, `--${option}`, parseSpi, [0, GREATEST])
      // As with ports, all of them is nothing to print, negated or not.
      if (least === 0 && greatest === GREATEST) return { name, text: '' }
      return { name, text: `${found.negated ? '! ' : ''}--${option} ${formatRange([least, greatest])}` }
    },
  }
}

function parseSpi(text: string, what: string): number {
  return parseNumber(text, what, 0, GREATEST)
}
