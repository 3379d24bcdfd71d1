/** `-m tos`: the TOS byte, or some of its bits. */
import { within } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { formatTos, parseTos } from '../tos-byte.js'
import * as ipv4 from '../../wire/ipv4.js'

/** The tos match. */
export const tos: MatchExtension = {
  name: 'tos',
  options: { tos: { argument: 'VALUE[/MASK]', negatable: true } },
  read(given) {
    const option = given.oneOf('tos')
    const { negated } = option
    const { value, mask } = parseTos(option.value, '--tos')
    return {
      name: 'tos',
      text: `${negated ? '! ' : ''}--tos ${formatTos({ value, mask })}`,
      start: () => (packet) => ((ipv4.tos(packet.bytes, packet.l3) & mask) === value) !== negated,
      conditions: [within('tos', mask, [value, value], negated)],
    }
  },
}
