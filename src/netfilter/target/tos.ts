/** `-j TOS`: changes the TOS byte, or some of its bits. */
import type { TargetExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import { parseNumber } from '../numbers.js'
import type { Masked } from '../numbers.js'
import { formatTos, parseTos } from '../tos-byte.js'
import { CONTINUE } from '../verdict.js'
import * as ipv4 from '../../wire/ipv4.js'
import { replaceTos } from './replace-tos.js'

/** The TOS target. */
export const tos: TargetExtension = {
  name: 'TOS',
  tables: ['mangle'],
  options: {
    'set-tos': { argument: 'VALUE[/MASK]|NAME' },
    'and-tos': { argument: 'BITS' },
    'or-tos': { argument: 'BITS' },
    'xor-tos': { argument: 'BITS' },
  },
  read(given) {
    const { value, mask } = parseChange(given.oneOf('set-tos', 'and-tos', 'or-tos', 'xor-tos'))
    return {
      name: 'TOS',
      text: `--set-tos ${formatTos({ value, mask })}`,
      start: () => (packet) => {
        const was = ipv4.tos(packet.bytes, packet.l3)
        replaceTos(packet.bytes, packet.l3, (was & ~mask) ^ value)
        return CONTINUE
      },
    }
  },
}

/** The bits of the mask are cleared, those of the value flipped: all four options are said so. */
function parseChange({ name, value: text }: GivenOption): Masked {
  if (name === 'set-tos') return parseTos(text, '--set-tos')
  const value = parseNumber(text, `--${name}`, 0, 0xff)
  if (name === 'and-tos') return { value: 0, mask: ~value & 0xff }
  return { value, mask: name === 'or-tos' ? value : 0 }
}
