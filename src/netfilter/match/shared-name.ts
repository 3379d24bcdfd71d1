/** The names of what several rules have in common: a list of recent, a table of hashlimit. */
import { RuleError } from '../rule-error.js'

/**
 * Checks such a name, which the kernel gives to a file under /proc too. Quotation marks and spaces, which it would
 * take, iptables-save prints without quoting: nothing could read them back.
 */
export function checkSharedName(name: string, option: string, longest: number): void {
  const isBad = /[/\s"'\\]/.test(name) || ['', '.', '..'].includes(name)
  if (isBad || Buffer.byteLength(name) > longest)
    throw new RuleError(`${option} ${name}: expected a name of at most ${longest} bytes without space or /`)
}
