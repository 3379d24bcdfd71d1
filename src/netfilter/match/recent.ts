/** `-m recent`: remembers addresses in lists, and asks whether one was seen lately. */
import type { MatchExtension } from '../extension.js'
import type { Given } from '../given.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { quote } from '../words.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'
import * as ipv4 from '../../wire/ipv4.js'
import { HZ, jiffies } from './jiffies.js'
import { RecentTable } from './recent-table.js'

const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const
type Action = (typeof ACTIONS)[number]
const DEFAULT_NAME = 'DEFAULT'
const LONGEST_NAME = 199
/** Times that are remembered of each address: so many at most, and where no rule counts them. */
const [DEEPEST, DEFAULT_DEPTH] = [65_535, 32]

/** What a rule says. */
interface Recent {
  action: Action
  negated: boolean
  name: string
  mask: number
  isDestination: boolean
  /** 0 = at any time. */
  seconds: number
  /** 0 is as 1. */
  hitcount: number
  /** Only with the TTL with which it was seen. */
  rttl: boolean
  /** Whoever is found to be seen longest ago, and not in `seconds`, is forgotten. */
  reap: boolean
}

/** The recent match. */
export const recent: MatchExtension = {
  name: 'recent',
  options: {
    set: { argument: null, negatable: true },
    rcheck: { argument: null, negatable: true },
    update: { argument: null, negatable: true },
    remove: { argument: null, negatable: true },
    seconds: { argument: 'SECONDS' },
    reap: { argument: null },
    hitcount: { argument: 'HITS' },
    rttl: { argument: null },
    name: { argument: 'NAME' },
    mask: { argument: 'MASK' },
    rsource: { argument: null },
    rdest: { argument: null },
  },
  read(given) {
    const asked = readRecent(given)
    checkRecent(asked)
    return {
      name: 'recent',
      text: saveRecent(asked),
      start: (runtime) => {
        const table = runtime.shared(`recent ${asked.name}`, () => new RecentTable(asked.mask))
        table.deepen(depthFor(asked.hitcount))
        return decide(table, asked)
      },
    }
  },
}

function readRecent(given: Given): Recent {
  const action = given.oneOf(...ACTIONS)
  const side = given.options.findLast(({ name }) => name === 'rsource' || name === 'rdest')
  return {
    action: action.name as Action,
    negated: action.negated,
    name: readName(given.value('name', DEFAULT_NAME)),
    mask: readMask(given.value('mask', '255.255.255.255')),
    isDestination: side?.name === 'rdest',
    seconds: given.number('seconds', 1, 0xffffffff, 0),
    hitcount: given.number('hitcount', 0, DEEPEST, 0),
    rttl: given.has('rttl'),
    reap: given.has('reap'),
  }
}

/** The kernel makes a file of it. */
function readName(name: string): string {
  const length = Buffer.byteLength(name)
  if (length === 0 || length > LONGEST_NAME || /^\.\.?$|\//.test(name))
    throw new RuleError(`--name ${name}: expected a file's name of 1-${LONGEST_NAME} bytes`)
  return name
}

function readMask(text: string): number {
  const mask = parseIpv4(text)
  if (mask === null) throw new RuleError(`--mask ${text}: expected a mask, 255.255.255.0`)
  return mask
}

function checkRecent({ action, seconds, hitcount, rttl, reap }: Recent): void {
  const asks = action === 'rcheck' || action === 'update'
  if (!asks && (seconds !== 0 || hitcount !== 0 || rttl || reap))
    throw new RuleError(`--${action}: expected no --seconds, --hitcount, --rttl and --reap`)
  if (reap && seconds === 0) throw new RuleError('--reap: expected --seconds too')
}

function saveRecent(asked: Recent): string {
  const parts = [
    `${asked.negated ? '! ' : ''}--${asked.action}`,
    ...(asked.seconds === 0 ? [] : [`--seconds ${asked.seconds}`]),
    ...(asked.hitcount === 0 ? [] : [`--hitcount ${asked.hitcount}`]),
    ...(asked.rttl ? ['--rttl'] : []),
    ...(asked.reap ? ['--reap'] : []),
    `--name ${quote(asked.name)} --mask ${formatIpv4(asked.mask)}`,
    asked.isDestination ? '--rdest' : '--rsource',
  ]
  return parts.join(' ')
}

/** The next power of two, as the kernel has it. */
function depthFor(hitcount: number): number {
  return hitcount === 0 ? DEFAULT_DEPTH : 2 ** Math.ceil(Math.log2(hitcount))
}

/** As recent_mt. */
function decide(table: RecentTable, asked: Recent): (packet: Packet) => boolean {
  const { action, isDestination, negated, rttl } = asked
  const ask = asksFor(table, asked)
  return (packet) => {
    const ttl = ttlOf(packet)
    const address = ((isDestination ? packet.destination : packet.source) & table.mask) >>> 0
    const slot = table.find(address, rttl ? ttl : 0)
    const now = jiffies(packet.now)
    if (action === 'set') {
      if (slot === -1) table.add(address, ttl, now)
      else table.update(slot, ttl, now)
      return !negated
    }
    if (slot === -1) return negated
    if (action === 'remove') {
      table.remove(slot)
      return !negated
    }
    return ask(slot, ttl, now)
  }
}

/** What `--rcheck` and `--update` do with an address that is in the list; update counts it if the match holds. */
function asksFor(table: RecentTable, asked: Recent): (slot: number, ttl: number, now: number) => boolean {
  const { action, negated, hitcount, reap } = asked
  // The kernel multiplies in 32 bits: more than 198 days come out as less.
  const ticks = asked.seconds === 0 ? Infinity : (asked.seconds * HZ) >>> 0
  return (slot, ttl, now) => {
    const holds = table.wasSeen(slot, now - ticks, hitcount) !== negated
    const updates = action === 'update' && holds
    if (reap) table.reap(now - ticks, updates ? slot : -1)
    if (updates) table.update(slot, ttl, now)
    return holds
  }
}

/** As it was before forwarding: the kernel adds one wherever an interface to leave by is known. */
function ttlOf(packet: Packet): number {
  const ttl = ipv4.ttl(packet.bytes, packet.l3)
  return packet.outInterface !== '' && packet.frame !== -1 ? (ttl + 1) & 0xff : ttl
}
