/** A live bridge whose ports are JavaScript of the same process: no device, no root. */
import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MemoryPort } from '../../src/io/memory-port.js'
import { startLive } from '../../src/pipeline/live.js'
import type { LiveBridge } from '../../src/pipeline/live.js'
import type { BridgeState } from '../../src/pipeline/bridge-state.js'
import type { LivePort } from '../../src/pipeline/live-messages.js'
import { folderFor } from '../captures.js'
import { BROADCAST, frame } from '../packets.js'

const [A, B, C] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c']
const memory = (name: string): LivePort => ({ name, device: { kind: 'memory' } })

/** Frames that have left by a port. */
class Heard {
  readonly frames: Uint8Array[] = []
  readonly #port: MemoryPort

  constructor(bridge: LiveBridge, name: string) {
    this.#port = bridge.memoryPort(name)
    this.#port.onFrame((one) => this.frames.push(one))
  }

  send(one: Uint8Array): boolean {
    return this.#port.send(one)
  }

  async has(count: number): Promise<void> {
    for (let tries = 0; tries < 500 && this.frames.length < count; tries++) await sleep(10)
  }
}

async function start(t: Test, means: 'uring' | 'rw' | 'auto', ...ports: LivePort[]): Promise<LiveBridge> {
  const bridge = await startLive({ ports, means })
  t.teardown(async () => bridge.stop())
  return bridge
}

for (const means of ['auto', 'rw'] as const)
  t.test(`memory ports by ${means}: a bridge learns, and ports come and go`, async (t) => {
    const bridge = await start(t, means, memory('a'), memory('b'))
    const [a, b] = [new Heard(bridge, 'a'), new Heard(bridge, 'b')]
    const hello = frame(BROADCAST, A)
    t.ok(a.send(hello))
    await b.has(1)
    t.strictSame(b.frames, [Buffer.from(hello)])
    await bridge.changePort({ add: memory('c') })
    await t.rejects(bridge.changePort({ add: memory('c') }), /c: there is such a port/)
    const c = new Heard(bridge, 'c')
    const answer = frame(A, B, 1514)
    t.ok(b.send(answer))
    await a.has(1)
    t.strictSame(a.frames, [Buffer.from(answer)])
    t.strictSame(c.frames, [], 'the station is known')
    t.ok(c.send(frame(BROADCAST, C)))
    await b.has(2)
    t.match((await bridge.show('ports')).state.ports, { b: { rxFrames: 1, txFrames: 2, txBytes: 120 } })
    await bridge.changePort({ remove: 'c' })
    t.throws(() => bridge.memoryPort('c'), {
      name: 'DeviceError',
      message: 'c: there is no such memory port',
    })
    await t.rejects(bridge.changePort({ remove: 'c' }), /c: there is no such port/)
    await bridge.changePort({ add: memory('c') })
    t.ok(bridge.memoryPort('c').send(frame(BROADCAST, C)))
    await b.has(3)
    t.equal(b.frames.length, 3)
  })

t.test('ten thousand frames under way, none of them twice, and those that nobody takes', async (t) => {
  const bridge = await start(t, 'auto', memory('a'), memory('b'), memory('nobody'))
  const [a, b] = [new Heard(bridge, 'a'), new Heard(bridge, 'b')]
  const [count, size] = [10_000, 1514]
  const one = Buffer.from(frame(BROADCAST, A, size))
  for (let i = 0; i < count; i++) {
    one.writeUInt32BE(i, 20)
    while (!a.send(one)) await sleep(1)
  }
  const state = async (): Promise<BridgeState> => (await bridge.show('drops')).state
  while ((await state()).ports['a'].rxFrames < count) await sleep(10)
  const { drops } = await state()
  await b.has(count - (drops['tx-full'] ?? 0))
  t.equal(b.frames.length + (drops['tx-full'] ?? 0), count)
  t.match(drops, { 'no-peer': count })
  const numbers = b.frames.map((one) => Buffer.from(one).readUInt32BE(20))
  t.ok(numbers.every((number, i) => i === 0 || number > numbers[i - 1]))
  t.ok(b.frames.every((heard) => heard.length === size && heard[size - 1] === one[size - 1]))
  t.throws(() => bridge.memoryPort('a').send(new Uint8Array(0)), RangeError)
  t.throws(() => bridge.memoryPort('a').send(new Uint8Array(65_665)), RangeError)
})

t.test('what cannot be opened leaves nothing behind', async (t) => {
  const path = join(folderFor(t), 'vm.sock')
  const qemu: LivePort = { name: 'vm', device: { kind: 'qemu', path } }
  const card = { kind: 'packet', name: 'none', namespace: null, mac: null, mtu: null } as const
  const device = { ...card, offload: true, isPersistent: false }
  await t.rejects(startLive({ ports: [qemu, { name: 'x', device }] }), /none|AF_PACKET/)
  const bridge = await start(t, 'auto', memory('a'), qemu)
  await t.rejects(startLive({ ports: [qemu] }), {
    name: 'DeviceError',
    message: `${path}: another process listens there`,
  })
  await bridge.changePort({ remove: 'vm' })
  const gone = connect(path)
  await t.rejects(once(gone, 'connect'), /ENOENT/)
})
