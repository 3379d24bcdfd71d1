/** The frames of a capture of this repository's pcaps/golden, for tests that hold codecs against tshark. */
import { readFileSync } from 'node:fs'

const FILE_HEADER = 24
const RECORD_HEADER = 16
const ETHERNET_HEADER = 14
const UDP_HEADER = 8

/** All frames of a little-endian pcap, uncut. */
export function framesOf(path: string): Buffer[] {
  const pcap = readFileSync(path)
  const frames: Buffer[] = []
  for (let p = FILE_HEADER; p < pcap.length;) {
    const length = pcap.readUInt32LE(p + 8)
    frames.push(pcap.subarray(p + RECORD_HEADER, p + RECORD_HEADER + length))
    p += RECORD_HEADER + length
  }
  return frames
}

/** The payload of an untagged Ethernet frame with UDP over IPv4. */
export function udpPayload(frame: Buffer): Uint8Array {
  const udp = ETHERNET_HEADER + (frame[ETHERNET_HEADER] & 0xf) * 4
  return Uint8Array.from(frame.subarray(udp + UDP_HEADER, udp + frame.readUInt16BE(udp + 4)))
}
