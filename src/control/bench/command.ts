/** Commands that a bench runs: what they say, and what they come to. */
import type { ChildProcess } from 'node:child_process'

/** Something has kept a bench from being made, or from measuring. */
export class BenchError extends Error {
  override name = 'BenchError'
}

/** What a command has come to. */
export interface Done {
  status: number | null
  stdout: string
  stderr: string
}

/** In milliseconds: no command of a bench takes longer to its end, or to its first words. */
const [LONGEST, FIRST_WORDS] = [300_000, 30_000]

/** What it has printed, at its end. */
export async function finished(child: ChildProcess): Promise<Done> {
  const [stdout, stderr] = [child.stdout!, child.stderr!].map((stream) => {
    const text: string[] = []
    stream.setEncoding('utf8').on('data', (part: string) => text.push(part))
    return text
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), LONGEST)
  child.once('error', ({ message }) => stderr.push(message))
  return new Promise((resolve) => {
    child.once('close', (status) => {
      clearTimeout(limit)
      resolve({ status, stdout: stdout.join(''), stderr: stderr.join('') })
    })
  })
}

/** What it has printed. Throws a BenchError where it has failed. */
export function outputOf({ status, stdout, stderr }: Done, command: readonly string[]): string {
  if (status === 0) return stdout
  throw new BenchError(`${command.join(' ')}: ${stderr.trim() || `exit status ${status}`}`)
}

/** Waits until it has said this: the match. Throws a BenchError with its last words where it ends before. */
export async function said(
  child: ChildProcess,
  stream: 'stdout' | 'stderr',
  pattern: RegExp,
): Promise<RegExpExecArray> {
  let [text, errors] = ['', '']
  return new Promise((resolve, reject) => {
    const giveUp = (): void =>
      reject(new BenchError(errors.trim() || `${child.spawnargs.join(' ')}: it does not begin`))
    const limit = setTimeout(giveUp, FIRST_WORDS)
    const remember = (part: string): void => {
      errors += part
    }
    const look = (part: string): void => {
      text += part
      const match = pattern.exec(text)
      if (match === null) return
      clearTimeout(limit)
      child[stream]!.off('data', look)
      child.stderr!.off('data', remember)
      resolve(match)
    }
    child.stderr!.setEncoding('utf8').on('data', remember)
    child[stream]!.setEncoding('utf8').on('data', look)
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(limit)
      giveUp()
    })
  })
}
