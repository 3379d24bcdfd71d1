/** What `-j CT` gives to connections that packets begin, beside the zone, which is in the packet. */
import { RuleError } from '../rule-error.js'
import { ENTRY_WORDS } from './entry.js'

/** What connections begin with. */
export interface Template {
  /** The helper that watches over them; '' for none. */
  helper: string
  /** The policy by which they last; '' for the usual timeouts. */
  timeout: string
}

/** The templates of rules, and what connections have of them. */
export interface Templates {
  /** Whether there has been any. */
  isOn: boolean
  /** The number of such a template, from 1. Throws a RuleError for a policy that is not there. */
  add(template: Template): number
  /** A connection begins with the template of this number, or, with 0, without any. */
  begin(entry: number, template: number): void
  /** The connection was announced by this other one: it gets no helper of its own. */
  expect(entry: number, master: number): void
  /** The helper of a connection; '' for none. */
  helperOf(entry: number): string
  /** The helper of the connection that has announced this one; '' for none. */
  announcerOf(entry: number): string
  /** The number of its policy, from 1; 0 for none. */
  policyOf(entry: number): number
}

/** Templates for a table of at most `most` connections, and policies of these names. */
export function createTemplates(most: number, policies: readonly string[]): Templates {
  const list: Template[] = []
  /** By template. */
  const policyNumbers: number[] = []
  /** Of each entry. */
  let numbers = new Uint16Array(0)
  /** Of those that announced them. */
  let announcers = new Uint16Array(0)
  const nameOf = (number: number): string => (number === 0 ? '' : list[number - 1].helper)

  function withoutHelper(number: number): number {
    if (number === 0 || list[number - 1].helper === '') return number
    const { timeout } = list[number - 1]
    return timeout === '' ? 0 : templates.add({ helper: '', timeout })
  }

  const templates: Templates = {
    isOn: false,
    add(template) {
      const { helper, timeout } = template
      if (timeout !== '' && !policies.includes(timeout))
        throw new RuleError(
          `--timeout ${timeout}: no such policy, expected ${policies.join(' or ') || 'none'}`,
        )
      if (!templates.isOn) {
        templates.isOn = true
        numbers = new Uint16Array(most + 1)
        announcers = new Uint16Array(most + 1)
      }
      const known = list.findIndex((one) => one.helper === helper && one.timeout === timeout)
      if (known !== -1) return known + 1
      policyNumbers.push(policies.indexOf(timeout) + 1)
      return list.push(template)
    },
    begin(entry, template) {
      numbers[entry / ENTRY_WORDS] = template
      announcers[entry / ENTRY_WORDS] = 0
    },
    expect(entry, master) {
      announcers[entry / ENTRY_WORDS] = numbers[master / ENTRY_WORDS]
      numbers[entry / ENTRY_WORDS] = withoutHelper(numbers[entry / ENTRY_WORDS])
    },
    helperOf: (entry) => (templates.isOn ? nameOf(numbers[entry / ENTRY_WORDS]) : ''),
    announcerOf: (entry) => (templates.isOn ? nameOf(announcers[entry / ENTRY_WORDS]) : ''),
    policyOf(entry) {
      const number = numbers[entry / ENTRY_WORDS]
      return number === 0 ? 0 : policyNumbers[number - 1]
    },
  }
  return templates
}
