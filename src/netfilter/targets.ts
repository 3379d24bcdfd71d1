/** All targets, by the name after `-j`. */
import type { TargetExtension } from './extension.js'
import { log } from './target/log.js'
import { reject } from './target/reject.js'
import { standard } from './target/standard.js'

const ALL: readonly TargetExtension[] = [...standard, log, reject]

/** Name → target. */
export const TARGETS: ReadonlyMap<string, TargetExtension> = new Map(ALL.map((one) => [one.name, one]))
