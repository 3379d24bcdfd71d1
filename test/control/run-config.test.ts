/** What a file of a live bridge may say, and how its mistakes are told. */
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NodeError } from '../../src/control/checked-yaml.js'
import { portChanges } from '../../src/control/port-changes.js'
import { parsePort, parseRunConfig, readRunConfig, splitPort } from '../../src/control/run-config.js'
import { folderFor } from '../captures.js'

const mistakes = (text: string): string[] => {
  try {
    parseRunConfig(text, 'run.yaml')
    return []
  } catch (error) {
    if (error instanceof NodeError) return error.message.split('\n')
    throw error
  }
}

t.test('ports and what they are', async (t) => {
  const { ports, rules, bridge } = parseRunConfig(
    `bridge: br7
ports:
  tapA: { tap: tapA, netns: vm1, mac: fa:16:3e:2c:e8:ec, mtu: 1400, hairpin: true }
  eth2: { packet: eth2, offload: false }
  vm3: { qemu: /run/br100/vm3.sock, isolated: true }
rules: c1.rules
`,
    'run.yaml',
  )
  t.equal(bridge, 'br7')
  t.equal(rules, 'c1.rules')
  t.strictSame(splitPort(ports['tapA']), {
    device: {
      kind: 'tap',
      name: 'tapA',
      namespace: 'vm1',
      mac: Uint8Array.of(0xfa, 0x16, 0x3e, 0x2c, 0xe8, 0xec),
      mtu: 1400,
      offload: true,
      isPersistent: false,
    },
    options: { hairpin: true },
  })
  t.strictSame(splitPort(ports['eth2']), {
    device: {
      kind: 'packet',
      name: 'eth2',
      namespace: null,
      mac: null,
      mtu: null,
      offload: false,
      isPersistent: false,
    },
    options: {},
  })
  t.strictSame(splitPort(ports['vm3']), {
    device: { kind: 'qemu', path: '/run/br100/vm3.sock' },
    options: { isolated: true },
  })
})

t.test('sockets are beside the file', async (t) => {
  const folder = folderFor(t)
  const path = join(folder, 'run.yaml')
  writeFileSync(path, 'ports: { a: { qemu: a.sock }, b: { qemu: /run/b.sock } }\n')
  const { ports } = readRunConfig(path)
  t.equal(ports['a'].qemu, join(folder, 'a.sock'))
  t.equal(ports['b'].qemu, '/run/b.sock')
  t.equal(parsePort('c', '{ qemu: ../c.sock }', folder).qemu, join(dirname(folder), 'c.sock'))
})

t.test('what leads from some ports to others', async (t) => {
  const portsOf = (text: string) => parseRunConfig(`ports: { ${text} }`, 'run.yaml').ports
  const there = portsOf('a: { tap: a }, b: { tap: b }, c: { tap: c }, d: { packet: d }')
  const wanted = portsOf(
    'a: { tap: a }, b: { tap: b, isolated: true }, c: { tap: c, mtu: 1400 }, e: { tap: e }',
  )
  const changes = portChanges(there, wanted)
  t.strictSame(
    changes.map(({ name, verb }) => `${name} ${verb}`),
    ['c removed', 'd removed', 'c added', 'e added', 'b changed'],
  )
  t.match(changes[0].change, { remove: 'c' })
  t.match(changes[2].change, { add: { name: 'c', device: { mtu: 1400 } } })
  t.strictSame(changes[4].change, { set: { name: 'b', options: { isolated: true } } })
  t.strictSame(portChanges(there, there), [])
})

t.test('every mistake has its line', async (t) => {
  t.strictSame(mistakes('ports: {}\n'), ['run.yaml:1: ports: 0 ports, expected 1 to 64'])
  t.strictSame(
    mistakes(`ports:
  a: { hairpin: true }
  b: { tap: b, packet: b }
  c: { packet: eth1, netns: vm1 }
  d: { packet: eth3 }
  e: { tap: eth0, netns: vm1 }
  f: { tap: eth0, netns: vm2 }
  g: { tap: eth0, netns: vm2 }
  h: { packet: eth2, persistent: true }
  i: { packet: eth3 }
`),
    [
      'run.yaml:2: ports.a: no kind, expected one of tap, packet, qemu',
      'run.yaml:3: ports.b: tap and packet, expected one of tap, packet, qemu',
      'run.yaml:4: ports.c.netns: expected it of a tap alone',
      'run.yaml:8: ports.g.tap: eth0: another port has this device',
      'run.yaml:9: ports.h.persistent: expected it of a tap alone',
      'run.yaml:10: ports.i.packet: eth3: another port has this device',
    ],
  )
  t.strictSame(
    mistakes(`ports:
  a: { tap: a-name-that-is-too-long }
  b: { tap: b, mtu: 90000 }
  c: { tap: c, mac: 01:00:00:00:00:01 }
  d: { tap: d, colour: red }
stations: [{ mac: fa:16:3e:2c:e8:ec, port: e }]
`),
    [
      'run.yaml:2: ports.a.tap: expected the name of a device: 1 to 15 characters without space, / and :',
      'run.yaml:3: ports.b.mtu: expected a whole number from 68 to 65535',
      'run.yaml:4: ports.c.mac: 01:00:00:00:00:01: expected the MAC address of a station, such as fa:16:3e:2c:e8:ec',
      'run.yaml:5: ports.d.colour: no such setting',
    ],
  )
  t.strictSame(
    mistakes(`ports:
  a: { qemu: a.sock, netns: vm1 }
  b: { qemu: b.sock, mac: fa:16:3e:2c:e8:ec, offload: false }
  c: { qemu: ${'x'.repeat(108)} }
  d: { qemu: ./a.sock }
`).map((text) => text.replace(/\d+ bytes/, 'N bytes')),
    [
      'run.yaml:2: ports.a.netns: expected it of a tap alone',
      'run.yaml:3: ports.b.mac: expected it of a tap or packet alone',
      'run.yaml:3: ports.b.offload: expected it of a tap or packet alone',
      'run.yaml:4: ports.c.qemu: a path of N bytes, expected 107 at most',
      'run.yaml:5: ports.d.qemu: ./a.sock: another port has this device',
    ],
  )
  t.strictSame(mistakes('ports: { a: { memory: a } }\n'), [
    'run.yaml:1: ports.a.memory: expected it of the library alone (startLive)',
  ])
  t.match(mistakes('ports: { a: { tap: a } }\nstations: [{ mac: fa:16:3e:2c:e8:ec, port: e }]\n'), [
    /run.yaml:2: stations.0.port: e: no such port, expected one of a/,
  ])
})

t.test('where Prometheus asks', async (t) => {
  const of = (text: string): string => `ports: { a: { tap: a } }\nmetrics: ${text}\n`
  const { metrics } = parseRunConfig(of('127.0.0.1:9100'), 'run.yaml')
  t.strictSame(metrics, { address: '127.0.0.1', port: 9100 })
  t.strictSame(parseRunConfig(of('"[::1]:65535"'), 'run.yaml').metrics, { address: '::1', port: 65_535 })
  t.equal(parseRunConfig('ports: { a: { tap: a } }\n', 'run.yaml').metrics, undefined)
  const expected = 'expected an address and a port, such as 127.0.0.1:9100 or [::1]:9100'
  t.strictSame(mistakes(of('9100')), [`run.yaml:2: metrics: ${expected}`])
  for (const text of [
    'localhost:9100',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '::1:9100',
    '"[127.0.0.1]:1"',
    '":9100"',
  ])
    t.strictSame(mistakes(of(text)), [`run.yaml:2: metrics: ${text.replaceAll('"', '')}: ${expected}`])
})
