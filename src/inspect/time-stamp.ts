/** When a frame was captured, for people. */

/**
 * Time of day as tcpdump prints it: local time with microseconds. From the first time stamp on that is no
 * whole number of them, the capture has nanoseconds, and they are printed.
 */
export class TimeStamp {
  #seconds = NaN
  #text = ''
  #hasNanoseconds = false

  /** `hh:mm:ss.uuuuuu`. */
  format(seconds: number, nanoseconds: number): string {
    if (seconds !== this.#seconds) this.#text = timeOfDay(seconds)
    this.#seconds = seconds
    this.#hasNanoseconds ||= nanoseconds % 1000 !== 0
    const digits = String(nanoseconds).padStart(9, '0')
    return `${this.#text}.${this.#hasNanoseconds ? digits : digits.slice(0, 6)}`
  }
}

/** `hh:mm:ss`; the seconds as they are where they lie beyond what a Date can hold. */
function timeOfDay(seconds: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return String(seconds)
  const fields = [date.getHours(), date.getMinutes(), date.getSeconds()]
  return fields.map((field) => String(field).padStart(2, '0')).join(':')
}
