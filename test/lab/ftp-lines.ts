/** What the two of an FTP session say: some of it announces a port, in whatever form. */
import type { Random } from './random.js'

/** A line, the port that it announces (0: none), and how much longer it is for who gets it if NAT is at work. */
export interface Line {
  text: string
  port: number
  longer: number
  /** The helper lets it through, and knows from it where the next line begins. */
  isUnderstood: boolean
}

/** Whose address it is, and by which one the other side knows it. */
interface Speaker {
  isClient: boolean
  address: string
  seen: string
}

const commas = (address: string): string => address.replaceAll('.', ',')
const numbers = (address: string, port: number): string => `${commas(address)},${port >> 8},${port & 255}`

const IDLE = ['NOOP\r\n', '200 fine\r\n', 'LIST\r\nPASV\r\n', 'LIST', '\r\n', 'x'.repeat(300)]
/** The address is somebody else's. */
const FOREIGN = ['PORT 10,0,0,4,4,1\r\n', '227 Entering Passive Mode (10,0,0,4,4,1).\r\n']
/** They end too early, or announce no port that there is. */
const WRONG = [
  'PORT 10,0,0,2,4',
  '229 Entering Extended Passive Mode (||1025|)\r\n',
  'EPRT |1|10.0.0.2|65536|\r\n',
]

/** Something that this one may say; what it announces is this port, most of the time. */
export function said(random: Random, speaker: Speaker, usual: number): Line {
  if (random.chance(25)) return idle(random.pick(IDLE))
  if (random.chance(3)) return idle(random.pick(FOREIGN))
  if (random.chance(3)) return { ...idle(random.pick(WRONG)), isUnderstood: false }
  // For the last two there is no other one where somebody has announced them already; for others any would do.
  const port = random.chance(4) ? random.pick([65_535, 65_534]) : usual
  return speaker.isClient ? command(random, speaker, port) : answer(random, speaker, port)
}

function idle(text: string): Line {
  return { text, port: 0, longer: 0, isUnderstood: text.endsWith('\n') }
}

function line(before: string, announced: string, after: string, port: number, rewritten: string): Line {
  return {
    text: before + announced + after,
    port,
    longer: rewritten.length - announced.length,
    isUnderstood: after.endsWith('\n'),
  }
}

function command(random: Random, { address, seen }: Speaker, port: number): Line {
  const after = random.pick(['\r\n', '\r\n', '\r\nNOOP\r\n', '\r'])
  if (random.chance(50)) {
    const own = numbers(address, port)
    const form = random.pick([own, own, own.replace('10,', '010,').replace(',0,', ',000,')])
    return line(random.pick(['PORT ', 'port ']), form, after, port, numbers(seen, port))
  }
  const mark = random.pick(['|', '|', '!'])
  const own = `${mark}1${mark}${address}${mark}${random.pick(['', '', '000'])}${port}${mark}`
  return line('EPRT ', own, after, port, `|1|${seen}|${port}|`)
}

function answer(random: Random, { address, seen }: Speaker, port: number): Line {
  if (random.chance(50)) {
    const before = random.pick(['227 Entering Passive Mode (', '227 ', '227 =', '227 Entering '])
    const own = numbers(address, port)
    return line(before, own, random.pick([').\r\n', '\r\n', ')\r\n', '.']), port, numbers(seen, port))
  }
  const mark = random.pick(['|', '|', '$'])
  const own = `${mark.repeat(3)}${random.pick(['', '', '00'])}${port}${mark}`
  return line(
    '229 Entering Extended Passive Mode (',
    own,
    random.pick([')\r\n', '\r\n', ')']),
    port,
    `|||${port}|`,
  )
}
