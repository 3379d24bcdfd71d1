/** `-j CT`: how a connection is tracked, or that it is not. Which events are told is read and printed only. */
import { NEW, UNTRACKED } from '../conntrack/entry.js'
import { HELPERS } from '../conntrack/helpers.js'
import type { Template } from '../conntrack/templates.js'
import { ONLY_ORIGINAL, ONLY_REPLY } from '../conntrack/zone.js'
import type { TargetExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { wholeNumber } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { Runtime } from '../runtime.js'
import { CONTINUE } from '../verdict.js'
import { doNotTrack } from './notrack.js'

/** In the kernel's numbering (IPCT_…), which is also the order in which iptables-save prints them. */
const EVENTS = [
  'new',
  'related',
  'destroy',
  'reply',
  'assured',
  'protoinfo',
  'helper',
  'mark',
  'natseqinfo',
  'secmark',
]
const LONGEST_HELPER = 15
const LONGEST_TIMEOUT = 31

/** The CT target. */
export const ct: TargetExtension = {
  name: 'CT',
  tables: ['raw'],
  options: {
    notrack: { argument: null },
    helper: { argument: 'NAME' },
    timeout: { argument: 'NAME' },
    ctevents: { argument: 'EVENT[,EVENT …]' },
    expevents: { argument: 'new' },
    zone: { argument: 'NUMBER|mark' },
    'zone-orig': { argument: 'NUMBER|mark' },
    'zone-reply': { argument: 'NUMBER|mark' },
  },
  read(given) {
    const zone = parseZone(given)
    const helper = parseName(given, 'helper', LONGEST_HELPER)
    const timeout = parseName(given, 'timeout', LONGEST_TIMEOUT)
    const parts = [
      given.has('notrack') ? '--notrack' : '',
      helper === '' ? '' : `--helper ${helper}`,
      timeout === '' ? '' : `--timeout ${timeout}`,
      eventsText(given.option('ctevents'), EVENTS),
      eventsText(given.option('expevents'), ['new']),
      zone.id === 0 ? '' : `--${zone.option} ${zone.id}`,
    ]
    const text = parts.filter((part) => part !== '').join(' ')
    if (given.has('notrack')) return { name: 'CT', text, start: () => doNotTrack }
    return { name: 'CT', text, start: (runtime) => decide({ helper, timeout }, zone, runtime) }
  },
}

/** Which zone a packet is in; `mark`: that of its mark. */
interface Zone {
  option: string
  id: number | 'mark'
}

const SIDES: Readonly<Record<string, number>> = { 'zone-orig': ONLY_ORIGINAL, 'zone-reply': ONLY_REPLY }

/**
 * The first such rule decides. From then on, while the table raw is asked, the packet seems to begin a connection; that
 * it has the mark of a connection too, which other rules of raw can ask for and change, is left out.
 */
function decide(given: Template, { option, id }: Zone, runtime: Runtime): (packet: Packet) => number {
  const { connections } = runtime
  if (connections === null) return () => CONTINUE
  const template = connections.templates.add(given)
  if (given.helper !== '' && !HELPERS.includes(given.helper)) warnOf(given.helper, runtime)
  const side = SIDES[option] ?? 0
  const word = id === 'mark' || id === 0 ? 0 : (id << 16) | side
  return (packet) => {
    if (packet.connection !== 0 || packet.template !== 0 || packet.connectionState === UNTRACKED)
      return CONTINUE
    packet.template = template
    packet.zone = id === 'mark' ? (packet.mark << 16) | side : word
    packet.connectionState = NEW
    return CONTINUE
  }
}

/** What others than FTP and TFTP announce is not understood here: they are only names. Said once of each. */
function warnOf(helper: string, { shared, log }: Runtime): void {
  shared(`CT helper ${helper}`, () => {
    log(`CT --helper ${helper}: connections that it would expect are not known as RELATED`)
    return true
  })
}

/** Not checked: whether there is such a helper or timeout. The kernel refuses one that it does not know. */
function parseName(given: Given, option: string, longest: number): string {
  const name = given.value(option, '')
  if (Buffer.byteLength(name) > longest)
    throw new RuleError(`--${option} ${name}: expected at most ${longest} bytes`)
  if (/[\s"'\\]/.test(name))
    throw new RuleError(`--${option} ${name}: expected no space and no quotation mark`)
  if (name !== '' && given.protocol === 0)
    throw new RuleError(`--${option}: expected -p with a protocol in the rule`)
  return name
}

function eventsText(option: GivenOption | null, known: readonly string[]): string {
  if (option === null) return ''
  const events = option.value.split(',')
  const unknown = events.find((event) => !known.includes(event))
  if (unknown !== undefined)
    throw new RuleError(`--${option.name} ${unknown}: expected one of ${known.join(', ')}`)
  return `--${option.name} ${known.filter((event) => events.includes(event)).join(',')}`
}

/** One of the options only: iptables takes several and makes one of them, with the number of the last. */
function parseZone(given: Given): Zone {
  if (!given.options.some(({ name }) => name.startsWith('zone'))) return { option: '', id: 0 }
  const { name, value } = given.oneOf('zone', 'zone-orig', 'zone-reply')
  return { option: name, id: value === 'mark' ? value : zoneNumber(value, name) }
}

function zoneNumber(text: string, option: string): number {
  const number = wholeNumber(text)
  if (number === null || number > 65_535)
    throw new RuleError(`--${option} ${text}: expected mark or a number from 0 to 65535`)
  return number
}
