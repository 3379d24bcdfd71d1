/**
 * How a running bridge is spoken to: a unix socket that only its owner may use, one JSON object a line each way.
 *
 *   { "show": "fdb" }                                       → { "shown": … }
 *   { "rules": { "path": "c1.rules", "text": "*filter …" } } → { "done": true }
 *   { "port": { "add": "tapC", "settings": "{ tap: tapC }" } }, { "port": { "remove": "tapC" } } → { "done": true }
 *
 * What is refused comes back as { "error": { "name": …, "message": … } }.
 */
import { lstatSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { listenAlone } from '../io/unix-server.js'
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
export type Request = { show: Show } | { rules: RulesText } | { port: PortRequest }

/** A port that comes, its settings as in the file of the bridge; one that goes. */
export type PortRequest = { add: string; settings: string } | { remove: string }

/** Answers a request, or throws. */
export type Answering = (request: Request) => Promise<unknown>

/** A file of rules is the longest request. */
const LONGEST = 1 << 28

/** Listens at this path. A socket that nobody listens at any more is replaced. Throws a ControlError, or why there can be none. */
export async function listenAt(path: string, answering: Answering): Promise<Server> {
  const server = createServer((socket) => converse(socket, answering))
  if (await listenAlone(server, path)) return server
  throw new ControlError(`${path}: another bridge is there`)
}

function converse(socket: Socket, answering: Answering): void {
  let length = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > LONGEST) socket.destroy()
  })
  const lines = createInterface({ input: socket })
  lines.on('line', (line) => {
    void reply(line, answering).then((text) => socket.write(`${text}\n`))
  })
}

async function reply(line: string, answering: Answering): Promise<string> {
  try {
    return JSON.stringify(await answering(requestOf(JSON.parse(line))))
  } catch (error) {
    const { name, message } = error as Error
    return JSON.stringify({ error: { name, message } })
  }
}

function requestOf(asked: unknown): Request {
  const { show, rules, port } = (asked ?? {}) as Record<string, Record<string, unknown> | undefined>
  if (SHOWN.includes(show as unknown as Show)) return { show: show as unknown as Show }
  if (typeof rules?.['path'] === 'string' && typeof rules['text'] === 'string')
    return { rules: { path: rules['path'], text: rules['text'] } }
  if (typeof port?.['add'] === 'string' && typeof port['settings'] === 'string')
    return { port: { add: port['add'], settings: port['settings'] } }
  if (typeof port?.['remove'] === 'string') return { port: { remove: port['remove'] } }
  throw new ControlError(
    `expected { "show": "${SHOWN.join('" | "')}" }, { "rules": { "path", "text" } } or { "port": { "add", "settings" } | { "remove" } }`,
  )
}

/** Asks the bridge that listens at this path. Throws what it has thrown, or a ControlError where there is none. */
export async function askAt(path: string, request: Request): Promise<Record<string, unknown>> {
  checkOwner(path)
  const socket = connect(path)
  try {
    const line = await new Promise<string>((resolve, reject) => {
      socket.once('error', (error) =>
        reject(new ControlError(`${path}: ${error.message}: is the bridge running?`)),
      )
      const lines = createInterface({ input: socket })
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
