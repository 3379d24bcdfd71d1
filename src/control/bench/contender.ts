/** What can carry frames between the two hosts of a bench. */
import type { Setting } from './setting.js'
import type { Spaces } from './spaces.js'

/** It cannot be had here: the bench goes on without it. */
export class MissingError extends Error {
  override name = 'MissingError'
}

/** Frames that have come in from the first host, and that have left to the second. */
export interface Passed {
  entered: number
  left: number
}

/** A contender at work. */
export interface AtWork {
  /** How it does it, where it says so. */
  means: string | null
  /** What it has counted; null: it does not count. */
  passed(): Promise<Passed | null>
  /** Why it has dropped frames, and how many. */
  drops(): Promise<ReadonlyArray<[string, number]>>
  stop(): Promise<void>
}

/** A contender. */
export interface Contender {
  name: string
  /** When it resolves the devices of the hosts are in their namespaces and up, and frames pass. Throws a MissingError. */
  start(spaces: Spaces, setting: Setting): Promise<AtWork>
}
