/** `-m dscp`: the differentiated services codepoint (RFC 2474), the upper six bits of the TOS byte. */
import { within } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { hexByte, parseDscp, parseDscpClass } from '../tos-byte.js'
import * as ipv4 from '../../wire/ipv4.js'

const DSCP_MASK = 0xfc

/** The dscp match. */
export const dscp: MatchExtension = {
  name: 'dscp',
  options: {
    dscp: { argument: 'NUMBER', negatable: true },
    'dscp-class': { argument: 'CLASS', negatable: true },
  },
  read(given) {
    const { name, value, negated } = given.oneOf('dscp', 'dscp-class')
    const wanted = name === 'dscp' ? parseDscp(value, '--dscp') : parseDscpClass(value, '--dscp-class')
    const tos = wanted << 2
    return {
      name: 'dscp',
      text: `${negated ? '! ' : ''}--dscp ${hexByte(wanted)}`,
      start: () => (packet) => (ipv4.dscp(packet.bytes, packet.l3) === wanted) !== negated,
      conditions: [within('tos', DSCP_MASK, [tos, tos], negated)],
    }
  },
}
