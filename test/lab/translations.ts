/** What lies between the two who talk in translated-sessions.ts: rules of the table nat, and how each sees the other. */
import type { Random } from './random.js'

/** Addresses by which the ends know one another; ports are the same on both sides but for the server's. */
export interface Translation {
  rules: readonly string[]
  clientSeen: string
  serverSeen: string
  /** Of FTP, as the client has it. */
  port: number
  /** By which the client knows the server where that begins a connection for data; none: by the same. */
  senderSeen?: string
}

/** The two, and the port that the server listens at. */
export const [CLIENT_ADDRESS, SERVER_ADDRESS, CONTROL] = ['10.0.0.2', '10.0.0.3', 21]

const SNAT = (to: string): string => `-A POSTROUTING -s ${CLIENT_ADDRESS} -j SNAT --to-source ${to}`
const DNAT = (from: string): string => `-A PREROUTING -d ${from} -j DNAT --to-destination ${SERVER_ADDRESS}`
const NOTHING = { rules: [], clientSeen: CLIENT_ADDRESS, serverSeen: SERVER_ADDRESS, port: CONTROL }

/** As long as the client's own address, longer, much longer, shorter. */
const CLIENTS = ['10.0.0.9', '10.0.0.140', '192.168.100.200', '1.2.3.4']
const SERVERS = ['10.0.0.8', '10.0.0.130', '1.2.3.5']

/** One of them. The node's address is 10.0.0.1. */
export function translation(random: Random): Translation {
  const client = random.pick(CLIENTS)
  const server = random.pick(SERVERS)
  return random.pick<Translation>([
    { ...NOTHING, rules: [SNAT(client)], clientSeen: client },
    { ...NOTHING, rules: [SNAT(client)], clientSeen: client },
    { ...NOTHING, rules: [DNAT(server)], serverSeen: server },
    { ...NOTHING, rules: [DNAT(server)], serverSeen: server },
    { ...NOTHING, rules: [DNAT(server), SNAT(client)], clientSeen: client, serverSeen: server },
    {
      ...NOTHING,
      rules: [`-A POSTROUTING -s ${CLIENT_ADDRESS} -j MASQUERADE`],
      clientSeen: '10.0.0.1',
    },
    {
      ...NOTHING,
      rules: [
        `-A PREROUTING -p tcp -m tcp --dport 2121 -j DNAT --to-destination ${SERVER_ADDRESS}:${CONTROL}`,
      ],
      port: 2121,
    },
    // The session is as it is, what it announces is translated by rules.
    {
      ...NOTHING,
      rules: [`-A POSTROUTING -p tcp -m tcp --sport 20 -j SNAT --to-source ${client}`],
      senderSeen: client,
    },
    NOTHING,
  ])
}
