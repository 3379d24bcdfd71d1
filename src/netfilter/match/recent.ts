/** `-m recent`: addresses seen lately, in lists that rules share by name. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { Runtime } from '../runtime.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'
import * as ipv4 from '../../wire/ipv4.js'
import { HZ, jiffiesAt } from './jiffies.js'
import { RecentList } from './recent-list.js'
import { checkSharedName } from './shared-name.js'

const GREATEST_SECONDS = 0xffffffff
const GREATEST_HITS = 65_535
const LONGEST_NAME = 199
const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const
type Action = (typeof ACTIONS)[number]

/** What a rule asks of its list. */
interface Question {
  action: Action
  negated: boolean
  /** 0: however long ago. */
  seconds: number
  /** 0: once. */
  hits: number
  reap: boolean
  /** Only packets that came with the same TTL. */
  sameTtl: boolean
  byDestination: boolean
  list: string
  mask: number
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
    const { name, negated } = given.oneOf(...ACTIONS)
    const sides = given.options.filter((option) => option.name === 'rsource' || option.name === 'rdest')
    const question: Question = {
      action: name as Action,
      negated,
      seconds: given.number('seconds', 1, GREATEST_SECONDS, 0),
      hits: given.number('hitcount', 0, GREATEST_HITS, 0),
      reap: given.has('reap'),
      sameTtl: given.has('rttl'),
      byDestination: sides.at(-1)?.name === 'rdest',
      list: given.value('name', 'DEFAULT'),
      mask: parseMask(given.option('mask')),
    }
    check(question, given)
    return { name: 'recent', text: textOf(question), start: (runtime) => decide(question, runtime) }
  },
}

function check({ action, seconds, hits, reap, sameTtl, list }: Question, given: Given): void {
  checkSharedName(list, '--name', LONGEST_NAME)
  if (reap && !given.has('seconds')) throw new RuleError('--reap: expected --seconds with it')
  if ((action === 'set' || action === 'remove') && (seconds > 0 || hits > 0 || sameTtl))
    throw new RuleError(`--${action}: expected no --seconds, --hitcount, --reap and --rttl with it`)
}

/** Any bits of an address. */
function parseMask(given: GivenOption | null): number {
  if (given === null) return 0xffffffff
  const mask = parseIpv4(given.value)
  if (mask === null) throw new RuleError(`--mask ${given.value}: expected a mask such as 255.255.255.0`)
  return mask
}

function textOf(question: Question): string {
  const { action, negated, seconds, hits, reap, sameTtl, byDestination, list, mask } = question
  const parts = [
    `${negated ? '! ' : ''}--${action}`,
    ...(seconds === 0 ? [] : [`--seconds ${seconds}`]),
    ...(reap ? ['--reap'] : []),
    ...(hits === 0 ? [] : [`--hitcount ${hits}`]),
    ...(sameTtl ? ['--rttl'] : []),
    `--name ${list} --mask ${formatIpv4(mask)}`,
    byDestination ? '--rdest' : '--rsource',
  ]
  return parts.join(' ')
}

/** As recent_mt: of a list that several rules name, the mask is that of the first. */
function decide(question: Question, runtime: Runtime): (packet: Packet) => boolean {
  const { action, negated, hits, reap, sameTtl, byDestination } = question
  const list = runtime.shared(`recent ${question.list}`, () => new RecentList(question.mask))
  list.remember(hits)
  // The product is 32 bits wide: a very long time is a shorter one.
  const age = (question.seconds * HZ) % 2 ** 32
  const anyAge = question.seconds === 0
  return (packet) => {
    const address = ((byDestination ? packet.destination : packet.source) & list.mask) >>> 0
    const ttl = ttlOf(packet)
    const now = jiffiesAt(packet.now)
    const entry = list.find(address, sameTtl ? ttl : 0)
    if (action === 'set') {
      if (entry === -1) list.add(address, ttl, now)
      else list.touch(entry, ttl, now)
      return !negated
    }
    if (entry === -1) return negated
    if (action === 'remove') {
      list.remove(entry)
      return !negated
    }
    const since = anyAge ? -Infinity : now - age
    const holds = list.countsSince(entry, since, hits) !== negated
    const updates = action === 'update' && holds
    if (reap) list.reap(since, updates ? entry : -1)
    if (updates) list.touch(entry, ttl, now)
    return holds
  }
}

/** As it was before this node forwarded the packet, which the kernel takes to have happened where it goes out. */
function ttlOf(packet: Packet): number {
  const isForwarded = packet.outInterface !== '' && packet.frame !== -1
  return (ipv4.ttl(packet.bytes, packet.l3) + (isForwarded ? 1 : 0)) & 0xff
}
