/** All matches, by the name after `-m`. */
import type { MatchExtension } from './extension.js'
import { addrtype } from './match/addrtype.js'
import { comment } from './match/comment.js'
import { connbytes } from './match/connbytes.js'
import { connlimit } from './match/connlimit.js'
import { connmarkMatch } from './match/connmark.js'
import { conntrack } from './match/conntrack.js'
import { dscp } from './match/dscp.js'
import { ecn } from './match/ecn.js'
import { hashlimit } from './match/hashlimit.js'
import { helper } from './match/helper.js'
import { icmpMatch } from './match/icmp.js'
import { iprange } from './match/iprange.js'
import { length } from './match/length.js'
import { limit } from './match/limit.js'
import { mac } from './match/mac.js'
import { mark } from './match/mark.js'
import { multiport } from './match/multiport.js'
import { owner } from './match/owner.js'
import { physdev } from './match/physdev.js'
import { pkttype } from './match/pkttype.js'
import { recent } from './match/recent.js'
import { rpfilter } from './match/rpfilter.js'
import { sctp } from './match/sctp.js'
import { set } from './match/set.js'
import { ah, esp } from './match/spi.js'
import { state } from './match/state.js'
import { statistic } from './match/statistic.js'
import { stringMatch } from './match/string.js'
import { tcpMatch } from './match/tcp.js'
import { tcpmss } from './match/tcpmss.js'
import { time } from './match/time.js'
import { tos } from './match/tos.js'
import { ttl } from './match/ttl.js'
import { udpMatch } from './match/udp.js'

const ALL: readonly MatchExtension[] = [
  addrtype,
  ah,
  comment,
  connbytes,
  connlimit,
  connmarkMatch,
  conntrack,
  dscp,
  ecn,
  esp,
  hashlimit,
  helper,
  icmpMatch,
  iprange,
  length,
  limit,
  mac,
  mark,
  multiport,
  owner,
  physdev,
  pkttype,
  recent,
  rpfilter,
  sctp,
  set,
  state,
  statistic,
  stringMatch,
  tcpMatch,
  tcpmss,
  time,
  tos,
  ttl,
  udpMatch,
]

/** Name → match. */
export const MATCHES: ReadonlyMap<string, MatchExtension> = new Map(ALL.map((one) => [one.name, one]))
