/** `-j CLASSIFY`: the packet's class for traffic control. */
import type { TargetExtension } from '../extension.js'
import { FORWARD, OUTPUT, POSTROUTING } from '../hook.js'
import { RuleError } from '../rule-error.js'
import { CONTINUE } from '../verdict.js'

/** The CLASSIFY target. */
export const classify: TargetExtension = {
  name: 'CLASSIFY',
  hooks: [FORWARD, OUTPUT, POSTROUTING],
  options: { 'set-class': { argument: 'MAJOR:MINOR' } },
  read(given) {
    const priority = parseClass(given.oneOf('set-class').value)
    return {
      name: 'CLASSIFY',
      text: `--set-class ${half(priority >>> 16)}:${half(priority & 0xffff)}`,
      start: () => (packet) => {
        packet.priority = priority
        return CONTINUE
      },
    }
  },
}

/** Stricter than iptables, which drops the digits of a longer number that do not fit. */
function parseClass(text: string): number {
  const halves = /^(?:0x)?([0-9a-f]{1,4}):(?:0x)?([0-9a-f]{1,4})$/i.exec(text)
  if (halves === null)
    throw new RuleError(
      `--set-class ${text}: expected MAJOR:MINOR, two hexadecimal numbers of up to 4 digits`,
    )
  return ((parseInt(halves[1], 16) << 16) | parseInt(halves[2], 16)) >>> 0
}

function half(number: number): string {
  return number.toString(16).padStart(4, '0')
}
