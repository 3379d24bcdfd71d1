/** The socket of a running bridge: who may use it, what it answers, and what becomes of one that was left behind. */
import t from 'tap'
import { once } from 'node:events'
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askAt, listenAt } from '../../src/control/control-socket.js'
import type { Request } from '../../src/control/control-socket.js'
import { folderFor } from '../captures.js'

const answering = async (request: Request): Promise<unknown> => {
  if ('show' in request) return { shown: request.show }
  if ('port' in request) return { asked: request.port }
  if ('counters' in request) return { counted: true }
  throw Object.assign(new Error(`${request.rules.path}:1: no`), { name: 'RulesError' })
}

t.test('requests and answers', async (t) => {
  const path = join(folderFor(t), 'deeper', 'a.sock')
  const server = await listenAt(path, answering)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(await askAt(path, { show: 'fdb' }), { shown: 'fdb' })
  t.strictSame(await askAt(path, { counters: true }), { counted: true })
  const rules = { path: 'x.rules', text: '' }
  await t.rejects(askAt(path, { rules }), { name: 'RulesError', message: 'x.rules:1: no' })
  const settings = '{ tap: x }'
  t.strictSame(await askAt(path, { port: { add: 'x', settings } }), { asked: { add: 'x', settings } })
  t.strictSame(await askAt(path, { port: { remove: 'x' } }), { asked: { remove: 'x' } })
  await t.rejects(listenAt(path, answering), {
    name: 'ControlError',
    message: `${path}: another bridge is there`,
  })
  server.close()
  t.notOk(existsSync(path))
  await t.rejects(askAt(path, { show: 'fdb' }), { name: 'ControlError', message: /no such socket/ })
})

t.test('what is no request', async (t) => {
  const path = join(folderFor(t), 'a.sock')
  const server = await listenAt(path, answering)
  for (const line of ['nothing', '7', 'null', '{"show":"all"}', '{"rules":{"path":7}}']) {
    const socket = connect(path)
    socket.write(`${line}\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    t.match(JSON.parse(answer.toString()), { error: { message: String } }, line)
    socket.destroy()
  }
  t.strictSame(await askAt(path, { show: 'ports' }), { shown: 'ports' }, 'it still answers')
  server.close()
})

t.test('a socket that was left behind is replaced; one that hangs up is told', async (t) => {
  const path = join(folderFor(t), 'a.sock')
  const gone = createServer().listen(`${path}.before`)
  await once(gone, 'listening')
  renameSync(`${path}.before`, path)
  gone.close()
  t.ok(existsSync(path))
  const server = await listenAt(path, answering)
  t.strictSame(await askAt(path, { show: 'ports' }), { shown: 'ports' })
  server.close()
  writeFileSync(path, 'a letter')
  await t.rejects(listenAt(path, answering), {
    message: `${path}: this is no socket, expected one or nothing`,
  })
  rmSync(path)
  const mute = createServer((socket) => socket.end()).listen(path)
  await once(mute, 'listening')
  await t.rejects(askAt(path, { show: 'ports' }), { name: 'ControlError', message: /hung up/ })
  mute.close()
})

t.test('who goes without having read the answer does no harm', async (t) => {
  const path = join(folderFor(t), 'a.sock')
  const server = await listenAt(path, answering)
  const socket = connect(path).pause()
  socket.write('{"show":"fdb"}\n')
  await sleep(100) // the answer is there, and is not read
  socket.destroy()
  await sleep(100)
  t.strictSame(await askAt(path, { show: 'ports' }), { shown: 'ports' })
  server.close()
})
