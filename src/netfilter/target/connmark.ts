/** `-j CONNMARK`: the mark of a connection. Read and printed only: no connections are kept here. */
import type { TargetExtension } from '../extension.js'
import type { Given } from '../given.js'
import { hex } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { formatMarkChange, MARK_OPTIONS, parseMarkChange } from './set-mark.js'

const ALL_BITS = 0xffffffff
const COPIES = ['save-mark', 'restore-mark']
const SHIFTS = ['left-shift-mark', 'right-shift-mark']

/** The CONNMARK target. */
export const connmark: TargetExtension = {
  name: 'CONNMARK',
  options: {
    ...MARK_OPTIONS,
    'save-mark': { argument: null },
    'restore-mark': { argument: null },
    'left-shift-mark': { argument: 'BITS' },
    'right-shift-mark': { argument: 'BITS' },
    ctmask: { argument: 'BITS' },
    nfmask: { argument: 'BITS' },
    mask: { argument: 'BITS' },
  },
  read(given) {
    const action = given.oneOf(...Object.keys(MARK_OPTIONS), ...COPIES)
    if (given.has('mask') && (given.has('ctmask') || given.has('nfmask')))
      throw new RuleError('--mask: expected without --ctmask and --nfmask, for both of which it stands')
    const text = COPIES.includes(action.name)
      ? `--${action.name} --nfmask ${maskText(given, 'nfmask')} --ctmask ${maskText(given, 'ctmask')}`
      : setText(given)
    return { name: 'CONNMARK', text: `${text}${shiftText(given)}` }
  },
}

function setText(given: Given): string {
  const masks = ['mask', 'ctmask', 'nfmask'].filter((name) => given.has(name))
  if (masks.length > 0)
    throw new RuleError(`--${masks[0]}: expected with --${COPIES.join(' or --')}; a mark's own is VALUE/MASK`)
  return formatMarkChange(parseMarkChange(given.oneOf(...Object.keys(MARK_OPTIONS))))
}

function maskText(given: Given, option: string): string {
  return hex(given.number(given.has('mask') ? 'mask' : option, 0, ALL_BITS, ALL_BITS))
}

/** By no bits is not printed. */
function shiftText(given: Given): string {
  if (!SHIFTS.some((name) => given.has(name))) return ''
  const { name } = given.oneOf(...SHIFTS)
  const bits = given.number(name, 0, 31, 0)
  return bits === 0 ? '' : ` --${name} ${bits}`
}
