/**
 * How a running bridge is spoken to: a unix socket that only its owner may use, one JSON object a line each way.
 *
 *   { "show": "fdb" }                                       → { "shown": … }
 *   { "counters": true }                                    → { "counted": … }
 *   { "rules": { "path": "c1.rules", "text": "*filter …" } } → { "done": true }
 *   { "port": { "add": "tapC", "settings": "{ tap: tapC }" } }, { "port": { "remove": "tapC" } } → { "done": true }
 *
 *   { "capture": { "port": null, "filter": ["-p", "udp"], "count": 10 } } → { "capturing": true }, and pcapng from then on,
 *                                                                until it has an end, or another line comes
 *
 * What is refused comes back as { "error": { "name": …, "message": … } }.
 */
import { lstatSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { listenAlone } from '../io/unix-server.js'
import type { Capture, CaptureWanted } from '../pipeline/capture-stream.js'
import { SHOWN } from '../pipeline/live-messages.js'
import type { RulesText, Show } from '../pipeline/live-messages.js'

/** Something is wrong with the socket, or with who is behind it. */
export class ControlError extends Error {
  override name = 'ControlError'
}

/** Where the bridge of this name is spoken to, unless its file says otherwise. */
export function defaultSocket(bridge: string): string {
  return `/run/br100/${bridge}.sock`
}

/** What can be asked. */
export type Request = { show: Show } | { counters: true } | { rules: RulesText } | { port: PortRequest }

/** A port that comes, its settings as in the file of the bridge; one that goes. */
export type PortRequest = { add: string; settings: string } | { remove: string }

/** Answers a request, or throws. */
export type Answering = (request: Request) => Promise<unknown>

/** Begins a capture, or throws. */
export type Capturing = (wanted: CaptureWanted) => Promise<Capture>

/** A bridge that can be spoken to. */
export interface Listening {
  /** Nobody is answered any more; who reads a capture has a moment to read what is left of it. */
  close(): void
}

/** A file of rules is the longest request. */
const LONGEST = 1 << 28
/** Milliseconds that those who still read have. */
const MOMENT = 1000

/** Listens at this path. A socket that nobody listens at any more is replaced. Throws a ControlError, or why there can be none. */
export async function listenAt(
  path: string,
  answering: Answering,
  capturing: Capturing = noCaptures,
): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    converse(socket, answering, capturing)
  })
  if (!(await listenAlone(server, path))) throw new ControlError(`${path}: another bridge is there`)
  return {
    close() {
      server.close()
      setTimeout(() => sockets.forEach((socket) => socket.destroy()), MOMENT).unref()
    },
  }
}

async function noCaptures(): Promise<never> {
  throw new ControlError('no frames are captured here')
}

function converse(socket: Socket, answering: Answering, capturing: Capturing): void {
  let length = 0
  let capture: Capture | null = null
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > LONGEST) socket.destroy()
  })
  const lines = createInterface({ input: socket })
  // It tells the socket's errors once more, and nobody listening would be the bridge's end.
  lines.on('error', () => {})
  lines.on('line', (line) => {
    if (capture === null) void reply(line)
    else capture.stop()
  })

  async function reply(line: string): Promise<void> {
    const text = await textOf(async () => {
      const asked: unknown = JSON.parse(line)
      const wanted = captureOf(asked)
      if (wanted === null) return answering(requestOf(asked))
      capture = await capturing(wanted)
      return { capturing: true }
    })
    if (socket.writable) socket.write(`${text}\n`)
    if (capture !== null) readBy(socket, capture)
  }
}

/** What is captured goes to the socket, as fast as it is read there. */
function readBy(socket: Socket, capture: Capture): void {
  if (socket.destroyed) return capture.abandon()
  socket.on('drain', () => capture.resume())
  socket.once('close', () => capture.abandon())
  capture.start({ write: (bytes) => socket.write(bytes), end: () => socket.end() })
}

/** The answer, or the error that it has thrown. */
async function textOf(answer: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await answer())
  } catch (error) {
    const { name, message } = error as Error
    return JSON.stringify({ error: { name, message } })
  }
}

/** The capture that is wanted; null where something else is. */
function captureOf(asked: unknown): CaptureWanted | null {
  const { capture } = (asked ?? {}) as { capture?: Partial<Record<keyof CaptureWanted, unknown>> }
  if (capture === undefined) return null
  const { port, filter, count } = capture
  const isPort = port === null || typeof port === 'string'
  const isFilter = Array.isArray(filter) && filter.every((word) => typeof word === 'string')
  const isCount = count === null || (Number.isSafeInteger(count) && Number(count) > 0)
  if (isPort && isFilter && isCount) return { port, filter, count: count as number | null }
  throw new ControlError(
    'expected { "capture": { "port": NAME | null, "filter": [WORD …], "count": N | null } }',
  )
}

function requestOf(asked: unknown): Request {
  const { show, counters, rules, port } = (asked ?? {}) as Record<string, Record<string, unknown> | undefined>
  if ((counters as unknown) === true) return { counters: true }
  if (SHOWN.includes(show as unknown as Show)) return { show: show as unknown as Show }
  if (typeof rules?.['path'] === 'string' && typeof rules['text'] === 'string')
    return { rules: { path: rules['path'], text: rules['text'] } }
  if (typeof port?.['add'] === 'string' && typeof port['settings'] === 'string')
    return { port: { add: port['add'], settings: port['settings'] } }
  if (typeof port?.['remove'] === 'string') return { port: { remove: port['remove'] } }
  throw new ControlError(
    `expected { "show": "${SHOWN.join('" | "')}" }, { "counters": true }, { "rules": { "path", "text" } } or { "port": { "add", "settings" } | { "remove" } }`,
  )
}

/** Asks the bridge that listens at this path. Throws what it has thrown, or a ControlError where there is none. */
export async function askAt(path: string, request: Request): Promise<Record<string, unknown>> {
  const socket = connectTo(path)
  try {
    const line = await new Promise<string>((resolve, reject) => {
      socket.once('error', (error) =>
        reject(new ControlError(`${path}: ${error.message}: is the bridge running?`)),
      )
      const lines = createInterface({ input: socket })
      lines.on('error', () => {}) // the socket's, which are told above
      lines.once('line', resolve)
      lines.once('close', () => reject(new ControlError(`${path}: the bridge has hung up`)))
      socket.write(`${JSON.stringify(request)}\n`)
    })
    const answer = JSON.parse(line) as Record<string, unknown> & { error?: { name: string; message: string } }
    if (answer.error === undefined) return answer
    const error = new Error(answer.error.message)
    error.name = answer.error.name
    throw error
  } finally {
    socket.destroy()
  }
}

/** Connects to the bridge that listens at this path. Throws a ControlError where another user's is there. */
export function connectTo(path: string): Socket {
  checkOwner(path)
  return connect(path)
}

/** Who else could make a socket there could answer in the bridge's place. */
function checkOwner(path: string): void {
  let owner: number
  try {
    owner = lstatSync(path).uid
  } catch {
    throw new ControlError(`${path}: there is no such socket: is the bridge running?`)
  }
  if (owner !== 0 && owner !== process.getuid?.())
    throw new ControlError(`${path}: the socket of user ${owner}, expected your own or root's`)
}
