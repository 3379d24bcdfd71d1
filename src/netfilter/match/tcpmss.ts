/** `-p tcp -m tcpmss`: the maximum segment size that a SYN offers. */
import type { MatchExtension } from '../extension.js'
import { formatRange, parseNumber, parseRange } from '../numbers.js'
import type { Packet } from '../packet.js'
import * as option from '../../wire/option.js'
import * as tcp from '../../wire/tcp.js'
import * as tcpOption from '../../wire/tcp-option.js'
import { isWhole } from './header.js'
import { optionsEnd, optionsStart, step } from './tcp-options.js'

const GREATEST = 65_535
const MSS_LENGTH = 4
/** No MSS is there; MALFORMED: the packet is dropped. */
const [NONE, MALFORMED] = [-1, -2]

/** The tcpmss match. */
export const tcpmss: MatchExtension = {
  name: 'tcpmss',
  protocols: [tcp.PROTOCOL],
  options: { mss: { argument: 'MSS[:MSS]', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('mss')
    const range = parseRange(value, '--mss', parseMss, [0, GREATEST])
    const [least, greatest] = range
    return {
      name: 'tcpmss',
      text: `${negated ? '! ' : ''}--mss ${formatRange(range)}`,
      start: () => (packet) => {
        const mss = mssOf(packet)
        return mss !== MALFORMED && (mss >= least && mss <= greatest) !== negated
      },
    }
  },
}

function parseMss(text: string, what: string): number {
  return parseNumber(text, what, 0, GREATEST)
}

/** Like tcpmss_mt it does not ask for fragments, and takes what a later one carries for a TCP header. */
function mssOf(packet: Packet): number {
  if (!isWhole(packet, tcp.HEADER_LENGTH)) return MALFORMED
  const end = optionsEnd(packet)
  if (end === -1) return MALFORMED
  const { bytes } = packet
  for (let at = optionsStart(packet); at < end; at += step(bytes, at))
    if (isMss(bytes, at, end)) return tcpOption.segmentSize(bytes, at)
  return NONE
}

function isMss(b: Uint8Array, at: number, end: number): boolean {
  return option.kind(b, at) === tcpOption.MSS && at + MSS_LENGTH <= end && option.length(b, at) === MSS_LENGTH
}
