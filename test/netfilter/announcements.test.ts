/** FTP behind SNAT: what the sessions of test/pipeline/announcements.test.ts do not come to. */
import t from 'tap'
import { createConntrack } from '../../src/netfilter/conntrack/conntrack.js'
import type { Conntrack } from '../../src/netfilter/conntrack/conntrack.js'
import { SEQUENCE_ADJUSTED, STATUS } from '../../src/netfilter/conntrack/entry.js'
import { POSTROUTING, PREROUTING } from '../../src/netfilter/hook.js'
import { Packet } from '../../src/netfilter/packet.js'
import { ACCEPT } from '../../src/netfilter/verdict.js'
import { parseIpv4 } from '../../src/wire/address.js'
import * as tcp from '../../src/wire/tcp.js'
import type { Entering } from '../lab/bridge-under-test.js'
import { endsOf, handshake, segment } from '../lab/tcp-sides.js'
import type { Ends } from '../lab/tcp-sides.js'

const [L3, L4] = [14, 34]
const { ACK, PSH, SYN } = tcp
const BETWEEN = { rules: [], clientSeen: '10.0.0.140', serverSeen: '10.0.0.3', port: 21 }
const SOURCE = parseIpv4(BETWEEN.clientSeen)!
const TO_SOURCE = {
  addresses: [SOURCE, SOURCE] as const,
  ports: null,
  base: null,
  isRandom: false,
  isPersistent: false,
}
const PATIENCE = 300_000_000

/** A node that attaches FTP's helper to all, and gives the client another address. */
class Node {
  readonly connections: Conntrack
  readonly packet = new Packet()
  now = 1_000_000

  constructor(random = 0) {
    this.connections = createConntrack({ random: () => random })
    this.packet.template = this.connections.templates.add({ helper: 'ftp', timeout: '' })
  }

  /** What leaves of a frame, as text; null where it is dropped. `room`: by how much it may grow. */
  pass({ frame }: Entering, room = 100): string | null {
    const { packet, connections } = this
    const b = new Uint8Array(frame.length + room)
    b.set(frame)
    packet.read(b, 0, L3)
    packet.template = 1
    packet.now = this.now
    packet.room = room
    packet.hook = PREROUTING
    connections.track(packet)
    connections.translate(packet)
    packet.hook = POSTROUTING
    if (packet.source === parseIpv4('10.0.0.2') && connections.asksNat(packet, POSTROUTING))
      connections.bind(packet, TO_SOURCE)
    connections.translate(packet)
    const verdict = connections.confirm(packet)
    connections.release()
    if (verdict !== ACCEPT) return null
    return Buffer.from(b.subarray(tcp.payload(b, L4), packet.end)).toString('latin1')
  }

  /** A session up to where a line begins. */
  begin(port: number): Ends {
    const ends = endsOf(BETWEEN, port, 21, 21)
    for (const one of handshake(ends)) this.pass(one)
    this.pass(segment(...ends, ACK | PSH, 'USER nobody\r\n'))
    return ends
  }

  /** Whether the server's connection to this port of the client goes on to the client. */
  isExpected(port: number): boolean {
    const [client, server] = endsOf(BETWEEN, port, 20, 20)
    this.pass(segment(server, client, SYN))
    return this.packet.destination === parseIpv4('10.0.0.2')
  }
}

const PORT = 'PORT 10,0,0,2,78,32\r\n'

t.test('a port that somebody else has announced is replaced by one above it', async (t) => {
  const node = new Node(5)
  t.equal(node.pass(segment(...node.begin(3000), ACK | PSH, PORT)), 'PORT 10,0,0,140,78,32\r\n')
  t.equal(node.pass(segment(...node.begin(3001), ACK | PSH, PORT)), 'PORT 10,0,0,140,78,37\r\n')
  t.equal(node.isExpected(20_005), true)
  t.equal(node.packet.bytes[L4 + 3], 32, 'the client listens where it has said')
  t.equal(node.isExpected(20_000), true)
})

t.test('what does not fit is dropped, and nothing is waited for', async (t) => {
  const node = new Node()
  const ends = node.begin(3000)
  t.equal(node.pass(segment({ ...ends[0] }, ends[1], ACK | PSH, PORT), 1), null)
  t.equal(node.isExpected(20_000), false)
  t.equal(node.pass(segment(...ends, ACK | PSH, PORT), 2), 'PORT 10,0,0,140,78,32\r\n')
  t.equal(node.packet.room, 0)
})

t.test('an announcement is waited for five minutes, and no longer than its session', async (t) => {
  const node = new Node()
  node.pass(segment(...node.begin(3000), ACK | PSH, PORT))
  node.now += PATIENCE
  t.equal(node.isExpected(20_000), false)
  const ends = node.begin(3001)
  node.pass(segment(...ends, ACK | PSH, PORT))
  const { table } = node.connections
  const { connection } = node.packet
  t.not(table.words[connection + STATUS] & SEQUENCE_ADJUSTED, 0)
  t.equal(table.adjustments.growth(connection, 0, ends[0].next), 2)
  table.remove(connection)
  t.equal(table.adjustments.growth(connection, 0, ends[0].next), 0)
  t.equal(node.isExpected(20_000), false)
})
