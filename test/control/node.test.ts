import t from 'tap'
import { parseNode } from '../../src/control/node.js'
import { mac } from '../packets.js'

/** The mistakes of a text, one a line. */
function mistakes(text: string, knownPorts: string[] = []): string[] {
  try {
    parseNode(text, 'node.yaml', knownPorts)
    return []
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NodeError') throw error
    return error.message.split('\n')
  }
}

t.test('a whole node', async (t) => {
  const node = parseNode(
    `
bridge: br100
mac: 08:00:27:15:85:17
address: [10.0.0.1/24, 169.254.169.254/32]
ageing_time: 60
max_learned: 100
ip_forward: true
ports:
  eth2: { mac: 08:00:27:15:85:18, isolated: true }
  vnet0: { hairpin: true, learning: false, flood: false, mcast_flood: false, bcast_flood: false }
stations:
  - { mac: fa:16:3e:2c:e8:ec, port: vnet0 }
  - { mac: FA:16:3E:06:5C:27, port: tap7 }
neighbours: { 10.0.0.2: fa:16:3e:2c:e8:ec }
routes:
  - { to: 0.0.0.0/0, via: 10.0.0.254 }
`,
    'node.yaml',
    ['tap7'],
  )
  t.match(node, {
    bridge: 'br100',
    mac: mac('08:00:27:15:85:17'),
    address: [
      { address: 0x0a000001, prefixLength: 24 },
      { address: 0xa9fea9fe, prefixLength: 32 },
    ],
    ageing_time: 60,
    max_learned: 100,
    ip_forward: true,
    ports: { eth2: { isolated: true }, vnet0: { hairpin: true, learning: false } },
    stations: [
      { mac: mac('fa:16:3e:2c:e8:ec'), port: 'vnet0' },
      { mac: mac('fa:16:3e:06:5c:27'), port: 'tap7' },
    ],
    routes: [{ to: { address: 0, prefixLength: 0 }, via: 0x0a0000fe }],
  })
})

t.test('one address is a list of one; nothing at all is a node without anything', async (t) => {
  t.same(parseNode('address: 10.0.0.1/8', 'x').address, [{ address: 0x0a000001, prefixLength: 8 }])
  t.match(parseNode('', 'x'), {
    address: [],
    ip_forward: false,
    ports: {},
    stations: [],
    neighbours: {},
    routes: [],
    conntrack: {},
  })
})

t.test('how connections are tracked', async (t) => {
  const text = 'conntrack: { max: 1000, tcp_timeout_established: 600 }'
  t.same(parseNode(text, 'x').conntrack, { max: 1000, tcp_timeout_established: 600 })
  t.same(mistakes('conntrack: { max: 0, tcp_timeout_estblished: 1 }'), [
    'node.yaml:1: conntrack.max: expected a whole number from 1 to 4194304',
    'node.yaml:1: conntrack.tcp_timeout_estblished: no such setting',
  ])
  const more = { acct: true, policies: { short: { udp_timeout: 5 } } }
  t.same(parseNode(JSON.stringify({ conntrack: more }), 'x').conntrack, more)
  t.same(
    mistakes('conntrack:\n  acct: 1\n  policies:\n    short: { max: 5 }\n    long: { udp_timeout: 1h }\n'),
    [
      'node.yaml:2: conntrack.acct: expected true or false',
      'node.yaml:4: conntrack.policies.short.max: no such setting',
      'node.yaml:5: conntrack.policies.long.udp_timeout: expected a whole number from 0 to 2147483647',
    ],
  )
})

t.test('every mistake is told, with its line', async (t) => {
  t.same(
    mistakes(`bridge: a name
mac: fa:16:3e:2c:e8
address: 10.0.0.1/33
ageing_time: soon
max_learned: 0
ip_forward: maybe
colour: blue
ports:
  eth2: { hairpin: 1 }
  vnet0: { guard: { mac: nobody, ip: 10.0.0, name: vm } }
stations:
  - mac: ff:ff:ff:ff:ff:ff
    port: eth2
routes:
  - to: 10.0.0.0/8
    via: 010.0.0.1
`).map((line) => line.replace(/, expected.*|: expected.*/, '')),
    [
      'node.yaml:1: bridge',
      'node.yaml:2: mac: fa:16:3e:2c:e8',
      'node.yaml:3: address.0: 10.0.0.1/33',
      'node.yaml:4: ageing_time',
      'node.yaml:5: max_learned',
      'node.yaml:6: ip_forward',
      'node.yaml:9: ports.eth2.hairpin',
      'node.yaml:10: ports.vnet0.guard.mac: nobody',
      'node.yaml:10: ports.vnet0.guard.ip: 10.0.0',
      'node.yaml:10: ports.vnet0.guard.name: no such setting',
      'node.yaml:12: stations.0.mac: ff:ff:ff:ff:ff:ff',
      'node.yaml:16: routes.0.via: 010.0.0.1',
      'node.yaml:7: colour: no such setting',
    ],
  )
})

t.test('what is named must be there', async (t) => {
  t.same(mistakes('stations:\n  - { mac: fa:16:3e:2c:e8:ec, port: vnet7 }\n', ['eth2', 'vnet0']), [
    'node.yaml:2: stations.0.port: vnet7: no such port, expected one of eth2, vnet0',
  ])
  t.same(mistakes('neighbours:\n  10.0.0: fa:16:3e:2c:e8:ec\n'), [
    'node.yaml:2: neighbours.10.0.0: expected an IPv4 address, such as 10.0.0.2',
  ])
})

t.test('what is no YAML', async (t) => {
  t.match(mistakes('bridge: [br100\n')[0], /^node\.yaml:\d+: /)
  t.match(mistakes('mac: a\nmac: b\n')[0], /^node\.yaml:2: .*unique/)
  t.match(mistakes('- a list\n')[0], /^node\.yaml:1: /)
})
