/**
 * Programs that tests use as oracles (tshark, editcap, …). Without one the test is skipped and says so;
 * with BR100_REQUIRE_TOOLS=1, as in CI, its absence is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import type { Test } from 'tap'

/** Whether all programs are there; if not, the test `t` has been skipped, or failed where they are required. */
export function needs(t: Test, ...programs: string[]): boolean {
  const missing = programs.filter((program) => spawnSync(program, ['--version']).error)
  if (missing.length === 0) return true
  const message = `${missing.join(', ')} not installed: this comparison did not run`
  if (process.env['BR100_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.plan(0, message)
  return false
}

/** What the program printed on stdout; throws when it fails. */
export function run(program: string, ...options: string[]): string {
  return execFileSync(program, options, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
