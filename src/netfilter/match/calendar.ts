/** Days since 1970-01-01 as days of the week and of the month, without an object for each. */

const DAYS_IN_400_YEARS = 146_097
/** From 0000-03-01, the year beginning in March so that its odd day comes last, to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468

/** 1, Monday, to 7, Sunday. */
export function dayOfWeek(day: number): number {
  return ((day + 3) % 7) + 1
}

/** 1 to 31, by the Gregorian calendar. */
export function dayOfMonth(day: number): number {
  const inEra = (day + DAYS_BEFORE_1970) % DAYS_IN_400_YEARS
  // Days of leap years are taken out, so that all years have 365 days.
  const leapDays = Math.floor(inEra / 1460) - Math.floor(inEra / 36_524) + Math.floor(inEra / 146_096)
  const year = Math.floor((inEra - leapDays) / 365)
  const inYear = inEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  // From March on, five months have 153 days: 31, 30, 31, 30, 31.
  const month = Math.floor((5 * inYear + 2) / 153)
  return inYear - Math.floor((153 * month + 2) / 5) + 1
}
