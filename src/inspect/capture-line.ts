/** Frames of a live capture for people, a line each: `TIME PORT in|out FRAME [dropped: WHY]`. */
import type { PacketBlock } from '../io/pcapng-blocks.js'
import { printFrame } from './print.js'
import { clip, escape } from './text.js'
import type { TimeStamp } from './time-stamp.js'

/** The line of a frame that this block holds; `port` is the name of its interface. */
export function captureLine(block: Uint8Array, packet: PacketBlock, port: string, stamp: TimeStamp): string {
  const name = Buffer.from(port)
  const [time, way] = [stamp.format(packet.seconds, packet.nanoseconds), packet.outbound ? 'out' : 'in']
  const why = packet.comment === '' ? '' : ` [${packet.comment}]`
  const text = printFrame(block, packet.at, packet.length)
  return `${time} ${clip(escape(name, 0, name.length))} ${way} ${text}${why}`
}
