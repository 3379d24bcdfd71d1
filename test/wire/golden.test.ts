/** Every frame of the golden captures, read by the codecs and by tshark. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import t from 'tap'
import * as arp from '../../src/wire/arp.js'
import * as ethernet from '../../src/wire/ethernet.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import * as tcpOption from '../../src/wire/tcp-option.js'
import * as udp from '../../src/wire/udp.js'
import { formatIpv4, formatMac } from '../../src/wire/address.js'
import { OK } from '../../src/wire/reason.js'
import { needs, run } from '../tools.js'
import { framesOf } from './golden.js'

/** tshark's name of a field → what our reader says of it. */
type Fields = Record<string, number | string>

const CAPTURES = ['boot', 'floating', 'node']
  .flatMap((name) => readdirSync(`pcaps/golden/${name}`).map((file) => `pcaps/golden/${name}/${file}`))
  .filter((path) => path.endsWith('.pcap'))

/** What each header of the frame says; throws where one is refused, or a checksum wrong. */
function fieldsOf(b: Uint8Array): Fields {
  assert.equal(ethernet.check(b, 0, b.length), OK, 'Ethernet')
  const fields: Fields = {
    'eth.dst': formatMac(b, ethernet.destination(0)),
    'eth.src': formatMac(b, ethernet.source(0)),
    'eth.type': ethernet.etherType(b, 0),
  }
  if (fields['eth.type'] === ethernet.ARP) return { ...fields, ...arpFields(b, ethernet.payload(0)) }
  if (fields['eth.type'] === ethernet.IPV4) return { ...fields, ...ipv4Fields(b, ethernet.payload(0)) }
  return fields
}

function arpFields(b: Uint8Array, at: number): Fields {
  assert.equal(arp.check(b, at, b.length), OK, 'ARP')
  return {
    'arp.opcode': arp.operation(b, at),
    'arp.src.proto_ipv4': formatIpv4(arp.spa(b, at)),
    'arp.dst.proto_ipv4': formatIpv4(arp.tpa(b, at)),
  }
}

function ipv4Fields(b: Uint8Array, at: number): Fields {
  assert.equal(ipv4.check(b, at, b.length), OK, 'IPv4')
  const fields: Fields = {
    'ip.version': ipv4.version(b, at),
    'ip.hdr_len': ipv4.headerLength(b, at),
    'ip.dsfield': ipv4.tos(b, at),
    'ip.len': ipv4.totalLength(b, at),
    'ip.id': ipv4.identification(b, at),
    'ip.flags': ipv4.flags(b, at),
    'ip.frag_offset': ipv4.fragmentOffset(b, at) / 8, // tshark 4 gives the field as it stands
    'ip.ttl': ipv4.ttl(b, at),
    'ip.proto': ipv4.protocol(b, at),
    'ip.checksum': ipv4.checksum(b, at),
    'ip.src': formatIpv4(ipv4.source(b, at)),
    'ip.dst': formatIpv4(ipv4.destination(b, at)),
  }
  if (ipv4.fragmentOffset(b, at) !== 0) return fields
  return { ...fields, ...TRANSPORTS.get(ipv4.protocol(b, at))?.(b, at, at + ipv4.totalLength(b, at)) }
}

function icmpFields(b: Uint8Array, ip: number, end: number): Fields {
  const at = ipv4.payload(b, ip)
  assert.equal(icmp.check(b, at, end), OK, 'ICMP')
  assert.ok(ipv4.isFragment(b, ip) || icmp.checksumIsRight(b, at, end), 'checksum of ICMP')
  const type = icmp.type(b, at)
  const fields: Fields = {
    'icmp.type': type,
    'icmp.code': icmp.code(b, at),
    'icmp.checksum': icmp.checksum(b, at),
  }
  if (type !== icmp.ECHO_REQUEST && type !== icmp.ECHO_REPLY) return fields
  return { ...fields, 'icmp.ident': icmp.identifier(b, at), 'icmp.seq': icmp.sequence(b, at) }
}

function udpFields(b: Uint8Array, ip: number, end: number): Fields {
  const at = ipv4.payload(b, ip)
  if (!ipv4.isFragment(b, ip)) {
    assert.equal(udp.check(b, at, end), OK, 'UDP')
    assert.ok(udp.checksumIsRight(b, at, ipv4.addresses(ip)), 'checksum of UDP')
  }
  return {
    'udp.srcport': udp.sourcePort(b, at),
    'udp.dstport': udp.destinationPort(b, at),
    'udp.length': udp.length(b, at),
    'udp.checksum': udp.checksum(b, at),
  }
}

function tcpFields(b: Uint8Array, ip: number, end: number): Fields {
  const at = ipv4.payload(b, ip)
  assert.equal(tcp.check(b, at, end), OK, 'TCP')
  assert.equal(tcpOption.check(b, at), OK, 'options of TCP')
  assert.ok(ipv4.isFragment(b, ip) || tcp.checksumIsRight(b, at, end, ipv4.addresses(ip)), 'checksum of TCP')
  const size = tcpOption.find(b, at, tcpOption.MSS)
  const scale = tcpOption.find(b, at, tcpOption.WS)
  return {
    'tcp.srcport': tcp.sourcePort(b, at),
    'tcp.dstport': tcp.destinationPort(b, at),
    'tcp.seq_raw': tcp.sequenceNumber(b, at),
    'tcp.ack_raw': tcp.acknowledgmentNumber(b, at),
    'tcp.hdr_len': tcp.dataOffset(b, at),
    'tcp.flags': tcp.flags(b, at),
    'tcp.window_size_value': tcp.window(b, at),
    'tcp.checksum': tcp.checksum(b, at),
    'tcp.urgent_pointer': tcp.urgentPointer(b, at),
    ...(size !== -1 && { 'tcp.options.mss_val': tcpOption.segmentSize(b, size) }),
    ...(scale !== -1 && { 'tcp.options.wscale.shift': tcpOption.shift(b, scale) }),
  }
}

const TRANSPORTS = new Map([
  [icmp.PROTOCOL, icmpFields],
  [tcp.PROTOCOL, tcpFields],
  [udp.PROTOCOL, udpFields],
])

const NAMES = `
  eth.dst eth.src eth.type arp.opcode arp.src.proto_ipv4 arp.dst.proto_ipv4 ip.version ip.hdr_len
  ip.dsfield ip.len ip.id ip.flags ip.frag_offset ip.ttl ip.proto ip.checksum ip.src ip.dst icmp.type
  icmp.code icmp.checksum icmp.ident icmp.seq udp.srcport udp.dstport udp.length udp.checksum
  tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.hdr_len tcp.flags tcp.window_size_value
  tcp.checksum tcp.urgent_pointer tcp.options.mss_val tcp.options.wscale.shift`
  .trim()
  .split(/\s+/)

/** The same fields of every frame of a capture, by tshark. */
function tsharkFields(path: string): Fields[] {
  const preferences = ['-o', 'ip.defragment:FALSE', '-o', 'tcp.relative_sequence_numbers:FALSE']
  const format = ['-T', 'fields', '-E', 'occurrence=f', '-E', 'separator=|']
  const names = NAMES.flatMap((name) => ['-e', name])
  const lines = run('tshark', '-n', '-r', path, ...preferences, ...format, ...names)
    .trimEnd()
    .split('\n')
  return lines.map((line) => {
    const values = line.split('|').map((value) => (/^(0x[0-9a-f]+|\d+)$/.test(value) ? Number(value) : value))
    return Object.fromEntries(NAMES.map((name, i) => [name, values[i]]).filter(([, value]) => value !== ''))
  })
}

t.test('every header is accepted and every checksum right', async (t) => {
  const seen = new Map<string, number>()
  for (const path of CAPTURES) {
    for (const [i, frame] of framesOf(path).entries()) {
      try {
        for (const name of Object.keys(fieldsOf(frame))) seen.set(name, (seen.get(name) ?? 0) + 1)
      } catch (error) {
        t.fail(`${path}: frame ${i + 1}: ${String(error)}`)
      }
    }
  }
  t.same(
    NAMES.filter((name) => !seen.has(name)),
    [],
    'and there is at least one of each field',
  )
})

t.test('every field is what tshark says', async (t) => {
  if (!needs(t, 'tshark')) return
  for (const path of CAPTURES) {
    const ours = framesOf(path).map(fieldsOf)
    if (ours.length === 0) continue
    const theirs = tsharkFields(path)
    assert.equal(theirs.length, ours.length, path)
    for (const [i, fields] of ours.entries()) {
      // Of an ICMP error tshark also gives the ports of the datagram in it: those are not this frame's.
      const isError = icmp.isError(Number(fields['icmp.type'] ?? -1))
      const names = isError ? Object.keys(fields) : NAMES
      for (const name of names)
        assert.equal(fields[name], theirs[i][name], `${path}: frame ${i + 1}: ${name}`)
    }
    t.pass(`${path}: ${ours.length} frames`)
  }
})
