/** Changing the TOS byte of a packet, for TOS and DSCP. */
import * as checksums from '../../wire/checksum.js'
import * as ipv4 from '../../wire/ipv4.js'

/** Changes the byte and, by what it changed, the header's checksum: one that was wrong stays wrong (RFC 1624). */
export function replaceTos(b: Uint8Array, at: number, value: number): void {
  const was = ipv4.tos(b, at)
  if (value === was) return
  // The checksum counts version, header length and this byte as one word.
  const high = b[at] << 8
  ipv4.setChecksum(b, at, checksums.update(ipv4.checksum(b, at), high | was, high | value))
  ipv4.setTos(b, at, value)
}
