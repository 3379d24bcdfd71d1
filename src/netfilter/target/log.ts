/** `-j LOG`: a line in the kernel's words, and on to the next rule. */
import type { TargetExtension } from '../extension.js'
import { logLine } from '../log-line.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { CONTINUE } from '../verdict.js'
import { quote } from '../words.js'
import { parsePrefix } from './log-prefix.js'

const LONGEST_PREFIX = 29
const DEFAULT_LEVEL = 4
const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug']
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
    const prefix = parsePrefix(given, 'log-prefix', LONGEST_PREFIX)
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

/** A number or a whole name: syslog's own short forms (err, warn) are none of iptables'. */
function parseLevel(text: string): number {
  if (/^\d/.test(text)) return parseNumber(text, '--log-level', 0, LEVELS.length - 1)
  const level = text === 'panic' ? 0 : LEVELS.indexOf(text)
  if (level === -1) throw new RuleError(`--log-level ${text}: expected 0-7 or one of ${LEVELS.join(', ')}`)
  return level
}
