/** The part of raw-socket (which has no types of its own) that the lab's probe uses. */
declare module 'raw-socket' {
  import type { EventEmitter } from 'node:events'
  export interface Socket extends EventEmitter {
    setOption(level: number, option: number, value: Buffer, length: number): void
    send(
      packet: Buffer,
      offset: number,
      length: number,
      address: string,
      after: (error: Error | null, bytes: number) => void,
    ): void
    close(): void
  }
  const raw: {
    createSocket(options: { protocol: number; bufferSize: number }): Socket
    Protocol: { ICMP: number }
    SocketLevel: { IPPROTO_IP: number }
    SocketOption: { IP_HDRINCL: number }
  }
  export default raw
}
