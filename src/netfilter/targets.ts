/** All targets, by the name after `-j`. */
import type { TargetExtension } from './extension.js'
import { checksum } from './target/checksum.js'
import { classify } from './target/classify.js'
import { connmark } from './target/connmark.js'
import { ct } from './target/ct.js'
import { dnat } from './target/dnat.js'
import { dscp } from './target/dscp.js'
import { ecn } from './target/ecn.js'
import { log } from './target/log.js'
import { mark } from './target/mark.js'
import { masquerade } from './target/masquerade.js'
import { netmap } from './target/netmap.js'
import { nflog } from './target/nflog.js'
import { notrack } from './target/notrack.js'
import { redirect } from './target/redirect.js'
import { reject } from './target/reject.js'
import { snat } from './target/snat.js'
import { standard } from './target/standard.js'
import { tcpmss } from './target/tcpmss.js'
import { tos } from './target/tos.js'
import { trace } from './target/trace.js'
import { ttl } from './target/ttl.js'

const ALL: readonly TargetExtension[] = [
  ...standard,
  checksum,
  classify,
  connmark,
  ct,
  dnat,
  dscp,
  ecn,
  log,
  mark,
  masquerade,
  netmap,
  nflog,
  notrack,
  redirect,
  reject,
  snat,
  tcpmss,
  tos,
  trace,
  ttl,
]

/** Name → target. */
export const TARGETS: ReadonlyMap<string, TargetExtension> = new Map(ALL.map((one) => [one.name, one]))
