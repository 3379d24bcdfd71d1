/** `-m time`: the time of day, the day and the date at which a packet comes. */
import { MICROSECONDS_PER_SECOND } from '../../core/clock.js'
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const SECONDS_PER_DAY = 86_400
const LAST_SECOND = SECONDS_PER_DAY - 1
/** Bits of the days of a month and of a week, both from 1. */
const [ALL_MONTHDAYS, ALL_WEEKDAYS] = [0xffff_fffe, 0xfe]
const LAST_YEAR = 2038
/** Where no date stands, the last that 31 bits can say; iptables-save always prints it. */
const LAST_DATE = 0x7fff_ffff

/** What a rule says. Dates are seconds since 1970, times seconds since midnight; all bounds are included. */
interface Times {
  timeStart: number
  timeStop: number
  monthdays: number
  weekdays: number
  dateStart: number
  dateStop: number
  kernelZone: boolean
  contiguous: boolean
}

/** The time match. */
export const time: MatchExtension = {
  name: 'time',
  options: {
    timestart: { argument: 'HH:MM[:SS]' },
    timestop: { argument: 'HH:MM[:SS]' },
    monthdays: { argument: 'DAY[,…]', negatable: true },
    weekdays: { argument: 'DAY[,…]', negatable: true },
    datestart: { argument: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]' },
    datestop: { argument: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]' },
    kerneltz: { argument: null, aliases: ['localtz'] },
    utc: { argument: null },
    contiguous: { argument: null },
  },
  read(given) {
    const times = readTimes(given)
    return { name: 'time', text: saveTimes(times), start: () => decide(times) }
  },
}

function readTimes(given: Given): Times {
  if (given.has('utc') && given.has('kerneltz'))
    throw new RuleError('--utc and --kerneltz: expected only one of them')
  const times = {
    timeStart: readTime(given.option('timestart'), 0),
    timeStop: readTime(given.option('timestop'), LAST_SECOND),
    monthdays: readDays(given.option('monthdays'), parseMonthday, ALL_MONTHDAYS),
    weekdays: readDays(given.option('weekdays'), parseWeekday, ALL_WEEKDAYS),
    dateStart: readDate(given.option('datestart'), 0),
    dateStop: readDate(given.option('datestop'), LAST_DATE),
    kernelZone: given.has('kerneltz'),
    contiguous: given.has('contiguous'),
  }
  if (times.contiguous && times.timeStart < times.timeStop)
    throw new RuleError('--contiguous: expected a --timestop before the --timestart')
  return times
}

function readTime(option: GivenOption | null, otherwise: number): number {
  if (option === null) return otherwise
  const parts = /^(\d+):(\d+)(?::(\d+))?$/.exec(option.value)
  const [hour, minute, second] = (parts ?? []).slice(1).map((part = '0') => Number(part))
  if (parts === null || hour > 23 || minute > 59 || second > 59)
    throw new RuleError(`--${option.name} ${option.value}: expected HH:MM or HH:MM:SS`)
  return (hour * 60 + minute) * 60 + second
}

/** Days that listed months do not have count into the next one, as with iptables. */
function readDate(option: GivenOption | null, otherwise: number): number {
  if (option === null) return otherwise
  const parts = /^(\d+)(?:-(\d+)(?:-(\d+)(?:T(?:(\d+)(?::(\d+)(?::(\d+))?)?)?)?)?)?$/.exec(option.value)
  // A part that is not there is undefined, which the defaults stand for.
  const [year, month = '1', day = '1', hour = '0', minute = '0', second = '0'] = (parts ?? []).slice(1)
  const bounded = +month <= 12 && +day <= 31 && +hour <= 23 && +minute <= 59 && +second <= 59
  if (parts === null || +year < 1970 || +year > LAST_YEAR || !bounded)
    throw new RuleError(
      `--${option.name} ${option.value}: expected YYYY[-MM[-DD[Thh[:mm[:ss]]]]], 1970-${LAST_YEAR}`,
    )
  return Date.UTC(+year, +month - 1, +day, +hour, +minute, +second) / 1000
}

/** Bits of the days; at least one must be left, or the rule could not be written down. */
function readDays(option: GivenOption | null, parse: (text: string) => number, all: number): number {
  if (option === null) return all
  const { name, value, negated } = option
  let days = 0
  for (const part of value.split(',').filter((one) => one !== '')) {
    const day = parse(part)
    if (day === 0) throw new RuleError(`--${name} ${value}: ${part} is no such day`)
    days |= 1 << day
  }
  if (negated) days = all & ~days
  if (days === 0) throw new RuleError(`--${name} ${value}: expected a day to be left`)
  return days >>> 0
}

/** 1-31, or 0 if it is none. */
function parseMonthday(text: string): number {
  return /^\d+$/.test(text) && Number(text) <= 31 ? Number(text) : 0
}

/** 1 for Monday to 7; by number or by a name of at least two letters. */
function parseWeekday(text: string): number {
  if (/^[1-7]$/.test(text)) return Number(text)
  return text.length < 2 ? 0 : 1 + WEEKDAYS.findIndex((day) => day.startsWith(text))
}

function saveTimes(times: Times): string {
  const { timeStart, timeStop, monthdays, weekdays, dateStart, dateStop } = times
  const allDay = timeStart === 0 && timeStop === LAST_SECOND
  const parts = [
    ...(allDay ? [] : [`--timestart ${saveTime(timeStart)} --timestop ${saveTime(timeStop)}`]),
    ...(monthdays === ALL_MONTHDAYS ? [] : [`--monthdays ${daysOf(monthdays).join(',')}`]),
    ...(weekdays === ALL_WEEKDAYS ? [] : [`--weekdays ${daysOf(weekdays).map(saveWeekday).join(',')}`]),
    ...(dateStart === 0 ? [] : [`--datestart ${saveDate(dateStart)}`]),
    `--datestop ${saveDate(dateStop)}`,
    ...(times.kernelZone ? ['--kerneltz'] : []),
    ...(times.contiguous ? ['--contiguous'] : []),
  ]
  return parts.join(' ')
}

function saveTime(seconds: number): string {
  return saveDate(seconds).slice('1970-01-01T'.length)
}

function saveDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, '1970-01-01T00:00:00'.length)
}

function daysOf(bits: number): number[] {
  return Array.from({ length: 32 }, (_, day) => day).filter((day) => ((bits >>> day) & 1) === 1)
}

function saveWeekday(day: number): string {
  return WEEKDAYS[day - 1].slice(0, 3)
}

/** As time_mt, the kernel's time zone being UTC: what it is set to is known to no packet. */
function decide(times: Times): (packet: Packet) => boolean {
  const { timeStart, timeStop, monthdays, weekdays, dateStart, dateStop, contiguous } = times
  const overnight = timeStart >= timeStop
  return (packet) => {
    const stamp = Math.floor(packet.now / MICROSECONDS_PER_SECOND)
    if (stamp < dateStart || stamp > dateStop) return false
    const second = stamp % SECONDS_PER_DAY
    const afterStart = second >= timeStart
    const beforeStop = second <= timeStop
    if (overnight ? !afterStart && !beforeStop : !afterStart || !beforeStop) return false
    // What is past midnight belongs to the day on which it began.
    const isLate = contiguous && beforeStop
    const day = Math.floor(stamp / SECONDS_PER_DAY) - (isLate ? 1 : 0)
    return ((weekdays >> weekdayOf(day)) & 1) === 1 && ((monthdays >>> monthdayOf(day)) & 1) === 1
  }
}

/** Of a day since 1970-01-01, which was a Thursday: 1 for Monday to 7. */
function weekdayOf(day: number): number {
  return ((day + 3) % 7) + 1
}

const [DAYS_SINCE_MARCH_1968, DAYS_OF_FOUR_YEARS, DAYS_OF_FIVE_MONTHS] = [671, 1461, 153]

/**
 * Of a day since 1970-01-01, 1-31. Years are counted from the first of March of a leap year, so that the day that
 * not every year has is the last of four years; five months from March on have 153 days. Good up to 2100.
 */
function monthdayOf(day: number): number {
  const inFour = (day + DAYS_SINCE_MARCH_1968) % DAYS_OF_FOUR_YEARS
  const inYear = inFour === DAYS_OF_FOUR_YEARS - 1 ? 365 : inFour % 365
  const month = Math.floor((5 * inYear + 2) / DAYS_OF_FIVE_MONTHS)
  return inYear - Math.floor((DAYS_OF_FIVE_MONTHS * month + 2) / 5) + 1
}
