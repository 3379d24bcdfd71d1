/** `-j LOG`: a line in the kernel's words, and on to the next rule. */
import type { TargetExtension } from '../extension.js'
import { logLine } from '../log-line.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { CONTINUE } from '../verdict.js'
import { quote } from '../words.js'

const LONGEST_PREFIX = 29
const DEFAULT_LEVEL = 4
const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug']
const OTHER_NAMES: Record<string, number> = { panic: 0, err: 3, warn: 4 }
/** In the order in which iptables-save prints them. */
const FLAGS = ['log-tcp-sequence', 'log-tcp-options', 'log-ip-options', 'log-uid', 'log-macdecode'] as const

/** The LOG target. */
export const log: TargetExtension = {
  name: 'LOG',
  options: {
    'log-prefix': { argument: 'TEXT' },
    'log-level': { argument: 'LEVEL' },
    ...Object.fromEntries(FLAGS.map((flag) => [flag, { argument: null }])),
  },
  read(given) {
    const prefix = parsePrefix(given.value('log-prefix', ''))
    const level = parseLevel(given.value('log-level', String(DEFAULT_LEVEL)))
    const flags = FLAGS.filter((flag) => given.has(flag))
    const details = {
      tcpSequence: flags.includes('log-tcp-sequence'),
      tcpOptions: flags.includes('log-tcp-options'),
      ipOptions: flags.includes('log-ip-options'),
      macDecode: flags.includes('log-macdecode'),
    }
    const parts = [
      ...(prefix === '' ? [] : [`--log-prefix ${quote(prefix)}`]),
      ...(level === DEFAULT_LEVEL ? [] : [`--log-level ${level}`]),
      ...flags.map((flag) => `--${flag}`),
    ]
    return {
      name: 'LOG',
      text: parts.join(' '),
      start: (runtime) => (packet) => {
        runtime.log(`${prefix}${logLine(packet, details)}`)
        return CONTINUE
      },
    }
  },
}

function parsePrefix(text: string): string {
  if (Buffer.byteLength(text) > LONGEST_PREFIX)
    throw new RuleError(
      `--log-prefix ${text}: ${Buffer.byteLength(text)} bytes, expected at most ${LONGEST_PREFIX}`,
    )
  if (text.includes('\n')) throw new RuleError('--log-prefix: a line end, expected none')
  return text
}

function parseLevel(text: string): number {
  if (/^\d/.test(text)) return parseNumber(text, '--log-level', 0, 7)
  const lower = text.toLowerCase()
  const found = [
    ...LEVELS.entries(),
    ...Object.entries(OTHER_NAMES).map(([name, level]) => [level, name] as const),
  ]
  const names = found.filter(([, name]) => lower !== '' && name.startsWith(lower))
  if (names.length === 0)
    throw new RuleError(`--log-level ${text}: expected 0-7 or one of ${LEVELS.join(', ')}`)
  return names[0][0]
}
