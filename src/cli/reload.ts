/** SIGHUP while packets come: the file of rules is read anew, and takes over between two bursts. */
import type { AttachedRules } from '../pipeline/attach-rules.js'
import { printError } from './errors.js'
import { readRules } from './rules.js'

/** From now on SIGHUP replaces the rules by what the file says then. Where it has mistakes, the old ones stay. */
export function reloadOnHangup(path: string, attached: AttachedRules): void {
  process.on('SIGHUP', () => {
    try {
      attached.replace(readRules(path))
      process.stderr.write(`br100: ${path}: rules read anew\n`)
    } catch (error) {
      printError(error)
      process.stderr.write(`br100: ${path}: the rules stay as they were\n`)
    }
  })
}
