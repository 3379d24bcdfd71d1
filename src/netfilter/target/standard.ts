/** `-j ACCEPT`, `-j DROP`, `-j RETURN`: a verdict and nothing else. */
import type { TargetExtension } from '../extension.js'
import { ACCEPT, DROP, RETURN } from '../verdict.js'

/** The targets that iptables calls standard. */
export const standard: readonly TargetExtension[] = [
  verdict('ACCEPT', ACCEPT),
  // iptables inhibits it in the table nat, which sees only the first packet of a connection.
  { ...verdict('DROP', DROP), tables: ['raw', 'mangle', 'filter'] },
  verdict('RETURN', RETURN),
]

function verdict(name: string, value: number): TargetExtension {
  const act = (): number => value
  const target = { name, text: '', start: () => act }
  return { name, options: {}, read: () => target }
}
