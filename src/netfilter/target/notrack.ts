/** `-j NOTRACK`: no connection is made of the packet. */
import { UNTRACKED } from '../conntrack/entry.js'
import type { TargetExtension } from '../extension.js'
import type { Packet } from '../packet.js'
import { CONTINUE } from '../verdict.js'

/** The NOTRACK target. */
export const notrack: TargetExtension = {
  name: 'NOTRACK',
  tables: ['raw'],
  options: {},
  read: () => ({ name: 'NOTRACK', text: '', start: () => doNotTrack }),
}

/** What has a connection already keeps it; what another rule has decided how to track is tracked so. */
export function doNotTrack(packet: Packet): number {
  if (packet.connection === 0 && packet.template === 0) packet.connectionState = UNTRACKED
  return CONTINUE
}
