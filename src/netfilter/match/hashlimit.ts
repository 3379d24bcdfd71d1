/** `-m hashlimit`: as limit, for each address or port on its own. Rules share their tables by name. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { Runtime } from '../runtime.js'
import { bytesOf, formatBytes, formatRateOfBytes, parseBytes, parseRateOfBytes } from './byte-rate.js'
import { HashLimit } from './hashlimit-table.js'
import type { HashLimitTable } from './hashlimit-table.js'
import { byteCostOf, creditOf } from './meter.js'
import type { Metering } from './meter.js'
import { formatRate, parseRate } from './packet-rate.js'
import { checkSharedName } from './shared-name.js'

/** Rates are held in millionths of a second (XT_HASHLIMIT_SCALE_v2). */
const SCALE = 1_000_000
const GREATEST = 0xffffffff
const DEFAULT_BURST = 5
const GREATEST_BURST = 1_000_000
const GREATEST_INTERVAL = 0x7fffffff
const LONGEST_NAME = 254
const GC_INTERVAL = 1000
/** Milliseconds after which an entry of a rate in bytes is forgotten, without and with a burst. */
const [BYTES_EXPIRE, BURST_EXPIRE] = [15_000, 60_000]
/** The kernel's own bound of tables (HASHLIMIT_MAX_SIZE). */
const MOST_ENTRIES = 1_048_576
/** As iptables-save prints them. */
const MODES = ['srcip', 'srcport', 'dstip', 'dstport']
const RATES = ['hashlimit-upto', 'hashlimit-above'] as const

/** The hashlimit match. */
export const hashlimit: MatchExtension = {
  name: 'hashlimit',
  options: {
    'hashlimit-upto': { argument: 'RATE', negatable: true, aliases: ['hashlimit'] },
    'hashlimit-above': { argument: 'RATE', negatable: true },
    'hashlimit-burst': { argument: 'NUMBER' },
    'hashlimit-mode': { argument: `${MODES.join('|')}[,…]` },
    'hashlimit-srcmask': { argument: 'LENGTH' },
    'hashlimit-dstmask': { argument: 'LENGTH' },
    'hashlimit-name': { argument: 'NAME' },
    'hashlimit-htable-size': { argument: 'NUMBER' },
    'hashlimit-htable-max': { argument: 'NUMBER' },
    'hashlimit-htable-gcinterval': { argument: 'MILLISECONDS' },
    'hashlimit-htable-expire': { argument: 'MILLISECONDS' },
    'hashlimit-rate-match': { argument: null },
    'hashlimit-rate-interval': { argument: 'SECONDS' },
  },
  read(given) {
    const { name, value } = given.oneOf('hashlimit-name')
    checkSharedName(value, `--${name}`, LONGEST_NAME)
    const { name: kind, negated } = given.oneOf(...RATES)
    const isAbove = (kind === 'hashlimit-above') !== negated
    const rate = readRate(given)
    const table = readTable(given, rate)
    return {
      name: 'hashlimit',
      text: `--hashlimit-${isAbove ? 'above' : 'upto'} ${rate.text} ${tableText(given, value, table, rate)}`,
      start: (runtime) => decide(value, table, rate.metering, isAbove, runtime),
    }
  },
}

/** What a rule says of its rate. */
interface Rate {
  metering: Metering
  /** With the burst. */
  text: string
  /** Milliseconds after which an entry is forgotten if the rule does not say; as reckoned, and as printed. */
  expire: number
  printedExpire: number
}

function readRate(given: Given): Rate {
  const { name, value } = given.oneOf(...RATES)
  const cost = parseRateOfBytes(value, `--${name}`)
  return cost === null ? rateOfPackets(given) : rateOfBytes(given, cost)
}

/** With `--hashlimit-rate-match` iptables drops the unit, which becomes the interval: 120/min is 120/sec then. */
function rateOfPackets(given: Given): Rate {
  const { name, value } = given.oneOf(...RATES)
  const { period, unit } = parseRate(value, `--${name}`, SCALE)
  const isRateMatch = given.has('hashlimit-rate-match')
  const average = isRateMatch ? Math.floor(period / unit) : period
  if (average === 0) throw new RuleError(`--${name} ${value}: too fast for --hashlimit-rate-match`)
  const burst = readBurst(given, GREATEST_BURST) ?? DEFAULT_BURST
  if (!isRateMatch && creditOf(average, burst) < creditOf(average, 1))
    throw new RuleError(`--${name} ${value} with a burst of ${burst}: expected a smaller burst`)
  const printed = formatRate(average, SCALE)
  return {
    metering: { inBytes: false, average, burst, interval: readInterval(given, unit) },
    text: `${printed.text} --hashlimit-burst ${burst}`,
    expire: unit * 1000,
    printedExpire: printed.unit * 1000,
  }
}

/** The burst is held in times that the rate fits into it, rounded up. */
function rateOfBytes(given: Given, cost: number): Rate {
  const { name, value } = given.oneOf(...RATES)
  if (!given.has('hashlimit-rate-match') && byteCostOf(cost) === 0)
    throw new RuleError(`--${name} ${value}: too fast`)
  const bytes = bytesOf(cost)
  const burst = readBurst(given, GREATEST)
  if (burst !== null && burst < bytes)
    throw new RuleError(`--hashlimit-burst: expected ${bytes}b at least, what ${value} lets pass in a second`)
  const times = burst === null ? 0 : Math.ceil(burst / bytes)
  const burstText = times === 0 ? '' : ` --hashlimit-burst ${formatBytes(bytes * times)}`
  const expire = times === 0 ? BYTES_EXPIRE : BURST_EXPIRE
  return {
    metering: { inBytes: true, average: cost, burst: times, interval: readInterval(given, 1) },
    text: `${formatRateOfBytes(cost)}${burstText}`,
    expire,
    printedExpire: expire,
  }
}

function readBurst(given: Given, greatest: number): number | null {
  const option = given.option('hashlimit-burst')
  return option === null ? null : parseBytes(option.value, '--hashlimit-burst', GREATEST_BURST, greatest)
}

function readInterval(given: Given, otherwise: number): number {
  const interval = given.number('hashlimit-rate-interval', 1, GREATEST_INTERVAL, otherwise)
  return given.has('hashlimit-rate-match') ? interval : 0
}

function readTable(given: Given, { expire }: Rate): HashLimitTable {
  const modes = parseModes(given.option('hashlimit-mode'))
  return {
    bySource: modes.has('srcip'),
    bySourcePort: modes.has('srcport'),
    byDestination: modes.has('dstip'),
    byDestinationPort: modes.has('dstport'),
    sourceBits: given.number('hashlimit-srcmask', 0, 32, 32),
    destinationBits: given.number('hashlimit-dstmask', 0, 32, 32),
    size: Math.min(given.number('hashlimit-htable-size', 0, GREATEST, 0), MOST_ENTRIES),
    most: Math.min(given.number('hashlimit-htable-max', 0, GREATEST, 0), MOST_ENTRIES),
    gcInterval: given.number('hashlimit-htable-gcinterval', 1, GREATEST, GC_INTERVAL),
    expire: given.number('hashlimit-htable-expire', 1, GREATEST, expire),
  }
}

function parseModes(given: GivenOption | null): Set<string> {
  const modes = (given?.value ?? '').split(/[,|]/).filter((mode) => mode !== '')
  const unknown = modes.find((mode) => !MODES.includes(mode))
  if (unknown !== undefined)
    throw new RuleError(`--hashlimit-mode ${unknown}: expected some of ${MODES.join(',')}`)
  return new Set(modes)
}

function tableText(
  given: Given,
  name: string,
  table: HashLimitTable,
  { printedExpire, metering }: Rate,
): string {
  const modes = parseModes(given.option('hashlimit-mode'))
  const number = (option: string, value: number, usual: number): string[] =>
    value === usual ? [] : [`--hashlimit-${option} ${value}`]
  const parts = [
    ...(modes.size === 0 ? [] : [`--hashlimit-mode ${MODES.filter((mode) => modes.has(mode)).join(',')}`]),
    `--hashlimit-name ${name}`,
    ...number('htable-size', table.size, 0),
    ...number('htable-max', table.most, 0),
    ...number('htable-gcinterval', table.gcInterval, GC_INTERVAL),
    ...number('htable-expire', table.expire, printedExpire),
    ...number('srcmask', table.sourceBits, 32),
    ...number('dstmask', table.destinationBits, 32),
  ]
  if (metering.interval > 0)
    parts.push('--hashlimit-rate-match', ...number('rate-interval', metering.interval, 1))
  return parts.join(' ')
}

/** Of a table that several rules name, all but whether they ask for what is within or above is the first rule's. */
function decide(
  name: string,
  table: HashLimitTable,
  metering: Metering,
  isAbove: boolean,
  runtime: Runtime,
): (packet: Packet) => boolean {
  const make = (): HashLimit => new HashLimit(table, metering, runtime.random())
  const shared = runtime.shared(`hashlimit ${name}`, make)
  return (packet) => {
    const isWithin = shared.allows(packet)
    return !packet.isMalformed && isWithin !== isAbove
  }
}
