/** Standard output for texts: written at once, and without Node's stream, which takes 10 ms to set up. */
import { STDOUT, writeFully } from '../io/write-fully.js'

/** Writes the text. A reader that has seen enough (`| head`) is no error: the rest is nobody's. */
export function writeOut(text: string): void {
  const bytes = Buffer.from(text)
  try {
    writeFully(STDOUT, 'standard output', bytes, 0, bytes.length)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}
