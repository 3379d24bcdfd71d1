/** `-j TRACE`: from here on the rules that act on the packet are told of in the log (trace-line.ts). */
import type { TargetExtension } from '../extension.js'
import type { Packet } from '../packet.js'
import { CONTINUE } from '../verdict.js'

/** The TRACE target. */
export const trace: TargetExtension = {
  name: 'TRACE',
  tables: ['raw'],
  options: {},
  read: () => ({ name: 'TRACE', text: '', start: () => mark }),
}

function mark(packet: Packet): number {
  packet.isTraced = true
  return CONTINUE
}
