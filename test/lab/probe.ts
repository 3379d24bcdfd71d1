/**
 * A program that asks for echoes in anybody's name, through the kernel's own stack of the host that it runs on:
 *
 *   node probe.js SOURCE DESTINATION COUNT        prints `3 sent, 3 answered`
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import raw from 'raw-socket'
import { parseIpv4 } from '../../src/wire/address.js'
import { payload as behindEthernet } from '../../src/wire/ethernet.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import { draftOf, frameOf } from './draft.js'

const IDENTIFIER = process.pid & 0xffff
const [ECHO, ECHO_REPLY] = [8, 0]
/** Milliseconds between two, and for the last one to be answered. */
const [APART, PATIENCE] = [20, 1000]

const [source = '', destination = '', count = ''] = process.argv.slice(2)
const destinationNumber = parseIpv4(destination)
assert(parseIpv4(source) !== null && destinationNumber !== null && Number(count) > 0)

// A socket that nobody refers to is collected, and hears nothing more.
const socket = raw.createSocket({ protocol: raw.Protocol.ICMP, bufferSize: 65_536 })
const yes = Buffer.from(Int32Array.of(1).buffer)
socket.setOption(raw.SocketLevel.IPPROTO_IP, raw.SocketOption.IP_HDRINCL, yes, yes.length)
let answered = 0
socket.on('message', (b: Buffer) => {
  const at = ipv4.payload(b, 0)
  const isReply = icmp.type(b, at) === ECHO_REPLY && icmp.identifier(b, at) === IDENTIFIER
  if (isReply && ipv4.source(b, 0) === destinationNumber) answered++
})

for (let i = 0; i < Number(count); i++) {
  const draft = draftOf({ source, destination, protocol: icmp.PROTOCOL, type: ECHO, identifier: IDENTIFIER })
  const packet = Buffer.from(frameOf(draft).subarray(behindEthernet(0)))
  await new Promise<void>((resolve, reject) =>
    socket.send(packet, 0, packet.length, destination, (error) => (error ? reject(error) : resolve())),
  )
  await sleep(APART)
}
for (let waited = 0; waited < PATIENCE && answered < Number(count); waited += APART) await sleep(APART)
process.stdout.write(`${count} sent, ${answered} answered\n`)
socket.close()
