/** `-j TTL`: sets, raises or lowers the hops left. */
import type { TargetExtension } from '../extension.js'
import { CONTINUE } from '../verdict.js'
import * as ipv4 from '../../wire/ipv4.js'

const GREATEST = 255

/** The TTL target. */
export const ttl: TargetExtension = {
  name: 'TTL',
  tables: ['mangle'],
  options: {
    'ttl-set': { argument: '0-255' },
    'ttl-dec': { argument: '1-255' },
    'ttl-inc': { argument: '1-255' },
  },
  read(given) {
    const { name } = given.oneOf('ttl-set', 'ttl-dec', 'ttl-inc')
    const number = given.number(name, name === 'ttl-set' ? 0 : 1, GREATEST, 0)
    const newTtl = changeOf(name, number)
    return {
      name: 'TTL',
      text: `--${name} ${number}`,
      start: () => (packet) => {
        const { bytes, l3 } = packet
        const was = ipv4.ttl(bytes, l3)
        const becomes = newTtl(was)
        if (becomes !== was) ipv4.replaceTtl(bytes, l3, becomes)
        return CONTINUE
      },
    }
  },
}

/** Stops at the ends, as ttl_tg does. A TTL of 0 does not drop the packet here. */
function changeOf(name: string, number: number): (ttl: number) => number {
  switch (name) {
    case 'ttl-inc':
      return (was) => Math.min(was + number, GREATEST)
    case 'ttl-dec':
      return (was) => Math.max(was - number, 0)
    default:
      return () => number
  }
}
