/** `-j CT`: how a connection is tracked, or that it is not. Helpers, timeouts and zones are read and printed only. */
import type { TargetExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { wholeNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
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
    const parts = [
      given.has('notrack') ? '--notrack' : '',
      nameText(given, 'helper', LONGEST_HELPER),
      nameText(given, 'timeout', LONGEST_TIMEOUT),
      eventsText(given.option('ctevents'), EVENTS),
      eventsText(given.option('expevents'), ['new']),
      zoneText(given),
    ]
    const text = parts.filter((part) => part !== '').join(' ')
    if (given.has('notrack')) return { name: 'CT', text, start: () => doNotTrack }
    const asksForMore = ['helper', 'timeout', 'zone', 'zone-orig', 'zone-reply'].some((one) => given.has(one))
    return asksForMore ? { name: 'CT', text } : { name: 'CT', text, start: () => () => CONTINUE }
  },
}

/** Not checked: whether there is such a helper or timeout. The kernel refuses one that it does not know. */
function nameText(given: Given, option: string, longest: number): string {
  const name = given.value(option, '')
  if (Buffer.byteLength(name) > longest)
    throw new RuleError(`--${option} ${name}: expected at most ${longest} bytes`)
  if (/[\s"'\\]/.test(name))
    throw new RuleError(`--${option} ${name}: expected no space and no quotation mark`)
  if (name !== '' && given.protocol === 0)
    throw new RuleError(`--${option}: expected -p with a protocol in the rule`)
  return name === '' ? '' : `--${option} ${name}`
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
function zoneText(given: Given): string {
  const zones = given.options.filter(({ name }) => name.startsWith('zone'))
  if (zones.length === 0) return ''
  const { name, value } = given.oneOf('zone', 'zone-orig', 'zone-reply')
  const zone = value === 'mark' ? value : zoneNumber(value, name)
  return zone === 0 ? '' : `--${name} ${zone}`
}

function zoneNumber(text: string, option: string): number {
  const number = wholeNumber(text)
  if (number === null || number > 65_535)
    throw new RuleError(`--${option} ${text}: expected mark or a number from 0 to 65535`)
  return number
}
