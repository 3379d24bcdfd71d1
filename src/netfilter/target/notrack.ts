/** `-j NOTRACK`: no connection is made of the packet. Read and printed only: no connections are kept here. */
import type { TargetExtension } from '../extension.js'

/** The NOTRACK target. */
export const notrack: TargetExtension = {
  name: 'NOTRACK',
  tables: ['raw'],
  options: {},
  read: () => ({ name: 'NOTRACK', text: '' }),
}
