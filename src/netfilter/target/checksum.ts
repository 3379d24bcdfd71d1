/** `-j CHECKSUM --checksum-fill`: the checksum of TCP or UDP, for packets whose sender left it to hardware. */
import type { TargetExtension } from '../extension.js'
import { CHECKED, PARTIAL, PARTIAL_SEGMENTS } from '../packet.js'
import type { Packet } from '../packet.js'
import { CONTINUE } from '../verdict.js'
import * as checksums from '../../wire/checksum.js'
import * as ipv4 from '../../wire/ipv4.js'
import { OK } from '../../wire/reason.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'

/** The CHECKSUM target. */
export const checksum: TargetExtension = {
  name: 'CHECKSUM',
  tables: ['mangle'],
  options: { 'checksum-fill': { argument: null } },
  read(given) {
    given.oneOf('checksum-fill')
    return {
      name: 'CHECKSUM',
      text: '--checksum-fill',
      start: () => (packet) => {
        fill(packet)
        return CONTINUE
      },
    }
  },
}

/**
 * A sender that leaves the checksum to hardware puts the pseudo header's sum in its place. Only that is replaced:
 * a checksum that is wrong otherwise stays so, as in the kernel, for which such a packet is not one that lacks it. What
 * stands for several segments has no checksum of its own.
 */
function fill(packet: Packet): void {
  const { bytes, l3, l4, end } = packet
  const addressesAt = ipv4.addresses(l3)
  if (ipv4.isFragment(bytes, l3) || packet.checksum === PARTIAL_SEGMENTS) return
  if (packet.checksum === PARTIAL) packet.checksum = CHECKED
  if (packet.protocol === tcp.PROTOCOL && tcp.check(bytes, l4, end) === OK) {
    const sum = checksums.pseudoHeader(bytes, addressesAt, tcp.PROTOCOL, end - l4)
    if (tcp.checksum(bytes, l4) === sum) tcp.fillChecksum(bytes, l4, end, addressesAt)
  }
  if (packet.protocol === udp.PROTOCOL && udp.check(bytes, l4, end) === OK) {
    const sum = checksums.pseudoHeader(bytes, addressesAt, udp.PROTOCOL, udp.length(bytes, l4))
    if (udp.checksum(bytes, l4) === sum) udp.fillChecksum(bytes, l4, addressesAt)
  }
}
