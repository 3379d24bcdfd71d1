/** Unix sockets that one process alone listens at, and its owner alone may use. */
import { lstatSync, mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Server } from 'node:net'
import { dirname } from 'node:path'
import { DeviceError } from './native.js'

/** Bytes of a path that the kernel has room for (sun_path of struct sockaddr_un, less the 0 at its end). */
export const LONGEST_SOCKET_PATH = 107

const OWNER_ALONE = 0o177
/** Why a connection fails where nobody listens. */
const NOBODY = new Set(['ECONNREFUSED', 'ENOENT'])

/**
 * Listens at this path; false where somebody else does. A socket that nobody listens at any more is replaced. Throws
 * a system error, or a DeviceError where something else is in the place.
 */
export async function listenAlone(server: Server, path: string): Promise<boolean> {
  mkdirSync(dirname(path), { recursive: true })
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there !== undefined && !there.isSocket())
    throw new DeviceError(`${path}: this is no socket, expected one or nothing`)
  if (await isAlive(path)) return false
  rmSync(path, { force: true })
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
  })
  // From its first moment on nobody else may connect: it is made before listen() returns.
  const before = process.umask(OWNER_ALONE)
  server.listen(path)
  process.umask(before)
  await listening
  return true
}

async function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(!NOBODY.has(code)))
  })
}
