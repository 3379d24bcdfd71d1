/** Where the data of an FTP session will go: PORT and EPRT say it, and the answers to PASV and EPSV (RFC 959, 2428). */
import { formatIpv4 } from '../../wire/address.js'

/** An address, null for the sender's own, and a port; where in the text they stand, and how long that is. */
export interface DataEnd {
  address: number | null
  port: number
  at: number
  length: number
}

/** What a line announces, and how it would say another address and port there. */
export interface FtpAnnouncement extends DataEnd {
  write: (address: number, port: number) => string
}

/** What a line announces; null: nothing. 'cut': it begins such a command, and does not end. */
export type Announced = FtpAnnouncement | 'cut' | null

interface Command {
  pattern: string
  /** What stands before the numbers; '' for none. */
  skip: string
  read(text: string): DataEnd | null
  write(address: number, port: number): string
}

const CLIENT: readonly Command[] = [
  { pattern: 'PORT', skip: ' ', read: readPort, write: writeNumbers },
  {
    pattern: 'EPRT',
    skip: ' ',
    read: readEprt,
    write: (address, port) => `|1|${formatIpv4(address >>> 0)}|${port}|`,
  },
]

const SERVER: readonly Command[] = [
  { pattern: '227 ', skip: '', read: readPasv, write: writeNumbers },
  { pattern: '229 ', skip: '(', read: readEpsv, write: (_, port) => `|||${port}|` },
]

/** What a line of the client, or else of the server, announces. */
export function announcedBy(line: string, isClient: boolean): Announced {
  for (const command of isClient ? CLIENT : SERVER) {
    const found = announced(line, command)
    if (found !== null) return found
  }
  return null
}

function announced(line: string, { pattern, skip, read, write }: Command): Announced {
  const start = line.slice(0, pattern.length).toUpperCase()
  if (line.length <= pattern.length) return pattern.startsWith(start) ? 'cut' : null
  if (start !== pattern) return null
  const from = skip === '' ? pattern.length : line.indexOf(skip, pattern.length) + 1
  if (from === 0 || from === line.length) return 'cut'
  const found = read(line.slice(from))
  return found === null ? 'cut' : { ...found, at: from + found.at, write }
}

function readPort(text: string): DataEnd | null {
  const found = readNumbers(text)
  return found !== null && text[found.length] === '\r' ? found : null
}

/** The numbers stand anywhere, in brackets or not (RFC 1123 §4.1.2.6). */
function readPasv(text: string): DataEnd | null {
  const at = text.search(/\d/)
  const found = at === -1 ? null : readNumbers(text.slice(at))
  return found && { ...found, at }
}

/** `10,0,0,2,4,1`, and something behind it. */
function readNumbers(text: string): DataEnd | null {
  const found = /^(\d*),(\d*),(\d*),(\d*),(\d*),(\d*)(?=[^\d,])/.exec(text)
  if (found === null) return null
  const [a, b, c, d, high, low] = found.slice(1).map(Number)
  const port = ((high << 8) | low) & 0xffff
  return { address: addressOf([a, b, c, d]), port, at: 0, length: found[0].length }
}

function writeNumbers(address: number, port: number): string {
  return `${formatIpv4(address >>> 0).replaceAll('.', ',')},${port >> 8},${port & 0xff}`
}

/** `|1|10.0.0.2|1025|`, with any delimiter. */
function readEprt(text: string): DataEnd | null {
  const delimiter = text[0]
  if (!isDelimiter(delimiter)) return null
  const [before, family, host = '', port = '', after] = text.split(delimiter)
  const found = /^(\d*)\.(\d*)\.(\d*)\.(\d*)$/.exec(host)
  if (before !== '' || family !== '1' || found === null || after === undefined) return null
  return endAt(addressOf(found.slice(1).map(Number)), port, `|1|${host}|${port}|`.length)
}

/** `|||1025|`. */
function readEpsv(text: string): DataEnd | null {
  const delimiter = text[0]
  if (!isDelimiter(delimiter) || text[1] !== delimiter || text[2] !== delimiter) return null
  const [port, after] = text.slice(3).split(delimiter)
  return after === undefined ? null : endAt(null, port, `|||${port}|`.length)
}

const isDelimiter = (text: string | undefined): boolean => text !== undefined && /^[!-/:-~]$/.test(text)

/** Null for a port that is none, or 0 modulo 65536. */
function endAt(address: number | null, digits: string, length: number): DataEnd | null {
  const port = /^\d+$/.test(digits) ? Number(digits) & 0xffff : 0
  return port === 0 ? null : { address, port, at: 0, length }
}

const addressOf = ([a, b, c, d]: readonly number[]): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
