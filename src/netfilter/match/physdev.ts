/** `-m physdev`: the ports of the bridge by which the packet comes and goes. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { FORWARD, INPUT, POSTROUTING, PREROUTING } from '../hook.js'
import type { Hook } from '../hook.js'
import { interfaceTest, parseInterface } from '../interface-name.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'

/** As iptables-save prints them. */
const OPTIONS = [
  'physdev-is-in',
  'physdev-in',
  'physdev-is-out',
  'physdev-out',
  'physdev-is-bridged',
] as const
type Name = (typeof OPTIONS)[number]

/** The physdev match. */
export const physdev: MatchExtension = {
  name: 'physdev',
  options: {
    'physdev-in': { argument: 'NAME[+]', negatable: true },
    'physdev-out': { argument: 'NAME[+]', negatable: true },
    'physdev-is-in': { argument: null, negatable: true },
    'physdev-is-out': { argument: null, negatable: true },
    'physdev-is-bridged': { argument: null, negatable: true },
  },
  read(given) {
    const options = OPTIONS.flatMap((name) => given.option(name) ?? [])
    if (options.length === 0)
      throw new RuleError(`physdev: expected one of ${OPTIONS.map((name) => `--${name}`).join(', ')}`)
    for (const { name, value } of options) if (takesName(name)) parseInterface(value, `--${name}`)
    return {
      name: 'physdev',
      text: options.map(saveOption).join(' '),
      hooks: hooksOf(given),
      start: () => decide(options),
    }
  },
}

function takesName(option: string): boolean {
  return option === 'physdev-in' || option === 'physdev-out'
}

function saveOption({ name, value, negated }: GivenOption): string {
  const option = `${negated ? '! ' : ''}--${name}`
  return takesName(name) ? `${option} ${value}` : option
}

/** What the node itself sends has no port yet when OUTPUT is asked, unless it is said to be bridged. */
function hooksOf(given: Given): readonly Hook[] | undefined {
  const bridged = given.option('physdev-is-bridged')
  const asksPortOut = given.has('physdev-out') || given.has('physdev-is-out')
  if (!asksPortOut || (bridged !== null && !bridged.negated)) return undefined
  return [PREROUTING, INPUT, FORWARD, POSTROUTING]
}

/** What one option asks of a packet that came by a port. */
const ASKED: Record<Name, (value: string) => (packet: Packet) => boolean> = {
  'physdev-is-in': () => () => true,
  'physdev-in': (name) => {
    const isSame = interfaceTest(name)
    return (packet) => isSame(packet.physicalIn)
  },
  'physdev-is-out': () => (packet) => packet.physicalOut !== '',
  'physdev-out': (name) => {
    const isSame = interfaceTest(name)
    return (packet) => isSame(packet.physicalOut)
  },
  'physdev-is-bridged': () => (packet) => packet.isBridged,
}

/**
 * As physdev_mt: of a packet that came by no port nothing holds, and all that is negated does. Where there is no
 * port out, `--physdev-out` fails, negated too.
 */
function decide(options: readonly GivenOption[]): (packet: Packet) => boolean {
  const asked = options.map(({ name, value }) => ASKED[name as Name](value))
  const negated = options.map((option) => option.negated)
  const allNegated = negated.every((one) => one)
  const needsPortOut = options.some(({ name }) => name === 'physdev-out')
  return (packet) => {
    if (packet.physicalIn === '') return allNegated
    if (needsPortOut && packet.physicalOut === '') return false
    for (let i = 0; i < asked.length; i++) if (asked[i](packet) === negated[i]) return false
    return true
  }
}
