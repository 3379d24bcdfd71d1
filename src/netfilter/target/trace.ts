/** `-j TRACE`: the packet's way through the rules is to be shown. What runs the rules shows it; here it goes on. */
import type { TargetExtension } from '../extension.js'
import { CONTINUE } from '../verdict.js'

/** The TRACE target. */
export const trace: TargetExtension = {
  name: 'TRACE',
  tables: ['raw'],
  options: {},
  read: () => ({ name: 'TRACE', text: '', start: () => () => CONTINUE }),
}
