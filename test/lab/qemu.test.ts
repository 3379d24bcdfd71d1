/** `qemu` ports, without root and any capability: guests that the test plays itself. */
import t from 'tap'
import type { Test } from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { folderFor } from '../captures.js'
import { BROADCAST, frame } from '../packets.js'
import { GuestPeer, framed } from './guest-peer.js'
import { LiveBridge } from './live-hosts.js'

const BR100 = [process.execPath, 'dist/src/cli/main.js']
const [A, B, C] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c']
t.setTimeout(300_000)

/** A command as somebody runs it who may do nothing: root gives up all of its capabilities for it. */
function unprivileged(...command: string[]): [string, string[]] {
  const [program, ...options] = process.getuid?.() === 0 ? ['unshare', '--user', ...command] : command
  return [program, options]
}

/** A folder with a bridge's file and sockets. */
class Lab {
  readonly folder: string
  readonly #t: Test

  constructor(t: Test) {
    this.#t = t
    this.folder = folderFor(t)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(ports: string): void {
    writeFileSync(this.path('lab.yaml'), `control: control.sock\nports:\n${ports}`)
  }

  async start(ports: string, ...options: string[]): Promise<LiveBridge> {
    this.write(ports)
    const child = spawn(...unprivileged(...BR100, 'run', this.path('lab.yaml'), ...options))
    this.#t.teardown(() => child.kill('SIGKILL'))
    const bridge = new LiveBridge(child)
    await bridge.hasSaid(/\((uring|rw)\)$/m)
    return bridge
  }

  /** Starts one that cannot: what it says. */
  refused(ports: string): string {
    this.write(ports)
    const [program, options] = unprivileged(...BR100, 'run', this.path('lab.yaml'))
    const { status, stderr } = spawnSync(program, options, { encoding: 'utf8', timeout: 15_000 })
    this.#t.equal(status, 1)
    return stderr
  }

  ask(...command: string[]): { status: number | null; stdout: string; stderr: string } {
    const [program, ...options] = [...BR100, ...command, '--socket', this.path('control.sock')]
    return spawnSync(program, options, { encoding: 'utf8', timeout: 15_000 })
  }

  drops(): Record<string, number> {
    return JSON.parse(this.ask('show', 'drops', '--json').stdout) as Record<string, number>
  }
}

const TWO = '  vmA: { qemu: a.sock }\n  vmB: { qemu: b.sock }\n'

for (const io of ['auto', 'rw'])
  t.test(`by ${io}: frames pass however they are written, and nothing is left at the end`, async (t) => {
    const lab = new Lab(t)
    const bridge = await lab.start(TWO, '--io', io)
    t.equal(statSync(lab.path('a.sock')).mode & 0o777, 0o600)
    const [a, b] = [await GuestPeer.at(lab.path('a.sock'), A), await GuestPeer.at(lab.path('b.sock'), B)]
    await b.meets(a)
    await a.meets(b)
    const whole = [frame(B, A, 60), frame(B, A, 1514, 1), frame(B, A, 60, 2)]
    for (const byte of framed(...whole)) {
      a.socket.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    t.strictSame(await b.has(3), whole.map(Buffer.from), 'byte by byte')
    b.frames.length = 0
    a.send(...whole, ...whole)
    t.strictSame(await b.has(6), [...whole, ...whole].map(Buffer.from), 'all with one write')
    b.send(frame(A, B, 9014))
    t.strictSame(await a.has(1), [Buffer.from(frame(A, B, 9014))], 'a long one')
    t.equal(await bridge.end('SIGTERM'), 0)
    await Promise.all([a.ended(), b.ended()])
    for (const name of ['a.sock', 'b.sock', 'control.sock']) t.notOk(existsSync(lab.path(name)), name)
    t.equal(bridge.stderr.trim().split('\n').length, 1, bridge.stderr)
  })

t.test('what is no frame ends a connection with a line, and the guest may come back', async (t) => {
  const lab = new Lab(t)
  const bridge = await lab.start(TWO)
  const b = await GuestPeer.at(lab.path('b.sock'), B)
  for (const length of ['00000000', '00010081', 'ffffffff']) {
    const a = await GuestPeer.at(lab.path('a.sock'), A)
    await a.meets(b)
    b.frames.length = 0
    a.socket.write(Buffer.concat([framed(frame(BROADCAST, A)), Buffer.from(length, 'hex')]))
    await a.ended()
    t.strictSame(await b.has(1), [Buffer.from(frame(BROADCAST, A))], 'what came before is carried')
  }
  t.match(bridge.stderr.split('\n').slice(1), [
    /a.sock: a frame of 0 bytes, expected 1 to 65664: the guest is hung up on$/,
    /a frame of 65665 bytes/,
    /a frame of 4294967295 bytes/,
    /^$/,
  ])
  t.equal(await bridge.end('SIGINT'), 0)
})

t.test('one guest at a time; without one frames are counted; under load one goes and comes', async (t) => {
  const lab = new Lab(t)
  const bridge = await lab.start(TWO)
  const [a, first] = [await GuestPeer.at(lab.path('a.sock'), A), await GuestPeer.at(lab.path('b.sock'), B)]
  await first.meets(a)
  const second = await GuestPeer.at(lab.path('b.sock'), B)
  await second.ended()
  await bridge.hasSaid(/b.sock: another guest is connected, and this one is hung up on\n/)
  const burst = Array.from({ length: 20 }, () => frame(B, A, 1514))
  const load = setInterval(() => a.send(...burst), 1)
  t.teardown(() => clearInterval(load))
  for (let times = 0; times < 5; times++) {
    const guest = times === 0 ? first : await GuestPeer.at(lab.path('b.sock'), B)
    const heard = (await guest.has(500)).length
    t.ok(heard >= 500, `${heard} frames`)
    t.ok(
      guest.frames.every((one) => one.equals(burst[0])),
      'whole ones',
    )
    guest.socket.destroy()
    for (let tries = 0; tries < 100 && !guest.isClosed; tries++) await sleep(10)
    await sleep(50)
  }
  clearInterval(load)
  t.ok(lab.drops()['no-peer'] > 50, 'nobody was there meanwhile')
  t.equal(await bridge.end('SIGTERM'), 0)
})

t.test('a guest that does not read: its frames are dropped, those of others pass', async (t) => {
  const lab = new Lab(t)
  const bridge = await lab.start(`${TWO}  vmC: { qemu: c.sock }\n`)
  const a = await GuestPeer.at(lab.path('a.sock'), A)
  const b = await GuestPeer.at(lab.path('b.sock'), B)
  const c = await GuestPeer.at(lab.path('c.sock'), C)
  await b.meets(a)
  await c.meets(b)
  b.socket.pause()
  const flood = Array.from({ length: 2000 }, () => frame(BROADCAST, A, 1514))
  a.send(...flood)
  t.ok((await c.has(1000)).length >= 1000)
  for (let tries = 0; tries < 100 && !(lab.drops()['tx-full'] > 100); tries++) await sleep(50)
  t.ok(lab.drops()['tx-full'] > 100)
  b.socket.resume()
  b.frames.length = 0
  await b.meets(a)
  b.send(frame(A, B))
  t.match(await a.has(1), { length: 1 }, 'it is heard still')
  b.socket.pause()
  a.send(...flood)
  await sleep(200)
  t.equal(await bridge.end('SIGTERM'), 0, 'and does not hold up the end')
})

t.test('ports come and go by command and by SIGHUP', async (t) => {
  const lab = new Lab(t)
  const bridge = await lab.start('  vmA: { qemu: a.sock }\n')
  t.equal(lab.ask('port', 'add', 'vmB', '{ qemu: b.sock }').status, 0)
  const [a, b] = [await GuestPeer.at(lab.path('a.sock'), A), await GuestPeer.at(lab.path('b.sock'), B)]
  await b.meets(a)
  t.match(lab.ask('port', 'add', 'x', '{ qemu: ./b.sock }'), {
    status: 1,
    stderr: /b.sock: another port has this device/,
  })
  t.match(lab.ask('port', 'add', 'x', '{ qemu: x.sock, mtu: 1500 }'), {
    stderr: /settings:1: ports.x.mtu: expected it of a tap or packet alone/,
  })
  t.match(lab.ask('port', 'add', 'x', '{ tap: none }'), { status: 1, stderr: /EPERM/ })
  t.equal(lab.ask('port', 'del', 'vmB').status, 0)
  await b.ended()
  t.notOk(existsSync(lab.path('b.sock')))
  lab.write('  vmA: { qemu: a.sock, isolated: true }\n  vmC: { qemu: c.sock }\n')
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/port vmC added\n(.*\n)?.*port vmA changed/)
  const c = await GuestPeer.at(lab.path('c.sock'), C)
  await c.meets(a)
  t.notOk(a.isClosed, 'who stays stays connected')
  lab.write('  vmC: { qemu: elsewhere.sock }\n')
  bridge.child.kill('SIGHUP')
  await bridge.hasSaid(/port vmA removed\n(.*\n)*.*port vmC added/)
  await Promise.all([a.ended(), c.ended()])
  t.ok(existsSync(lab.path('elsewhere.sock')))
  t.notOk(existsSync(lab.path('c.sock')))
  t.equal(await bridge.end('SIGTERM'), 0)
})

t.test('whose socket it is', async (t) => {
  const lab = new Lab(t)
  const first = await lab.start('  vmA: { qemu: a.sock }\n')
  t.match(lab.refused('  vmA: { qemu: a.sock }\n'), /a.sock: another process listens there\n$/)
  await GuestPeer.at(lab.path('a.sock'), A)
  t.equal(await first.end('SIGKILL'), null)
  t.ok(existsSync(lab.path('a.sock')), 'it is left behind')
  const second = await lab.start('  vmA: { qemu: a.sock }\n')
  t.equal(await second.end('SIGTERM'), 0)
  writeFileSync(lab.path('a.sock'), 'a letter')
  t.match(lab.refused('  vmA: { qemu: a.sock }\n'), /a.sock: this is no socket, expected one or nothing\n$/)
  t.ok(existsSync(lab.path('a.sock')))
  const long = `${'x'.repeat(120)}.sock`
  t.match(
    lab.refused(`  vmA: { qemu: ${long} }\n`),
    /lab.yaml:3: ports.vmA.qemu: a path of \d+ bytes, expected 107 at most\n$/,
  )
  t.match(lab.refused('  vmA: { tap: none }\n'), /EPERM/, 'these tests were made without privileges')
})
