/** Setting bits of a mark, as MARK and CONNMARK do it: the bits of the mask are cleared, those of the value flipped. */
import type { OptionForm } from '../extension.js'
import type { GivenOption } from '../given.js'
import { hex, parseMasked, parseNumber } from '../numbers.js'
import type { Masked } from '../numbers.js'

const ALL_BITS = 0xffffffff

/** The options that say how. */
export const MARK_OPTIONS: Readonly<Record<string, OptionForm>> = {
  'set-xmark': { argument: 'VALUE[/MASK]' },
  'set-mark': { argument: 'VALUE[/MASK]' },
  'and-mark': { argument: 'BITS' },
  'or-mark': { argument: 'BITS' },
  'xor-mark': { argument: 'BITS' },
}

/** What one of MARK_OPTIONS says, as `(mark & ~mask) ^ value`. */
export function parseMarkChange({ name, value: text }: GivenOption): Masked {
  if (name === 'set-xmark') return parseMasked(text, '--set-xmark', ALL_BITS)
  if (name === 'set-mark') {
    const { value, mask } = parseMasked(text, '--set-mark', ALL_BITS)
    return { value, mask: (value | mask) >>> 0 }
  }
  const value = parseNumber(text, `--${name}`, 0, ALL_BITS)
  if (name === 'and-mark') return { value: 0, mask: ~value >>> 0 }
  return { value, mask: name === 'or-mark' ? value : 0 }
}

/** As iptables-save prints it. */
export function formatMarkChange({ value, mask }: Masked): string {
  return `--set-xmark ${hex(value)}/${hex(mask)}`
}
