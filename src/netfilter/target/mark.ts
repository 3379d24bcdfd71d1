/** `-j MARK`: changes the mark that other rules see. */
import type { TargetExtension } from '../extension.js'
import { CONTINUE } from '../verdict.js'
import { formatMarkChange, MARK_OPTIONS, parseMarkChange } from './set-mark.js'

/** The MARK target. */
export const mark: TargetExtension = {
  name: 'MARK',
  options: MARK_OPTIONS,
  read(given) {
    const change = parseMarkChange(given.oneOf(...Object.keys(MARK_OPTIONS)))
    const { value, mask } = change
    return {
      name: 'MARK',
      text: formatMarkChange(change),
      start: () => (packet) => {
        packet.mark = ((packet.mark & ~mask) ^ value) >>> 0
        return CONTINUE
      },
    }
  },
}
