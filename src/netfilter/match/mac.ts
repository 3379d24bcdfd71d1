/** `-m mac`: who sent the frame. */
import type { MatchExtension } from '../extension.js'
import { FORWARD, INPUT, PREROUTING } from '../hook.js'
import { RuleError } from '../rule-error.js'
import { formatMac, parseMac, sameMac } from '../../wire/address.js'
import * as ethernet from '../../wire/ethernet.js'

/** The mac match. */
export const mac: MatchExtension = {
  name: 'mac',
  hooks: [PREROUTING, INPUT, FORWARD],
  options: { 'mac-source': { argument: 'MAC', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('mac-source')
    const wanted = parseShortMac(value)
    return {
      name: 'mac',
      text: `${negated ? '! ' : ''}--mac-source ${formatMac(wanted, 0)}`,
      // Without an Ethernet header the match fails, negated too (mac_mt).
      start: () => (packet) =>
        packet.frame !== -1 && sameMac(packet.bytes, ethernet.source(packet.frame), wanted, 0) !== negated,
    }
  },
}

/** A leading zero of each byte may be left out. */
function parseShortMac(text: string): Uint8Array {
  const found = parseMac(text.replaceAll(/(^|:)(?=[0-9a-f](:|$))/gi, '$10'))
  if (found === null) throw new RuleError(`--mac-source ${text}: expected a MAC address, 02:00:00:00:00:01`)
  return found
}
