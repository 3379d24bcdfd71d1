/** The frames of a capture of this repository's pcaps/golden, for tests that hold codecs against tshark. */
import { readPcap } from '../captures.js'

const ETHERNET_HEADER = 14
const UDP_HEADER = 8

/** All frames of a little-endian nanosecond pcap, uncut. */
export function framesOf(path: string): Buffer[] {
  return readPcap(path).map(({ frame }) => frame)
}

/** The payload of an untagged Ethernet frame with UDP over IPv4. */
export function udpPayload(frame: Buffer): Uint8Array {
  const udp = ETHERNET_HEADER + (frame[ETHERNET_HEADER] & 0xf) * 4
  return Uint8Array.from(frame.subarray(udp + UDP_HEADER, udp + frame.readUInt16BE(udp + 4)))
}
