/** Where the data of an FTP session will go: PORT and EPRT say it, and the answers to PASV and EPSV (RFC 959, 2428). */

/** An address, null for the sender's own, and a port. */
export interface DataEnd {
  address: number | null
  port: number
}

/** What a line announces; null: nothing. 'cut': it begins such a command, and does not end. */
export type Announced = DataEnd | 'cut' | null

interface Command {
  pattern: string
  /** What stands before the numbers; '' for none. */
  skip: string
  read(text: string): DataEnd | null
}

const CLIENT: readonly Command[] = [
  { pattern: 'PORT', skip: ' ', read: (text) => readNumbers(text, '\r') },
  { pattern: 'EPRT', skip: ' ', read: readEprt },
]

const SERVER: readonly Command[] = [
  { pattern: '227 ', skip: '', read: (text) => readNumbers(text.replace(/^\D+/, ''), '') },
  { pattern: '229 ', skip: '(', read: readEpsv },
]

/** What a line of the client, or else of the server, announces. */
export function announcedBy(line: string, isClient: boolean): Announced {
  for (const command of isClient ? CLIENT : SERVER) {
    const found = announced(line, command)
    if (found !== null) return found
  }
  return null
}

function announced(line: string, { pattern, skip, read }: Command): Announced {
  const start = line.slice(0, pattern.length).toUpperCase()
  if (line.length <= pattern.length) return pattern.startsWith(start) ? 'cut' : null
  if (start !== pattern) return null
  const at = skip === '' ? pattern.length : line.indexOf(skip, pattern.length) + 1
  if (at === 0 || at === line.length) return 'cut'
  return read(line.slice(at)) ?? 'cut'
}

/** `10,0,0,2,4,1`, and what ends it; '' is anything. */
function readNumbers(text: string, end: string): DataEnd | null {
  const found = /^(\d*),(\d*),(\d*),(\d*),(\d*),(\d*)([^\d,])/s.exec(text)
  if (found === null || (end !== '' && found[7] !== end)) return null
  const [a, b, c, d, high, low] = found.slice(1, 7).map(Number)
  return { address: addressOf([a, b, c, d]), port: ((high << 8) | low) & 0xffff }
}

/** `|1|10.0.0.2|1025|`, with any delimiter. */
function readEprt(text: string): DataEnd | null {
  const delimiter = text[0]
  if (!isDelimiter(delimiter)) return null
  const [before, family, host = '', port = '', after] = text.split(delimiter)
  const found = /^(\d*)\.(\d*)\.(\d*)\.(\d*)$/.exec(host)
  if (before !== '' || family !== '1' || found === null || after === undefined) return null
  const number = readPort(port)
  return number === null ? null : { address: addressOf(found.slice(1).map(Number)), port: number }
}

/** `|||1025|`. */
function readEpsv(text: string): DataEnd | null {
  const delimiter = text[0]
  if (!isDelimiter(delimiter) || text[1] !== delimiter || text[2] !== delimiter) return null
  const [port, after] = text.slice(3).split(delimiter)
  const number = after === undefined ? null : readPort(port)
  return number === null ? null : { address: null, port: number }
}

const isDelimiter = (text: string | undefined): boolean => text !== undefined && /^[!-/:-~]$/.test(text)

function readPort(text: string): number | null {
  return /^\d+$/.test(text) && Number(text) !== 0 ? Number(text) & 0xffff : null
}

const addressOf = ([a, b, c, d]: readonly number[]): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
