/** `-m time`: when packets pass, by date, by day and by the time of the day. */
import { MICROSECONDS_PER_SECOND } from '../../core/clock.js'
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { wholeNumber } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { dayOfMonth, dayOfWeek } from './calendar.js'

const DAY = 86_400
/** Where no end is given; iptables-save prints it as if it had been. */
const LAST_DATE = 0x7fffffff
const ALL_WEEKDAYS = 0xfe
const ALL_MONTHDAYS = 0xfffffffe
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** What a rule asks. Dates are seconds since 1970, times seconds of the day; bit 1 of the days is Monday, or the 1st. */
interface Times {
  dateStart: number
  dateStop: number
  timeStart: number
  timeStop: number
  weekdays: number
  monthdays: number
  /** What lies after midnight belongs to the day before. */
  contiguous: boolean
  kernelZone: boolean
}

/** The time match. */
export const time: MatchExtension = {
  name: 'time',
  options: {
    datestart: { argument: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]' },
    datestop: { argument: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]' },
    timestart: { argument: 'hh:mm[:ss]' },
    timestop: { argument: 'hh:mm[:ss]' },
    contiguous: { argument: null },
    weekdays: { argument: 'DAY[,…]', negatable: true },
    monthdays: { argument: 'DAY[,…]', negatable: true },
    localtz: { argument: null },
    utc: { argument: null },
    kerneltz: { argument: null },
  },
  read(given) {
    const times: Times = {
      dateStart: parseDate(given.option('datestart'), 0),
      dateStop: parseDate(given.option('datestop'), LAST_DATE),
      timeStart: parseTime(given.option('timestart'), 0),
      timeStop: parseTime(given.option('timestop'), DAY - 1),
      weekdays: parseDays(given.option('weekdays'), parseWeekday, ALL_WEEKDAYS),
      monthdays: parseDays(given.option('monthdays'), parseMonthday, ALL_MONTHDAYS),
      contiguous: given.has('contiguous'),
      kernelZone: readZone(given),
    }
    if (times.contiguous && times.timeStart < times.timeStop)
      throw new RuleError('--contiguous: expected a --timestop before --timestart, on the next day')
    return { name: 'time', text: textOf(times), start: () => (packet) => holds(times, packet) }
  },
}

/** `--localtz` is an older name of `--kerneltz`. */
function readZone(given: Given): boolean {
  const isKernel = given.has('kerneltz') || given.has('localtz')
  if (isKernel && given.has('utc')) throw new RuleError('--utc and --kerneltz: expected only one of them')
  return isKernel
}

/** A day that the month does not have is one of the next. */
function parseDate(given: GivenOption | null, otherwise: number): number {
  if (given === null) return otherwise
  const form = /^(\d{4})(?:-(\d+)(?:-(\d+)(?:T(\d+)(?::(\d+)(?::(\d+))?)?)?)?)?$/
  const parts = form.exec(given.value)?.slice(1)
  const [year, month, day, hour, minute, second] = (parts ?? []).map((part, i) =>
    Number((part as string | undefined) ?? (i === 1 || i === 2 ? 1 : 0)),
  )
  const isRight = year >= 1970 && year <= 2038 && month <= 12 && day <= 31 && isTime(hour, minute, second)
  const date = Date.UTC(year, month - 1, day, hour, minute, second) / 1000
  if (!isRight || date < 0)
    throw new RuleError(
      `--${given.name} ${given.value}: expected YYYY[-MM[-DD[Thh[:mm[:ss]]]]], 1970 to 2038`,
    )
  return date
}

function parseTime(given: GivenOption | null, otherwise: number): number {
  if (given === null) return otherwise
  const [, hour, minute, second = '0'] = /^(\d+):(\d+)(?::(\d+))?$/.exec(given.value) ?? []
  if (!isTime(Number(hour), Number(minute), Number(second)))
    throw new RuleError(`--${given.name} ${given.value}: expected hh:mm[:ss], 00:00:00 to 23:59:59`)
  return Number(hour) * 3600 + Number(minute) * 60 + Number(second)
}

function isTime(hour: number, minute: number, second: number): boolean {
  return hour <= 23 && minute <= 59 && second <= 59
}

/** No day at all, which iptables takes, is never: it prints nothing for it that it could read. */
function parseDays(given: GivenOption | null, parse: (text: string) => number | null, all: number): number {
  if (given === null) return all
  let days = 0
  for (const text of given.value.split(',')) {
    const day = parse(text)
    if (day === null) throw new RuleError(`--${given.name} ${given.value}: ${text} is no day`)
    days |= 2 ** day
  }
  const wanted = ((given.negated ? ~days : days) & all) >>> 0
  if (wanted === 0) throw new RuleError(`--${given.name} ${given.value}: expected a day that is left`)
  return wanted
}

/** 1 to 7, or a name of which two letters are enough and the first three count. */
function parseWeekday(text: string): number | null {
  const number = wholeNumber(text) ?? WEEKDAYS.findIndex((day) => day.slice(0, 2) === text.slice(0, 2)) + 1
  return number >= 1 && number <= 7 ? number : null
}

/** 0 and nothing are no day of any month. */
function parseMonthday(text: string): number | null {
  const number = text === '' ? 0 : wholeNumber(text)
  return number !== null && number <= 31 ? number : null
}

function textOf(times: Times): string {
  const { timeStart, timeStop, monthdays, weekdays, dateStart, dateStop, kernelZone, contiguous } = times
  const isAnyTime = timeStart === 0 && timeStop === DAY - 1
  const parts = [
    isAnyTime ? '' : `--timestart ${formatTime(timeStart)} --timestop ${formatTime(timeStop)}`,
    monthdays === ALL_MONTHDAYS ? '' : `--monthdays ${daysIn(monthdays).join(',')}`,
    weekdays === ALL_WEEKDAYS ? '' : `--weekdays ${daysIn(weekdays).map(weekdayName).join(',')}`,
    dateStart === 0 ? '' : `--datestart ${formatDate(dateStart)}`,
    dateStop === 0 ? '' : `--datestop ${formatDate(dateStop)}`,
    kernelZone ? '--kerneltz' : '',
    contiguous ? '--contiguous' : '',
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function daysIn(days: number): number[] {
  return Array.from({ length: 31 }, (_, i) => i + 1).filter((day) => ((days >>> day) & 1) === 1)
}

function weekdayName(day: number): string {
  return WEEKDAYS[day - 1]
}

function formatTime(seconds: number): string {
  return formatDate(seconds).slice(-'hh:mm:ss'.length)
}

function formatDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length)
}

/**
 * As time_mt. The kernel's time zone, which is none unless someone told it (a clock that runs on local time), is
 * taken to be UTC.
 */
function holds(times: Times, packet: Packet): boolean {
  const now = Math.floor(packet.now / MICROSECONDS_PER_SECOND)
  if (now < times.dateStart || now > times.dateStop) return false
  const timeOfDay = now % DAY
  const isOvernight = times.timeStart >= times.timeStop
  const isAfterStart = timeOfDay >= times.timeStart
  const isBeforeStop = timeOfDay <= times.timeStop
  if (isOvernight ? !isAfterStart && !isBeforeStop : !isAfterStart || !isBeforeStop) return false
  const belongsToYesterday = times.contiguous && isOvernight && isBeforeStop
  const day = Math.floor(now / DAY) - (belongsToYesterday ? 1 : 0)
  if (((times.weekdays >>> dayOfWeek(day)) & 1) === 0) return false
  return times.monthdays === ALL_MONTHDAYS || ((times.monthdays >>> dayOfMonth(day)) & 1) === 1
}
