/** A folder for as long as this process runs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let folder: string | null = null

/** The folder; it is made when first asked for, and removed at the end, also by SIGTERM and SIGINT. */
export function temporaryFolder(): string {
  if (folder !== null) return folder
  const made = mkdtempSync(join(tmpdir(), 'br100-lab-'))
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1))
  return (folder = made)
}
