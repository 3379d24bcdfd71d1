/** The part of pcap-parser (which has no types of its own) that tests and benchmarks use. */
declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events'
  import type { Readable } from 'node:stream'
  export interface Packet {
    header: {
      timestampSeconds: number
      timestampMicroseconds: number
      capturedLength: number
      originalLength: number
    }
    data: Buffer
  }
  const parser: { parse(input: string | Readable): EventEmitter }
  export default parser
}
