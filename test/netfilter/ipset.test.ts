/** Sets from files, and what `-m set` decides by them. */
import t from 'tap'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { readSets } from '../../src/netfilter/ipset.js'
import type { Packet } from '../../src/netfilter/packet.js'
import { formatIpv4 } from '../../src/wire/address.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import { needs } from '../tools.js'
import { icmpFrame, tcpFrame, udpFrame } from './frames.js'
import { holds, packetOf, runtime } from './rules.js'

const SAVED = `# Saved some time ago
create hosts hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x7cefe310
add hosts 10.0.0.1
add hosts 192.168.255.255
create nets24 hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 timeout 300 comment bucketsize 12 initval 0x0
add nets24 10.0.1.0 timeout 0
add nets24 10.0.2.0 timeout 299 comment "two words"

create nets hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x95d10478
add nets 10.0.0.0/8
add nets 10.1.0.0/16 nomatch
add nets 10.1.2.0/24
add nets 10.1.2.3 nomatch
add nets 128.0.0.0/1
create services hash:ip,port family inet hashsize 1024 maxelem 65536
add services 10.0.0.2,tcp:80
add services 10.0.0.2,udp:53
add services 10.0.0.2,icmp:echo-request
add services 10.0.0.2,icmp:3/4
add services 10.0.0.2,gre:0
add services 10.0.0.3,tcp:0
`
const world = runtime({ sets: readSets('sets', Buffer.from(SAVED)) })

function decided(text: string, packet: Packet): boolean | 'dropped' {
  return holds(`-m set ${text}`, packet, world)
}

function from(source: string): Packet {
  return packetOf(udpFrame({ source, destination: '9.9.9.9' }))
}

t.test('hash:ip', async (t) => {
  t.equal(decided('--match-set hosts src', from('10.0.0.1')), true)
  t.equal(decided('--match-set hosts src', from('192.168.255.255')), true)
  for (const source of ['10.0.0.0', '10.0.0.2', '192.168.255.254', '0.0.0.0'])
    t.equal(decided('--match-set hosts src', from(source)), false, source)
  t.equal(decided('! --match-set hosts src', from('10.0.0.1')), false)
  t.equal(decided('! --match-set hosts src', from('10.0.0.2')), true)
  t.equal(decided('--match-set hosts dst', from('10.0.0.1')), false)
  t.equal(decided('--match-set hosts src,dst', from('10.0.0.1')), true, 'one direction more than it has')
  t.equal(decided('--match-set hosts src --return-nomatch', from('10.0.0.1')), true)
  t.equal(decided('--match-set nets24 src', from('10.0.1.255')), true)
  t.equal(decided('--match-set nets24 src', from('10.0.2.1')), true)
  t.equal(decided('--match-set nets24 src', from('10.0.3.0')), false)
})

t.test('hash:net: the longest network counts', async (t) => {
  const inside = [
    '10.0.0.0',
    '10.255.255.255',
    '10.2.0.0',
    '10.1.2.0',
    '10.1.2.4',
    '128.0.0.0',
    '255.255.255.255',
  ]
  const nomatch = ['10.1.0.0', '10.1.1.255', '10.1.3.0', '10.1.255.255', '10.1.2.3']
  const outside = ['9.255.255.255', '11.0.0.0', '127.255.255.255', '0.0.0.0']
  for (const source of inside) t.equal(decided('--match-set nets src', from(source)), true, source)
  for (const source of [...nomatch, ...outside])
    t.equal(decided('--match-set nets src', from(source)), false, source)
  for (const source of nomatch)
    t.equal(decided('--match-set nets src --return-nomatch', from(source)), true, source)
  for (const source of [...inside, ...outside])
    t.equal(decided('--match-set nets src --return-nomatch', from(source)), false, source)
})

t.test('hash:ip,port', async (t) => {
  const both = '--match-set services dst,dst'
  t.equal(decided(both, packetOf(tcpFrame(tcp.SYN, { dport: 80 }))), true)
  t.equal(decided(both, packetOf(tcpFrame(tcp.SYN, { dport: 81 }))), false)
  t.equal(decided(both, packetOf(udpFrame({ dport: 80 }))), false)
  t.equal(decided(both, packetOf(udpFrame({ dport: 53 }))), true)
  t.equal(decided(both, packetOf(tcpFrame(tcp.SYN, { dport: 80, destination: '10.0.0.3' }))), false)
  t.equal(decided(both, packetOf(tcpFrame(tcp.SYN, { dport: 0, destination: '10.0.0.3' }))), true)
  t.equal(decided('--match-set services dst,src', packetOf(tcpFrame(tcp.SYN, { sport: 80 }))), true)
  t.equal(decided('--match-set services src,dst', packetOf(udpFrame({ source: '10.0.0.2' }))), true)
  t.equal(decided(both, packetOf(icmpFrame(8, 0))), true)
  t.equal(decided(both, packetOf(icmpFrame(8, 1))), false)
  t.equal(decided(both, packetOf(icmpFrame(3, 4))), true)

  const gre = packetOf(udpFrame(), { protocol: 47 })
  t.equal(decided(both, gre), true)
  t.equal(decided(both, Object.assign(gre, { fragmentOffset: 8 })), true, 'without ports fragments count too')
  t.equal(decided(both, packetOf(udpFrame(), { fragmentOffset: 8 })), false)
  t.equal(decided(`! ${both}`, packetOf(udpFrame(), { fragmentOffset: 8 })), true)
  const cut = tcpFrame(tcp.SYN, { dport: 80 })
  ipv4.setTotalLength(cut, 14, 39)
  t.equal(decided(both, packetOf(cut)), false, 'a header that is cut is in no set')

  const one = packetOf(tcpFrame(tcp.SYN, { dport: 80 }))
  t.equal(decided('--match-set services dst', one), false, 'a direction is missing')
  t.equal(decided('! --match-set services dst', one), true)
})

t.test('random addresses against Set', async (t) => {
  const address = fc.oneof(
    fc.integer({ min: 1, max: 0xffffffff }),
    fc.integer({ min: 0x0a000001, max: 0x0a0000ff }),
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(address, { size: 'max', maxLength: 500 }),
      fc.array(address, { size: 'max', maxLength: 60 }),
      (members, others) => {
        const lines = members.map((one) => `add s ${formatIpv4(one)}`)
        const set = readSets('sets', Buffer.from(['create s hash:ip', ...lines].join('\n'))).get('s')!
        const twin = new Set(members)
        const packet = packetOf(udpFrame())
        for (const one of [...members, ...others]) {
          packet.source = one
          assert.equal(set.has(packet, [true], false), twin.has(one))
        }
      },
    ),
  )
  t.pass('hash:ip')
})

t.test('random networks against the longest of a list', async (t) => {
  const network = fc.tuple(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.integer({ min: 1, max: 32 }),
    fc.boolean(),
  )
  const maskOf = (length: number): number => Number(BigInt.asUintN(32, -1n << BigInt(32 - length)))
  const key = ([address, length]: readonly [number, number, boolean]): string =>
    `${formatIpv4((address & maskOf(length)) >>> 0)}/${length}`
  fc.assert(
    fc.property(fc.uniqueArray(network, { selector: key, size: 'max', maxLength: 40 }), (networks) => {
      const lines = networks.map((one) => `add s ${key(one)}${one[2] ? ' nomatch' : ''}`)
      const set = readSets('sets', Buffer.from(['create s hash:net', ...lines].join('\n'))).get('s')!
      const packet = packetOf(udpFrame())
      for (const [address, length] of networks)
        for (const probe of [address, address ^ 1, (address | ~maskOf(length)) >>> 0]) {
          packet.destination = probe >>> 0
          const around = networks
            .filter((one) => ((probe ^ one[0]) & maskOf(one[1])) === 0)
            .sort((a, b) => b[1] - a[1])
          assert.equal(set.has(packet, [false], false), around.length > 0 && !around[0][2])
          assert.equal(set.has(packet, [false], true), around.length > 0 && around[0][2])
        }
    }),
  )
  t.pass('hash:net')
})

t.test('a hundred thousand entries', async (t) => {
  const lines = ['create many hash:ip maxelem 100000']
  for (let i = 0; i < 100_000; i++) lines.push(`add many ${formatIpv4((i * 2_654_435_761 + 1) % 2 ** 32)}`)
  const set = readSets('many', Buffer.from(lines.join('\n'))).get('many')!
  const packet = packetOf(udpFrame())
  for (let i = 0; i < 100_000; i++) {
    packet.source = (i * 2_654_435_761 + 1) % 2 ** 32
    if (!set.has(packet, [true], false)) t.fail(formatIpv4(packet.source))
  }
  t.throws(() => readSets('many', Buffer.from([...lines, 'add many 1.2.3.4'].join('\n'))), {
    message: 'many:100002: add many 1.2.3.4: the set is full, expected at most 100000 entries',
  })
})

/** Line → what is wrong with it; the sets i, n and p are there. */
const MISTAKES: Record<string, RegExp> = {
  'create i hash:ip': /create i: there is a set of this name already/,
  'create x bitmap:ip range 10.0.0.0/24': /create x bitmap:ip: expected hash:ip, hash:net, hash:ip,port/,
  'create x': /create x : expected hash:ip, /,
  'create abcdefghijklmnopqrstuvwxyz012345 hash:ip': /expected a name of at most 31 bytes/,
  'create x hash:ip family inet6': /family inet6: expected inet/,
  'create x hash:ip netmask 0': /netmask 0: expected a number from 1 to 32/,
  'create x hash:net netmask 24': /netmask: expected family, hashsize, /,
  'create x hash:ip counters': /counters: expected family, hashsize, /,
  'create x hash:ip maxelem': /maxelem: expected/,
  'create x hash:ip maxelem many': /maxelem many: expected a number/,
  'add x 10.0.0.1': /add x: expected the name of a set created before/,
  'add i 10.0.0.256': /10\.0\.0\.256: expected an IPv4 address/,
  'add i 10.0.0.1-10.0.0.9': /10\.0\.0\.1-10\.0\.0\.9: expected an IPv4 address/,
  'add i 0.0.0.0': /add i 0\.0\.0\.0: expected an address other than 0\.0\.0\.0/,
  'add i 1.1.1.1': /add i 1\.1\.1\.1: it is in the set already/,
  'add i 1.1.1.2 timeout 5': /timeout: expected nothing more/,
  'add i 1.1.1.2 nomatch': /nomatch: expected nothing more/,
  'add n 10.0.0.0/0': /add n 10\.0\.0\.0\/0: expected ADDRESS\/LENGTH with a length from 1 to 32/,
  'add n 10.0.0.0/33': /add n 10\.0\.0\.0\/33: expected ADDRESS\/LENGTH/,
  'add n 1.1.1.0/24': /add n 1\.1\.1\.0\/24: it is in the set already/,
  'add n 1.1.1.9/24 nomatch': /it is in the set already/,
  'add n': /: expected an IPv4 address/,
  'add p 1.1.1.1': /add p 1\.1\.1\.1: expected ADDRESS,PROTOCOL:PORT/,
  'add p 1.1.1.1,tcp:65536': /tcp:65536: port 65536: expected a number from 0 to 65535/,
  'add p 1.1.1.1,gre:5': /gre:5: port 5: expected a number from 0 to 0/,
  'add p 1.1.1.1,icmp:8': /icmp code : expected/,
  'add p 1.1.1.1,nosuch:8': /protocol nosuch: expected/,
  'add p 0.0.0.0,tcp:5': /expected an address other than/,
  'flush i': /flush: expected create or add/,
  [`add i ${'9'.repeat(2000)}`]: /expected a line of at most 1024 bytes/,
}

t.test('each mistake is told with its line, all of them at once', async (t) => {
  const start = [
    'create i hash:ip',
    'create n hash:net',
    'create p hash:ip,port',
    'add i 1.1.1.1',
    'add n 1.1.1.0/24',
  ]
  const text = [...start, ...Object.keys(MISTAKES)].join('\n')
  const messages = told(text).split('\n')
  t.equal(messages.length, Object.keys(MISTAKES).length)
  for (const [i, pattern] of Object.values(MISTAKES).entries())
    t.match(messages[i], new RegExp(`^sets:${start.length + i + 1}: .*${pattern.source}`))
  t.equal(told('nonsense\n'.repeat(5000)).split('\n').length, 100, 'the first hundred')
})

function told(text: string): string {
  try {
    readSets('sets', Buffer.from(text))
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

t.test('ipset takes the same file, and what it saves is read', async (t) => {
  if (!needs(t, 'ipset', 'unshare')) return
  if (process.getuid?.() !== 0) {
    const message = 'not root: this comparison did not run'
    return process.env['BR100_REQUIRE_TOOLS'] === '1' ? t.fail(message) : t.plan(0, message)
  }
  const { status, stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', 'ipset restore && ipset save'], {
    input: SAVED,
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.equal(stdout.split('\n').filter((line) => line.startsWith('add ')).length, 15)
  t.same([...readSets('saved', Buffer.from(stdout)).keys()], ['hosts', 'nets24', 'nets', 'services'])
})
