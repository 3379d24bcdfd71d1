/** SCTP packets, over IPv4: which chunks there are. */
import * as ipv4 from '../wire/ipv4.js'
import { BAD_CHECKSUM, OK, TRUNCATED } from '../wire/reason.js'
import * as sctp from '../wire/sctp.js'
import type { Ipv4Payload } from './print-ipv4.js'
import { has, hexNumber, joinWithin, marks, unreadable, wireLength } from './text.js'

/** `SCTP [SACK,DATA], tag 0x0a0b0c0d, length 60`, the length that of all behind the header. */
export function printSctp(s: Ipv4Payload): string {
  const { b, at, end } = s
  if (!has(s, sctp.HEADER_LENGTH)) return unreadable('sctp', TRUNCATED, s)
  const { names, reason } = chunksOf(s)
  const isWrong = s.isWhole && !sctp.checksumIsRight(b, at, end)
  const problems = marks('sctp', isWrong ? BAD_CHECKSUM : OK, ipv4.isFragment(b, s.ip) ? OK : reason)
  const tag = hexNumber(sctp.verificationTag(b, at), 8)
  return `SCTP [${joinWithin(names, ',')}], tag ${tag}, length ${wireLength(s) - sctp.HEADER_LENGTH}${problems}`
}

/** Those that can be read, and why the one behind them cannot. */
function chunksOf({ b, at, end, wireEnd }: Ipv4Payload): { names: string[]; reason: number } {
  const names: string[] = []
  let chunk = sctp.firstChunk(at)
  for (; sctp.hasChunk(chunk, end); chunk = sctp.nextChunk(b, chunk)) {
    const reason = sctp.checkChunk(b, chunk, wireEnd)
    if (reason !== OK) return { names, reason }
    const type = sctp.chunkType(b, chunk)
    names.push(sctp.CHUNK_NAMES.get(type) ?? `chunk-${type}`)
  }
  const isLeft = chunk < wireEnd && !sctp.hasChunk(chunk, wireEnd)
  return { names, reason: isLeft ? TRUNCATED : OK }
}
