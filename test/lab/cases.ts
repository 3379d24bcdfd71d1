/** Where the kernel and we once differed: a few rules, and the frame that showed it. */
import { BRIDGE_MAC, PORTS } from './bridge-under-test.js'
import type { Entering } from './bridge-under-test.js'
import type { Trial } from './differential.js'
import { draftOf, frameOf } from './draft.js'
import type { Draft } from './draft.js'
import { NEIGHBOURS } from './values.js'

const WITH_ADDRESS = { address: '10.0.0.1/24', neighbours: NEIGHBOURS }
const WITHOUT = { address: null }

/** Rules that count, by every interface that a packet may be said to come in by. */
const RAW = ['*raw', '-A PREROUTING -i br100', '-A PREROUTING -i eth2', '-A PREROUTING -i lo', 'COMMIT']
const MANGLE = [
  '*mangle',
  '-A INPUT -i br100',
  '-A INPUT -i lo',
  '-A INPUT -m physdev --physdev-in eth2',
  '-A POSTROUTING -o br100',
  'COMMIT',
]
const REJECTING = ['*filter', '-A FORWARD -j REJECT', '-A OUTPUT -o br100', '-A OUTPUT -o lo', 'COMMIT']
const segments = (size: number): string[] => [
  '*mangle',
  `-A FORWARD -p tcp -m tcp --syn -j TCPMSS --set-mss ${size}`,
  'COMMIT',
]

function entering(fields: Partial<Draft>): Entering {
  const draft = draftOf(fields)
  return { port: draft.port, frame: frameOf(draft) }
}

/** By what the kernel does. */
export const CASES: Readonly<Record<string, Trial>> = {
  'a frame to a group that bridges keep to themselves is the port’s own IP packet': {
    options: WITH_ADDRESS,
    rules: [...RAW, ...MANGLE],
    entering: [
      entering({ to: '01:80:c2:00:00:0e', destination: '10.0.0.1' }),
      entering({ to: '01:80:c2:00:00:0e', destination: '224.0.0.1' }),
      entering({ to: '01:80:c2:00:00:01', destination: '255.255.255.255' }),
    ],
  },
  'a frame to a port’s own address is for the node only if it came in by that port': {
    options: WITH_ADDRESS,
    rules: [...RAW, ...MANGLE],
    entering: [
      entering({ to: PORTS['vnet0'], destination: '10.0.0.1' }),
      entering({ to: PORTS['eth2'], destination: '10.0.0.1' }),
      entering({ to: BRIDGE_MAC, destination: '10.0.0.1' }),
    ],
  },
  'a priority tag is no VLAN for the node: its copy passes PREROUTING and INPUT': {
    options: WITHOUT,
    rules: [...RAW, ...MANGLE],
    entering: [
      [0x8100, 0],
      [0x8100, 0xe000],
      [0x88a8, 0],
      [0x8100, 5],
    ].map(([protocol, control]) =>
      entering({ to: 'ff:ff:ff:ff:ff:ff', destination: '255.255.255.255', tags: [[protocol, control]] }),
    ),
  },
  'a priority tag does not make a port’s address the node’s, either': {
    options: WITH_ADDRESS,
    rules: [...RAW, ...MANGLE],
    entering: [BRIDGE_MAC, ...Object.values(PORTS)].map((to) =>
      entering({ to, destination: '10.0.0.1', tags: [[0x8100, 0]] }),
    ),
  },
  'a frame that ends within its VLAN tag goes nowhere': {
    options: WITHOUT,
    rules: [...RAW, ...MANGLE],
    entering: [0x8100, 0x88a8].flatMap((tag) =>
      [14, 16, 17, 18, 19, 20].map((size) => ({
        port: 'eth2',
        frame: entering({ tags: [[tag, 5]] }).frame.slice(0, size),
      })),
    ),
  },
  'nor does one that ends within its inner tag, or within the header of PPPoE': {
    options: WITHOUT,
    rules: [...RAW, ...MANGLE],
    entering: [
      ...[18, 20, 21, 22, 23, 26].map((size) => ({
        port: 'eth2',
        frame: entering({
          tags: [
            [0x88a8, 7],
            [0x8100, 5],
          ],
        }).frame.slice(0, size),
      })),
      ...[14, 15, 21, 22, 30].map((size) => {
        const { frame } = entering({})
        frame.set([0x88, 0x64], 12)
        return { port: 'eth2', frame: frame.slice(0, size) }
      }),
    ],
  },
  'RST to a packet that the port itself takes in goes by OUTPUT': {
    options: WITH_ADDRESS,
    rules: [
      '*filter',
      '-A INPUT -p tcp -j REJECT --reject-with tcp-reset',
      '-A INPUT -j REJECT',
      '-A OUTPUT -o br100',
      'COMMIT',
    ],
    entering: [6, 17].flatMap((protocol) =>
      ['01:80:c2:00:00:0e', BRIDGE_MAC].map((to) => entering({ protocol, to, destination: '10.0.0.1' })),
    ),
  },
  '0.0.0.2 is a source like any other; 0.0.0.0 is none': {
    options: WITH_ADDRESS,
    rules: [...MANGLE, '*filter', '-A INPUT -m addrtype --src-type BROADCAST', 'COMMIT'],
    entering: ['0.0.0.2', '0.0.0.0', '127.0.0.1', '240.0.0.1'].map((source) =>
      entering({ to: BRIDGE_MAC, source, destination: '10.0.0.1' }),
    ),
  },
  'REJECT answers whatever the destination is, if the frame was to one station': {
    options: WITH_ADDRESS,
    rules: REJECTING,
    entering: [
      '255.255.255.223',
      '240.0.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '10.0.0.255',
      '0.0.0.0',
    ].flatMap((destination) => [
      entering({ destination }),
      entering({ destination, to: 'ff:ff:ff:ff:ff:ff' }),
    ]),
  },
  'RST answers whatever the destination is, and whoever the frame was to': {
    options: WITH_ADDRESS,
    rules: ['*filter', '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset', 'COMMIT'],
    entering: [
      '255.255.255.223',
      '224.0.0.1',
      '255.255.255.255',
      '10.0.0.255',
      '10.0.0.9',
      '0.0.0.0',
    ].flatMap((destination) =>
      ['02:00:00:00:00:03', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01'].map((to) =>
        entering({ protocol: 6, destination, to }),
      ),
    ),
  },
  'an answer leaves when its packet came, not when the last one in its slot did': {
    options: WITH_ADDRESS,
    rules: REJECTING,
    entering: [entering({ tos: 1 }), entering({ tos: 2 }), entering({ tos: 4 })],
  },
  'the node does not answer in the name of 127.0.0.1': {
    options: WITH_ADDRESS,
    rules: [
      '*filter',
      '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
      '-A FORWARD -j REJECT',
      '-A OUTPUT -s 127.0.0.1',
      'COMMIT',
    ],
    entering: [6, 17, 1].map((protocol) => entering({ protocol, destination: '127.0.0.1' })),
  },
  'the node’s copy of a packet with options that it does not take goes no further than PREROUTING': {
    options: WITHOUT,
    rules: [...RAW, ...MANGLE],
    entering: [
      [1, 1, 1, 0],
      [148, 4, 0, 0],
      [131, 7, 4, 10, 0, 0, 1],
      [137, 7, 4, 10, 0, 0, 1],
      [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0],
      [7, 11, 3, 0, 0, 0, 0, 0, 0, 0, 0],
      [7, 200],
      [7],
      [68, 8, 5, 0, 0, 0, 0, 0],
      [68, 8, 4, 0, 0, 0, 0, 0],
      [148, 1],
      [99, 1],
      [99, 4, 0, 0],
    ].map((ipOptions) => entering({ to: 'ff:ff:ff:ff:ff:ff', destination: '255.255.255.255', ipOptions })),
  },
  'TCPMSS puts in the option where there is none, 536 at most': {
    options: WITHOUT,
    rules: segments(1000),
    entering: [[], [8, 200, 2, 4], [1, 1, 1], [2, 3, 5]].flatMap((tcpOptions) =>
      [0, 4].map((size) => entering({ protocol: 6, tcpOptions, payload: new Uint8Array(size) })),
    ),
  },
}
