/** All matches, by the name after `-m`. */
import type { MatchExtension } from './extension.js'
import { comment } from './match/comment.js'
import { udpMatch } from './match/udp.js'

const ALL: readonly MatchExtension[] = [comment, udpMatch]

/** Name → match. */
export const MATCHES: ReadonlyMap<string, MatchExtension> = new Map(ALL.map((one) => [one.name, one]))
