/** `-j DSCP`: how routers are to queue the datagram (RFC 2474). */
import type { TargetExtension } from '../extension.js'
import { hexByte, parseDscp, parseDscpClass } from '../tos-byte.js'
import { CONTINUE } from '../verdict.js'
import * as ipv4 from '../../wire/ipv4.js'
import { replaceTos } from './replace-tos.js'

/** The DSCP target. */
export const dscp: TargetExtension = {
  name: 'DSCP',
  tables: ['mangle'],
  options: {
    'set-dscp': { argument: 'NUMBER' },
    'set-dscp-class': { argument: 'CLASS' },
  },
  read(given) {
    const { name, value } = given.oneOf('set-dscp', 'set-dscp-class')
    const becomes = name === 'set-dscp' ? parseDscp(value, `--${name}`) : parseDscpClass(value, `--${name}`)
    return {
      name: 'DSCP',
      text: `--set-dscp ${hexByte(becomes)}`,
      start: () => (packet) => {
        replaceTos(packet.bytes, packet.l3, (becomes << 2) | ipv4.ecn(packet.bytes, packet.l3))
        return CONTINUE
      },
    }
  },
}
