import t from 'tap'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { folderFor } from '../captures.js'
import { needs } from '../tools.js'
import { readCapture, rowsOf, tsharkRows } from './files.js'

const DATAGRAMS = 3

/** Loopback is Ethernet to a capture; dumpcap needs root to listen there. */
t.test('a pcapng file that dumpcap makes reads as tshark reads it', async (t) => {
  if (!needs(t, 'dumpcap', 'tshark')) return
  if (process.getuid?.() !== 0)
    return t.plan(0, 'not root: dumpcap cannot capture, this comparison did not run')
  const path = join(folderFor(t), 'lo.pcapng')
  const receiver = createSocket('udp4').bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address()
  const options = [
    '-q',
    '-i',
    'lo',
    '-f',
    `udp dst port ${port}`,
    '-c',
    String(DATAGRAMS),
    '-a',
    'duration:20',
    '-w',
    path,
  ]
  const dumpcap = spawn('dumpcap', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(dumpcap, 'exit')
  await once(dumpcap.stderr, 'data') // it says that it listens
  const sender = createSocket('udp4')
  const sending = setInterval(() => sender.send('br100', port, '127.0.0.1'), 50)
  await ended
  clearInterval(sending)
  sender.close()
  receiver.close()
  const capture = await readCapture(path)
  t.equal(capture.records.length, DATAGRAMS)
  t.equal(capture.interfaces[0].name, 'lo')
  t.same(rowsOf(capture), tsharkRows(path))
})
