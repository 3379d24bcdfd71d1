import assert from 'node:assert/strict'
import net from 'node:net'
import t from 'tap'
import fc from 'fast-check'
import {
  copyMac,
  formatIpv4,
  formatMac,
  ipv4At,
  isBroadcast,
  isGroup,
  isZero,
  parseIpv4,
  parseMac,
  sameMac,
  setIpv4At,
} from '../../src/wire/address.js'
import { hex } from './hex.js'

const VM = hex('fa163e2ce8ec')

t.test('a MAC address in text and bytes', async (t) => {
  t.same(parseMac('fa:16:3e:2c:e8:ec'), VM)
  t.same(parseMac('FA:16:3E:2C:E8:EC'), VM, 'either case is read')
  t.equal(formatMac(VM, 0), 'fa:16:3e:2c:e8:ec')
  t.equal(formatMac(hex('a5a5 00010203040a'), 2), '00:01:02:03:04:0a', 'leading zeros stay')
  const mac = fc.uint8Array({ minLength: 6, maxLength: 6, size: 'max' })
  fc.assert(fc.property(mac, (bytes) => assert.deepEqual(parseMac(formatMac(bytes, 0)), bytes)))
  t.pass('any address survives being written and read')
})

t.test('what is not a MAC address', async (t) => {
  const wrong = ['', 'fa:16:3e:2c:e8', 'fa:16:3e:2c:e8:ec:00', 'fa-16-3e-2c-e8-ec', 'fa163e2ce8ec']
  wrong.push('fa:16:3e:2c:e8:e', 'fa:16:3e:2c:e8:eg', ' fa:16:3e:2c:e8:ec', 'fa:16:3e:2c:e8:ec\n')
  for (const text of wrong) t.equal(parseMac(text), null, JSON.stringify(text))
})

t.test('what a MAC address is for', async (t) => {
  const zero = hex('000000000000')
  const broadcast = hex('ffffffffffff')
  t.notOk(isGroup(VM, 0) || isBroadcast(VM, 0) || isZero(VM, 0), 'a station')
  t.ok(isGroup(hex('01005e0000fb'), 0), 'multicast')
  t.ok(isGroup(broadcast, 0) && isBroadcast(broadcast, 0), 'broadcast')
  t.ok(isZero(zero, 0) && !isGroup(zero, 0), 'zero')
  for (let bit = 0; bit < 48; bit++) {
    const b = Uint8Array.from(broadcast)
    b[bit >> 3] ^= 1 << (bit & 7)
    assert.ok(!isBroadcast(b, 0), `broadcast without bit ${bit}`)
    zero[bit >> 3] = 1 << (bit & 7)
    assert.ok(!isZero(zero, 0), `zero with bit ${bit}`)
    zero[bit >> 3] = 0
  }
  t.pass('one bit makes another address')
})

t.test('copied and compared in place', async (t) => {
  const b = new Uint8Array(10).fill(0xa5)
  copyMac(b, 2, hex('00 fa163e2ce8ec'), 1)
  t.same(b, hex('a5a5 fa163e2ce8ec a5a5'))
  t.ok(sameMac(b, 2, VM, 0))
  for (let i = 2; i < 8; i++) {
    b[i] ^= 1
    t.notOk(sameMac(b, 2, VM, 0), `byte ${i - 2} differs`)
    b[i] ^= 1
  }
})

t.test('an IPv4 address in text and as a number', async (t) => {
  t.equal(parseIpv4('10.0.0.1'), 0x0a000001)
  t.equal(parseIpv4('255.255.255.255'), 0xffffffff, 'unsigned')
  t.equal(formatIpv4(0xc0a838d2), '192.168.56.210')
  t.equal(formatIpv4(-1), '255.255.255.255', 'signed is read too')
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), (value) => {
      const b = new Uint8Array(6).fill(0xa5)
      setIpv4At(b, 1, value)
      assert.equal(ipv4At(b, 1), value)
      assert.equal(b[0] + b[5], 2 * 0xa5)
      assert.equal(parseIpv4(formatIpv4(value)), value)
      assert.equal(formatIpv4(value), b.slice(1, 5).join('.'))
    }),
  )
  t.pass('any address survives being written and read')
})

t.test('a dotted quad is what node:net takes for one', async (t) => {
  for (const text of [
    '10.1',
    '010.0.0.1',
    '0x0a.0.0.1',
    '256.0.0.1',
    '1.2.3.4.',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '',
  ])
    t.equal(parseIpv4(text), null, JSON.stringify(text))
  const octet = fc.oneof(
    fc.nat({ max: 300 }).map(String),
    fc.constantFrom('', '00', '01', '-1', '1e1', '١', '0x1'),
  )
  const quad = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'))
  fc.assert(fc.property(quad, (text) => assert.equal(parseIpv4(text) !== null, net.isIPv4(text), text)))
  t.pass('near misses too')
})
