/** Names of interfaces and bridge ports as rules give them: one that ends with `+` stands for all that begin so. */
import { RuleError } from './rule-error.js'

const LONGEST = 15

/** Such a name; `option` is named in the error. */
export function parseInterface(text: string, option: string): string {
  if (text === '' || /[\s/]/.test(text) || Buffer.byteLength(text) > LONGEST)
    throw new RuleError(`${option} ${text}: expected an interface's name of 1 to ${LONGEST} characters`)
  return text
}

/** Whether the name of an interface is the one of a rule, or one that it stands for. */
export function interfaceTest(name: string): (actual: string) => boolean {
  if (!name.endsWith('+')) return (actual) => actual === name
  const beginning = name.slice(0, -1)
  return (actual) => actual.startsWith(beginning)
}
