/** All matches, by the name after `-m`. */
import type { MatchExtension } from './extension.js'
import { comment } from './match/comment.js'
import { icmpMatch } from './match/icmp.js'
import { multiport } from './match/multiport.js'
import { tcpMatch } from './match/tcp.js'
import { udpMatch } from './match/udp.js'

const ALL: readonly MatchExtension[] = [comment, icmpMatch, multiport, tcpMatch, udpMatch]

/** Name → match. */
export const MATCHES: ReadonlyMap<string, MatchExtension> = new Map(ALL.map((one) => [one.name, one]))
