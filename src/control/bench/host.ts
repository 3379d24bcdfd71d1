/**
 * What a host of a bench does: a process of its own, in the namespace of the host. It says `ready` where others have to
 * wait for that, and prints at its end what it has come to, as JSON.
 */
import { writeSync } from 'node:fs'
import { MICROSECONDS_PER_SECOND, stopwatch } from '../../core/clock.js'
import { loadNative } from '../../io/native.js'
import { copyMac, parseMac } from '../../wire/address.js'
import * as ethernet from '../../wire/ethernet.js'

/** What was sent: datagrams, or bytes of a stream. */
export interface Sent {
  sent: number
}

/** What has come, and the time from the first to the last. */
export interface Received {
  received: number
  seconds: number
}

/** Round trips of the pings that were answered, in microseconds. */
export interface Answered {
  trips: number[]
}

/** Whether the first frame has come. */
export interface Come {
  came: boolean
}

const DEEDS = {
  'send-datagrams': sendDatagrams,
  'count-datagrams': countDatagrams,
  'send-stream': sendStream,
  'count-stream': countStream,
  ping,
  'send-frames': sendFrames,
  'await-frame': awaitFrame,
} satisfies Record<string, (...words: string[]) => object>

/** What it can be asked to do. */
export type Deed = keyof typeof DEEDS

const STDOUT = 1
/** RFC 863. */
const DISCARD = 9
/** As short as an Ethernet frame can be: 60 bytes without FCS. */
const SMALL = 18
/** What has not been counted yet waits there: the counter is seldom the one that has to run. */
const COUNTER_ROOM = 8 << 20
/** As long as nothing comes it may still be under way; and how long to wait for the first. */
const [QUIET, UNTIL_FIRST] = [0.3 * MICROSECONDS_PER_SECOND, 3 * MICROSECONDS_PER_SECOND]
/** In milliseconds. A ping is lone where the one before has long come back. */
const [BETWEEN_PINGS, BETWEEN_FRAMES] = [20, 1]
/** The longest that a bridge may take to begin. */
const UNTIL_BEGUN = 60 * MICROSECONDS_PER_SECOND
const NOTHING_CAME = -11 // EAGAIN
const NANOSECONDS = 1000

const native = loadNative()

function sendDatagrams(address: string, seconds: string): Sent {
  const fd = native.openDatagrams(address, DISCARD, true, 0)
  const end = stopwatch() + Number(seconds) * MICROSECONDS_PER_SECOND
  let sent = 0
  // What the kernel refuses now and then (an ICMP error that has come back) was not sent, and nothing else.
  while (stopwatch() < end) sent += Math.max(0, native.sendDatagrams(fd, SMALL))
  return { sent }
}

function countDatagrams(address: string): Received {
  const fd = native.openDatagrams(address, DISCARD, false, COUNTER_ROOM)
  return count(() => native.receiveDatagrams(fd))
}

/** Nothing where there is no connection. */
function sendStream(address: string, seconds: string): Sent {
  let [fd, sent] = [-1, 0]
  try {
    fd = native.openStream(address, DISCARD, true)
  } catch {
    return { sent }
  }
  const end = stopwatch() + Number(seconds) * MICROSECONDS_PER_SECOND
  while (stopwatch() < end) sent += Math.max(0, native.sendStream(fd))
  return { sent }
}

function countStream(address: string): Received {
  const listening = native.openStream(address, DISCARD, false)
  let fd = -1
  return count(() => {
    if (fd < 0) fd = native.acceptStream(listening)
    return fd < 0 ? fd : native.receiveStream(fd)
  })
}

/** Takes in what comes until nothing comes any more. */
function count(receive: () => number): Received {
  say('ready')
  let [received, first, last] = [0, 0, 0]
  let end = stopwatch() + UNTIL_FIRST
  for (let now = stopwatch(); now < end; now = stopwatch()) {
    const came = receive()
    if (came === 0) break
    if (came === NOTHING_CAME) continue
    if (came < 0) throw new Error(`nothing can be received: errno ${-came}`)
    last = stopwatch()
    if (received === 0) first = last
    received += came
    end = last + QUIET
  }
  return { received, seconds: (last - first) / MICROSECONDS_PER_SECOND }
}

/** One at least. */
function ping(address: string, seconds: string): Answered {
  const fd = native.openPings(address)
  const end = stopwatch() + Number(seconds) * MICROSECONDS_PER_SECOND
  const trips: number[] = []
  for (let sequence = 1; sequence === 1 || stopwatch() < end; sequence++) {
    const took = native.pingOnce(fd, sequence)
    if (took >= 0) trips.push(took / NANOSECONDS)
    sleep(BETWEEN_PINGS)
  }
  return { trips }
}

/** For local experiments (IEEE 802): no host answers, and no iptables rule is asked about it. */
const EXPERIMENTAL = 0x88b5
/** What a packet socket has before each frame: struct virtio_net_hdr, all zero. */
const BEFORE_FRAME = 10
const FRAME_BYTES = 60

/** Sends a frame each millisecond, from when there is such a device until it is killed or its time is over. */
function sendFrames(device: string, to: string, from: string): Sent {
  const bytes = new Uint8Array(BEFORE_FRAME + FRAME_BYTES)
  copyMac(bytes, ethernet.destination(BEFORE_FRAME), parseMac(to)!, 0)
  copyMac(bytes, ethernet.source(BEFORE_FRAME), parseMac(from)!, 0)
  ethernet.setEtherType(bytes, BEFORE_FRAME, EXPERIMENTAL)
  const end = stopwatch() + UNTIL_BEGUN
  const fd = openWhenThere(device, end)
  let sent = 0
  while (stopwatch() < end) {
    sent += native.writeFrames(fd, bytes, new Int32Array(1), Int32Array.of(bytes.length), 1)
    sleep(BETWEEN_FRAMES)
  }
  return { sent }
}

/** Waits until such a frame comes by the device. */
function awaitFrame(device: string): Come {
  const end = stopwatch() + UNTIL_BEGUN
  const fd = openWhenThere(device, end)
  const bytes = new Uint8Array(1 << 16)
  while (stopwatch() < end) {
    native.waitReadable(Int32Array.of(fd), new Int32Array(1), BETWEEN_PINGS)
    const came = native.readFrames(fd, bytes, new Int32Array(1), Int32Array.of(bytes.length), 1)
    if (came === 1 && ethernet.etherType(bytes, BEFORE_FRAME) === EXPERIMENTAL) return { came: true }
  }
  return { came: false }
}

/** A packet socket on the device. */
function openWhenThere(device: string, end: number): number {
  say('ready')
  for (;;) {
    try {
      return native.openPacket(device)
    } catch (error) {
      if (stopwatch() > end) throw error
      sleep(BETWEEN_FRAMES)
    }
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function say(text: string): void {
  writeSync(STDOUT, `${text}\n`)
}

const [deed, ...words] = process.argv.slice(2)
const act = DEEDS[deed as Deed] as (...given: string[]) => object
say(JSON.stringify(act(...words)))
