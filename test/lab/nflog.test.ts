/**
 * What `-j NFLOG` sends: the kernel's messages as tcpdump hears them at `nflog:5`, and ours as tshark reads them
 * from the file. They are equal but for the numbers of interfaces, for the time, and for how the kernel numbers what
 * the node itself sends.
 */
import t from 'tap'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { needs, run } from '../tools.js'
import { BRIDGE, PORTS } from './bridge-under-test.js'
import type { BridgeOptions, Entering } from './bridge-under-test.js'
import { needsKernelBridge, withKernelBridge } from './kernel-bridge.js'
import { ourBridge } from './our-bridge.js'
import { packetsFor } from './packets-for-rules.js'
import { Random } from './random.js'
import { temporaryFolder } from './temporary.js'
import { NEIGHBOURS } from './values.js'

const FRAMES = 150
/** Milliseconds after which the kernel has handed over what it gathers for a listener, with time to spare. */
const GATHERED = 1500
/**
 * Frames sent before tcpdump gets a pause, of so many milliseconds: the kernel forgets what does not fit into a
 * listener's socket, which is about 25 blocks of 4 KiB.
 */
const BATCH = 15
const PAUSE = 30
const PATIENCE = 30_000

const RULES = `*raw
-A PREROUTING -j NFLOG --nflog-group 5 --nflog-prefix "raw PREROUTING: "
-A OUTPUT -j NFLOG --nflog-group 5 --nflog-prefix "the node's own"
COMMIT
*mangle
-A FORWARD -p udp -j MARK --set-mark 0x80000007
-A FORWARD -j NFLOG --nflog-group 5 --nflog-prefix forward --nflog-size 30
-A INPUT -j NFLOG --nflog-group 5 --nflog-size 0
-A POSTROUTING -j NFLOG --nflog-group 5 --nflog-prefix ${'p'.repeat(63)} --nflog-threshold 1
-A POSTROUTING -j NFLOG --nflog-group 6
COMMIT
*filter
-A INPUT -m mark ! --mark 0 -j NFLOG --nflog-group 5 --nflog-prefix marked
-A FORWARD -p tcp -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -j NFLOG --nflog-group 5 --nflog-range 40
COMMIT
`

/** NFULA_…: when, the four interfaces, and the datagram. */
const TIMESTAMP = 3
const INTERFACES = new Set([4, 5, 6, 7])
const PAYLOAD = 9
const NODE = '0a000001'

/** A message as a line: its attributes in their order, interfaces by name, of a time only that it is there. */
function lineOf(message: Buffer, names: ReadonlyMap<number, string>): string {
  const parts = [message.toString('hex', 0, 4)]
  for (let at = 4; at < message.length;) {
    const length = message.readUInt16LE(at)
    const type = message.readUInt16LE(at + 2)
    const value = message.subarray(at + 4, at + length)
    if (type === PAYLOAD && value.toString('hex', 12, 16) === NODE) forgetIdentification(value)
    const text = INTERFACES.has(type) ? names.get(value.readUInt32BE()) : value.toString('hex')
    parts.push(`${type}=${type === TIMESTAMP ? value.length : text}`)
    at += (length + 3) & ~3
  }
  return parts.join(' ')
}

/** The kernel numbers what the node sends at random. */
function forgetIdentification(datagram: Buffer): void {
  datagram.fill(0, 4, 6)
  datagram.fill(0, 10, 12)
}

/** The records of a capture, as the program editcap makes it pcap. */
function messagesOf(path: string): Buffer[] {
  const pcap = `${path}.pcap`
  run('editcap', '-F', 'pcap', path, pcap)
  const b = readFileSync(pcap)
  const messages: Buffer[] = []
  for (let at = 24; at < b.length;) {
    const length = b.readUInt32LE(at + 8)
    messages.push(b.subarray(at + 16, at + 16 + length))
    at += 16 + length
  }
  return messages
}

async function kernelLines(options: BridgeOptions, entering: readonly Entering[]): Promise<string[]> {
  return withKernelBridge(options, async (bridge) => {
    const path = join(temporaryFolder(), 'kernel.nflog')
    bridge.load(RULES)
    const tcpdump = bridge.spawn('tcpdump', '-Z', 'root', '-i', 'nflog:5', '-U', '-w', path)
    const impatience = setTimeout(() => tcpdump.kill('SIGKILL'), PATIENCE)
    const ended = once(tcpdump, 'close')
    try {
      await once(tcpdump.stderr!, 'data') // it listens
      for (const batch of batchesOf(entering)) {
        await bridge.run(batch)
        await sleep(PAUSE)
      }
      await isQuiet(path)
    } finally {
      tcpdump.kill('SIGINT')
      await ended
      clearTimeout(impatience)
    }
    const links = bridge.spawn('ip', '-o', 'link')
    const text = Buffer.concat(await links.stdout!.toArray()).toString()
    const names = new Map(
      [...text.matchAll(/^(\d+): ([^:@]+)/gm)].map(([, index, name]) => [Number(index), name]),
    )
    return messagesOf(path).map((message) => lineOf(message, names))
  })
}

function batchesOf(entering: readonly Entering[]): Entering[][] {
  const count = Math.ceil(entering.length / BATCH)
  return Array.from({ length: count }, (_, i) => entering.slice(i * BATCH, (i + 1) * BATCH))
}

/** Waits until nothing has been written for a while. */
async function isQuiet(path: string): Promise<void> {
  for (let before = -1, now = 0; now !== before; now = statSync(path).size) {
    before = now
    await sleep(GATHERED)
  }
}

async function ourLines(options: BridgeOptions, entering: readonly Entering[]): Promise<string[]> {
  const path = join(temporaryFolder(), 'ours.pcapng')
  const bridge = ourBridge(options, 'compiled', path)
  bridge.load(RULES)
  await bridge.run(entering)
  const filtered = `${path}.5`
  run('tshark', '-r', path, '-Y', 'frame.interface_name == "nflog:5"', '-w', filtered)
  const names = new Map([BRIDGE, ...Object.keys(PORTS)].map((name, i) => [i + 1, name]))
  return messagesOf(filtered).map((message) => lineOf(message, names))
}

t.setTimeout(120_000)
t.test("NFLOG: the kernel's messages and ours", async (t) => {
  if (!needsKernelBridge(t) || !needs(t, 'tcpdump', 'tshark', 'editcap')) return
  for (const options of [{ address: '10.0.0.1/24', neighbours: NEIGHBOURS }, { address: null }]) {
    const entering = packetsFor(new Random(5), RULES.split('\n'), FRAMES)
    const theirs = await kernelLines(options, entering)
    const ours: string[] = []
    for (const batch of batchesOf(entering)) ours.push(...(await ourLines(options, batch)))
    t.ok(theirs.length > 2 * FRAMES, `${theirs.length} messages, address ${options.address}`)
    t.strictSame(ours.toSorted(), theirs.toSorted())
  }
})
