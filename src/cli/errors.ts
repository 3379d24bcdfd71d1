/** How a failed command ends: one message on stderr, and an exit status that scripts can tell apart. */

/** The command line itself is wrong: exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What people see of the errors that a user's input can lead to; anything else is a defect of br100. */
const EXPECTED = new Set([
  'UsageError',
  'BenchError',
  'CaptureError',
  'ControlError',
  'DeviceError',
  'NodeError',
  'ReplayError',
  'RulesError',
  'OutOfMemory',
])

/** 2 where the command line is wrong, 1 for everything else. */
export function exitStatusOf(error: unknown): number {
  return error instanceof UsageError ? 2 : 1
}

/** Prints the message; with the stack, too, where it is a defect that should be reported. */
export function printError(error: unknown): void {
  const isExpected = error instanceof Error && (EXPECTED.has(error.name) || 'syscall' in error)
  const text = isExpected ? error.message : error instanceof Error ? error.stack : String(error)
  for (const line of String(text).split('\n')) process.stderr.write(`br100: ${line}\n`)
}
