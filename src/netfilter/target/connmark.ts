/** `-j CONNMARK`: the mark of a connection, from and to the packet's. */
import { MARK } from '../conntrack/entry.js'
import type { TargetExtension } from '../extension.js'
import type { Given } from '../given.js'
import { hex } from '../numbers.js'
import type { Masked } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { CONTINUE } from '../verdict.js'
import { formatMarkChange, MARK_OPTIONS, parseMarkChange } from './set-mark.js'

const ALL_BITS = 0xffffffff
const COPIES = ['save-mark', 'restore-mark']
const SHIFTS = ['left-shift-mark', 'right-shift-mark']

/** The CONNMARK target. */
export const connmark: TargetExtension = {
  name: 'CONNMARK',
  tracks: true,
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
    const isCopy = COPIES.includes(action.name)
    const text = isCopy
      ? `--${action.name} --nfmask ${hex(maskOf(given, 'nfmask'))} --ctmask ${hex(maskOf(given, 'ctmask'))}`
      : setText(given)
    const shift = shiftOf(given)
    const change = isCopy
      ? { value: maskOf(given, 'nfmask'), mask: maskOf(given, 'ctmask') }
      : parseMarkChange(action)
    return {
      name: 'CONNMARK',
      text: `${text}${shiftText(shift)}`,
      start: ({ connections }) =>
        connections === null
          ? () => CONTINUE
          : ACTIONS[isCopy ? action.name : 'set'](connections.table.words, change, shift.by),
    }
  },
}

function setText(given: Given): string {
  const masks = ['mask', 'ctmask', 'nfmask'].filter((name) => given.has(name))
  if (masks.length > 0)
    throw new RuleError(`--${masks[0]}: expected with --${COPIES.join(' or --')}; a mark's own is VALUE/MASK`)
  return formatMarkChange(parseMarkChange(given.oneOf(...Object.keys(MARK_OPTIONS))))
}

function maskOf(given: Given, option: string): number {
  return given.number(given.has('mask') ? 'mask' : option, 0, ALL_BITS, ALL_BITS)
}

/** By how many bits a mark is shifted on the way: to the left, or, below 0, to the right. */
interface Shift {
  name: string
  by: number
}

function shiftOf(given: Given): Shift {
  if (!SHIFTS.some((name) => given.has(name))) return { name: '', by: 0 }
  const { name } = given.oneOf(...SHIFTS)
  const bits = given.number(name, 0, 31, 0)
  return { name, by: name === 'left-shift-mark' ? bits : -bits }
}

/** By no bits is not printed. */
function shiftText({ name, by }: Shift): string {
  return by === 0 ? '' : ` --${name} ${Math.abs(by)}`
}

function shifted(mark: number, by: number): number {
  return by >= 0 ? mark << by : mark >>> -by
}

type Act = (packet: Packet) => number

/** By what is done (connmark_tg_shift): bits of the mask are cleared, those of the value flipped, shifted before that. */
const ACTIONS: Readonly<Record<string, (words: Int32Array, change: Masked, by: number) => Act>> = {
  set:
    (words, { value, mask }, by) =>
    ({ connection }) => {
      if (connection === 0) return CONTINUE
      words[connection + MARK] = shifted((words[connection + MARK] & ~mask) ^ value, by)
      return CONTINUE
    },
  'save-mark':
    (words, { value: packetMask, mask }, by) =>
    ({ connection, mark }) => {
      if (connection === 0) return CONTINUE
      words[connection + MARK] = (words[connection + MARK] & ~mask) ^ shifted(mark & packetMask, by)
      return CONTINUE
    },
  'restore-mark':
    (words, { value: packetMask, mask }, by) =>
    (packet) => {
      if (packet.connection === 0) return CONTINUE
      const restored = shifted(words[packet.connection + MARK] & mask, by)
      packet.mark = ((packet.mark & ~packetMask) ^ restored) >>> 0
      return CONTINUE
    },
}
