/** Files that are read as a whole: rules, sets. */
import { readFileSync } from 'node:fs'

/** The bytes of a file, '-' being standard input. Errors are the system's; that of a folder names it, too. */
export function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error
    throw Object.assign(new Error(`${path}: is a folder, expected a file`), { syscall: 'read' })
  }
}
