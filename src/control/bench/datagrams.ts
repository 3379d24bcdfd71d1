/**
 * One end of a flood of datagrams: a process of its own, in the namespace of a host.
 *
 *   send ADDRESS PORT SECONDS BYTES     sends as fast as it can; prints { "sent": … }
 *   count ADDRESS PORT SECONDS          says that it listens, counts until nothing comes any more or nothing has come for
 *                                       so long; prints { "received": …, "seconds": … }, the time from the first to the last
 */
import { writeSync } from 'node:fs'
import { MICROSECONDS_PER_SECOND, stopwatch } from '../../core/clock.js'
import { loadNative } from '../../io/native.js'

const STDOUT = 1
/** What has not been counted yet waits there: the counter is seldom the one that has to run. */
const COUNTER_ROOM = 8 << 20
/** As long as nothing comes it may still be under way. */
const QUIET = 0.3 * MICROSECONDS_PER_SECOND
const NOTHING_CAME = -11 // EAGAIN

const native = loadNative()
const [how, address, port, seconds, bytes] = process.argv.slice(2)
const time = Number(seconds) * MICROSECONDS_PER_SECOND

function send(): Record<string, number> {
  const fd = native.openDatagrams(address, Number(port), true, 0)
  const end = stopwatch() + time
  const length = Number(bytes)
  let sent = 0
  // What the kernel refuses now and then (an ICMP error that has come back) was not sent, and nothing else.
  while (stopwatch() < end) sent += Math.max(0, native.sendDatagrams(fd, length))
  return { sent }
}

function count(): Record<string, number> {
  const fd = native.openDatagrams(address, Number(port), false, COUNTER_ROOM)
  writeSync(STDOUT, 'listening\n')
  let [received, first, last] = [0, 0, 0]
  let end = stopwatch() + time
  for (let now = stopwatch(); now < end; now = stopwatch()) {
    const came = native.receiveDatagrams(fd)
    if (came < 0 && came !== NOTHING_CAME) throw new Error(`recvmmsg: errno ${-came}`)
    if (came <= 0) continue
    last = stopwatch()
    if (received === 0) first = last
    received += came
    end = last + QUIET
  }
  return { received, seconds: (last - first) / MICROSECONDS_PER_SECOND }
}

writeSync(STDOUT, `${JSON.stringify(how === 'send' ? send() : count())}\n`)
