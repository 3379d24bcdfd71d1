/**
 * The pcapng file that packets of `-j NFLOG` go to: an interface `nflog:GROUP` for each group, as those are called
 * that tcpdump and Wireshark listen on, with the messages that the kernel would send it.
 */
import { SINK_BYTES } from '../io/byte-sink.js'
import { NFLOG } from '../io/link-type.js'
import { PcapngWriter } from '../io/pcapng-writer.js'
import { LONGEST_MESSAGE, writeNflogMessage } from '../netfilter/nflog-message.js'
import type { Runtime } from '../netfilter/runtime.js'
import type { Arena } from '../packet/arena.js'
import type { CurrentPacket } from './judge.js'

/** Memory that such a file reserves, alignment included. */
export const NFLOG_BYTES = SINK_BYTES + LONGEST_MESSAGE + 64

/** A file that is being written. */
export interface NflogFile {
  /** For `Effects.nflog`. */
  nflog: Runtime['nflog']
  close(): void
}

/**
 * Begins the file. Interfaces have no numbers in a capture: the bridge is 1 in it and its ports follow, as the
 * description of each group says. System errors are thrown as they come.
 */
export function createNflogFile(
  path: string,
  arena: Arena,
  bridge: string,
  portNames: readonly string[],
  current: CurrentPacket,
): NflogFile {
  const { memory, seconds, nanoseconds } = arena
  const writer = new PcapngWriter(path, memory)
  const message = memory.reserve(LONGEST_MESSAGE)
  const groups = new Map<number, number>()

  function interfaceOf(group: number): number {
    const known = groups.get(group)
    if (known !== undefined) return known
    const names = [bridge, ...portNames].map((name, i) => `${i + 1} ${name}`)
    const added = writer.addInterface(`nflog:${group}`, NFLOG, `interfaces: ${names.join(', ')}`)
    groups.set(group, added)
    return added
  }

  return {
    nflog(packet, group, prefix, size) {
      const { slot } = current
      const length = writeNflogMessage(memory.bytes, message, packet, {
        group,
        prefix,
        size,
        seconds: seconds[slot],
        microseconds: Math.floor(nanoseconds[slot] / 1000),
        indexOf: (name) => (name === bridge ? 1 : portNames.indexOf(name) + 2),
      })
      writer.write(interfaceOf(group), message, length, length, seconds[slot], nanoseconds[slot])
    },
    close: () => writer.close(),
  }
}
