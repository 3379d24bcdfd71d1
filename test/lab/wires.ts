/** The program wire.c from this side: it holds the namespaces, and carries frames to and from a bridge's ports. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { run } from '../tools.js'
import type { Entering, Leaving } from './bridge-under-test.js'
import { temporaryFolder } from './temporary.js'

/** The file descriptor of the process that is the far ends' namespace; its own is the bridge's. */
export const FAR_NAMESPACE = 3

const RECORD = 12
/** Milliseconds for a batch of frames: far more than it takes. */
const PATIENCE = 30_000

let compiled: string | null = null

/** The program, compiled once for this process. */
function wireProgram(): string {
  if (compiled !== null) return compiled
  compiled = join(temporaryFolder(), 'wire')
  run('gcc', '-O1', '-o', compiled, 'test/lab/wire.c')
  return compiled
}

/** The process at work. `receive` has to be called once before anything else: the namespaces are there then. */
export class Wires {
  readonly #names: readonly string[]
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #received: Buffer = Buffer.alloc(0)
  #error = ''
  #wake: () => void = () => {}

  constructor(names: readonly string[]) {
    this.#names = names
    this.#process = spawn(wireProgram(), names, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#exited = new Promise((resolve) => this.#process.once('close', () => resolve()))
    this.#process.stdout!.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    this.#process.stderr!.on('data', (chunk: Buffer) => (this.#error += chunk.toString()))
    this.#process.stdin!.on('error', () => {}) // it has ended: `receive` says why
    void this.#exited.then(() => this.#wake())
  }

  get pid(): number {
    return this.#process.pid!
  }

  send(entering: readonly Entering[]): void {
    const records = entering.flatMap(({ port, frame }, i) => [this.#header(i, frame.length, port), frame])
    this.#process.stdin!.write(Buffer.concat([...records, this.#header(0, 0, this.#names[0])]))
  }

  /** What has left, up to the end of the batch. */
  async receive(): Promise<Leaving[]> {
    const left: Leaving[] = []
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE)
    try {
      while (this.#takeRecords(left)) {
        if (this.#process.exitCode !== null || this.#process.signalCode !== null)
          throw new Error(this.#error.trim() || 'wire: ended, or took too long')
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      clearTimeout(timer)
    }
    return left
  }

  /** Whether the end of the batch is still to come. */
  #takeRecords(left: Leaving[]): boolean {
    const b = this.#received
    let at = 0
    let isMore = true
    while (isMore && at + RECORD <= b.length) {
      const length = b.readUInt32LE(at + 4)
      if (at + RECORD + length > b.length) break
      const frame = Uint8Array.from(b.subarray(at + RECORD, at + RECORD + length))
      isMore = length > 0
      if (isMore) left.push({ cause: b.readUInt32LE(at), port: this.#names[b.readUInt32LE(at + 8)], frame })
      at += RECORD + length
    }
    this.#received = b.subarray(at)
    return isMore
  }

  #header(cause: number, length: number, port: string): Buffer {
    const b = Buffer.alloc(RECORD)
    b.writeUInt32LE(cause)
    b.writeUInt32LE(length, 4)
    b.writeUInt32LE(this.#names.indexOf(port), 8)
    return b
  }

  /** Ends the process, and the namespaces with it. */
  async end(): Promise<void> {
    this.#process.stdin!.end()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 1000)
    await this.#exited
    clearTimeout(timer)
  }
}
