import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import t from 'tap'
import fc from 'fast-check'
import * as checksum from '../../src/wire/checksum.js'
import { hex } from './hex.js'
import { runs } from '../soak.js'

interface Vectors {
  ip_fast_csum: { hex: string; checksum: string; src: string }[]
  partial: { buf: string; cases: { len: number; init_partial_be: string; checksum: string }[] }
}
const vectors: Vectors = JSON.parse(readFileSync('test/data/ipv4-checksum-vectors.json', 'utf8'))

t.test('the examples of RFC 1071', async (t) => {
  const words = hex('0001 f203 f4f5 f6f7')
  t.equal(checksum.add(0, words, 0, 8), 0xddf2, '§3')
  t.equal(checksum.compute(words, 0, 8), 0x220d)
  t.equal(checksum.add(0, hex('0100 03f2 f5f4 f7f6'), 0, 8), 0xf2dd, '§2 (B): bytes swapped, sum swapped')
  t.equal(
    checksum.compute(words, 0, 7),
    checksum.compute(hex('0001 f203 f4f5 f600'), 0, 8),
    '§4.1: odd length',
  )
  t.equal(checksum.compute(hex('a5 0001 f203 f4f5 f6f7 a5'), 1, 8), 0x220d, 'at an odd offset')
  t.equal(checksum.addWord(0xffff, 1), 1, 'the carry comes round')
})

t.test('the example of RFC 1624 §4: 0x0000, where RFC 1141 would say 0xffff', async (t) => {
  t.equal(checksum.update(0xdd2f, 0x5555, 0x3285), 0x0000)
})

t.test('a known header', async (t) => {
  const header = hex('45000073 00004000 40110000 c0a80001 c0a800c7')
  t.equal(checksum.compute(header, 0, 20), 0xb861)
  header.set(hex('b861'), 10)
  t.equal(checksum.compute(header, 0, 20), 0, 'right in place')
})

t.test('1,810 buffers of known checksum', async (t) => {
  t.equal(vectors.ip_fast_csum.length, 1810)
  for (const { hex: text, checksum: expected, src } of vectors.ip_fast_csum) {
    const b = hex(text)
    assert.equal(checksum.compute(b, 0, b.length), parseInt(expected, 16), src)
  }
  t.pass('all agree')
})

t.test('512 lengths of one buffer, from a partial sum of 32 bits', async (t) => {
  const { buf, cases } = vectors.partial
  const b = hex(buf)
  t.equal(cases.length, 512)
  for (const { len, init_partial_be, checksum: expected } of cases) {
    const sum = checksum.add(parseInt(init_partial_be, 16), b, 0, len)
    assert.equal(checksum.finish(sum), parseInt(expected, 16), `${len} bytes`)
  }
  t.pass('all agree')
})

t.test('no carry is lost in a message longer than any datagram', async (t) => {
  const ones = new Uint8Array((1 << 20) + 2).fill(0xff) // its sum as it grows passes 2^35
  t.equal(checksum.add(0, ones, 0, ones.length), 0xffff)
  ones[ones.length - 1] = 0xfe
  t.equal(checksum.add(0, ones, 0, ones.length), 0xfffe)
  t.equal(checksum.add(0x7fffffff, ones, 0, 0), 0x7fff, 'an unfolded sum goes in, a folded one comes out')
})

t.test('summing in two parts', async (t) => {
  const message = fc.uint8Array({ maxLength: 200, size: 'max' })
  fc.assert(
    fc.property(message, fc.nat({ max: 100 }), (b, half) => {
      const cut = Math.min(2 * half, b.length & ~1) // only at a word: an odd byte ends a message
      const sum = checksum.add(checksum.add(0, b, 0, cut), b, cut, b.length - cut)
      assert.equal(checksum.finish(sum), checksum.compute(b, 0, b.length))
    }),
  )
  t.pass('gives the sum of the whole')
})

t.test('an update is a computation anew', async (t) => {
  const header = fc
    .uint8Array({ minLength: 20, maxLength: 60, size: 'max' })
    .filter((b) => b.length % 2 === 0)
  // 0x0000 and 0xffff are the two zeros of one's complement: where an update goes wrong first.
  const word = fc.oneof(fc.constantFrom(0, 1, 0xfffe, 0xffff), fc.nat({ max: 0xffff }))
  fc.assert(
    fc.property(header, fc.nat(), word, word, (b, n, high, low) => {
      b[0] = 0x45 // no IP header is all zero, the one message whose checksum has two values
      const at = 2 + ((n * 2) % (b.length - 4))
      const before = checksum.compute(b, 0, b.length)
      const [wasHigh, wasLow] = [(b[at] << 8) | b[at + 1], (b[at + 2] << 8) | b[at + 3]]
      b.set([high >> 8, high], at)
      const half = checksum.compute(b, 0, b.length)
      assert.equal(checksum.update(before, wasHigh, high), half)
      b.set([low >> 8, low], at + 2)
      const whole = checksum.compute(b, 0, b.length)
      const was = wasHigh * 65536 + wasLow
      assert.equal(checksum.update32(before, was, high * 65536 + low), whole, 'unsigned')
      assert.equal(checksum.update32(before, was | 0, (high << 16) | low), whole, 'signed')
    }),
    runs(1000),
  )
  t.pass('for 16 bits and for 32')
})

t.test('the pseudo header', async (t) => {
  // 10.0.0.3, 10.0.0.1, protocol 17, length 12, written out as RFC 768 draws it.
  const drawn = hex('0a000003 0a000001 00 11 000c')
  t.equal(checksum.pseudoHeader(drawn, 0, 17, 12), checksum.add(0, drawn, 0, 12))
  const highest = hex('ffffffff ffffffff 00 ff ffff')
  t.equal(checksum.pseudoHeader(highest, 0, 255, 0xffff), checksum.add(0, highest, 0, 12))
})
