/** A packet that two rule sets judge differently, as text. */
import type { Disagreement } from '../netfilter/diff.js'
import { printIpv4 } from './print-ip.js'

/** One sentence; `a` and `b` are the sets' names. */
export function disagreementText(found: Disagreement | null, a: string, b: string): string {
  if (found === null) return 'no packet was found that the two judge differently'
  const { packet, hook, verdicts } = found
  const way = [
    ...(packet.inInterface === '' ? [] : [`in ${packet.inInterface}`]),
    ...(packet.outInterface === '' ? [] : [`out ${packet.outInterface}`]),
  ]
  const { bytes, l3, end } = packet
  const header = printIpv4({ b: bytes, at: l3, end, wireEnd: end })
  const where = [hook, ...way].join(', ')
  return `${header} at ${where}: ${a}: ${verdicts[0]}, ${b}: ${verdicts[1]}`
}
