import t from 'tap'
import layout from 'buffer-layout'
import * as virtio from '../../src/wire/virtio.js'
import { holdAgainstTwin } from './twin.js'

t.test('a tag moves the checksum, where there is one to be made', async (t) => {
  const b = Uint8Array.of(1, 0, 54, 0, 0, 0, 34, 0, 16, 0)
  virtio.moveChecksum(b, 0, 4)
  t.same(b, [1, 0, 58, 0, 0, 0, 38, 0, 16, 0])
  const whole = new Uint8Array(10)
  virtio.moveChecksum(whole, 0, 4)
  t.same(whole, new Uint8Array(10))
})

t.test('clear leaves nothing', async (t) => {
  const b = new Uint8Array(14).fill(0xa5)
  virtio.clear(b, 2)
  t.same(b, [0xa5, 0xa5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa5, 0xa5])
})

t.test('ECN is no type of its own', async (t) => {
  t.equal(virtio.gsoType(Uint8Array.of(1, 0x81), 0), virtio.TCP_IPV4)
})

t.test('its buffer-layout twin', async (t) => {
  const twin = layout.struct<Record<string, number>>([
    layout.u8('flags'),
    layout.u8('gsoType'),
    layout.u16('headers'),
    layout.u16('segmentSize'),
    layout.u16('checksumStart'),
    layout.u16('checksumOffset'),
  ])
  holdAgainstTwin(t, twin, {
    flags: { get: virtio.flags, set: virtio.setFlags },
    segmentSize: { get: virtio.segmentSize },
    checksumStart: { get: virtio.checksumStart },
    checksumOffset: { get: virtio.checksumOffset },
  })
})
