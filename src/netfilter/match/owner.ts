/** `-m owner`: whose process sent the packet. Read and printed only: packets here have no process. */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { OUTPUT, POSTROUTING } from '../hook.js'
import { wholeNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'

/** The number after it means no one. */
const GREATEST_ID = 0xfffffffe

/** The owner match. */
export const owner: MatchExtension = {
  name: 'owner',
  hooks: [OUTPUT, POSTROUTING],
  options: {
    'uid-owner': { argument: 'USER[-USER]', negatable: true },
    'gid-owner': { argument: 'GROUP[-GROUP]', negatable: true },
    'socket-exists': { argument: null, negatable: true },
    'suppl-groups': { argument: null },
  },
  read(given) {
    const parts = [
      ...saveOption(given.option('socket-exists'), () => ''),
      ...saveOption(given.option('uid-owner'), idsText),
      ...saveOption(given.option('gid-owner'), idsText),
      ...saveOption(supplementary(given), () => ''),
    ]
    if (parts.length === 0)
      throw new RuleError('owner: expected --uid-owner, --gid-owner, --socket-exists or several of them')
    return { name: 'owner', text: parts.join(' ') }
  },
}

function saveOption(given: GivenOption | null, value: (given: GivenOption) => string): string[] {
  return given === null ? [] : [`${given.negated ? '! ' : ''}--${given.name} ${value(given)}`.trimEnd()]
}

function supplementary(given: Given): GivenOption | null {
  const names = given.options.map(({ name }) => name)
  const at = names.indexOf('suppl-groups')
  if (at !== -1 && !names.slice(0, at).includes('gid-owner'))
    throw new RuleError('--suppl-groups: expected --gid-owner before it')
  return given.option('suppl-groups')
}

/** Of the names only root's is known: all others are numbers that each machine gives. */
function idsText({ name, value }: GivenOption): string {
  if (value === 'root') return '0'
  const [least, greatest = least, ...rest] = value.split(/[-:]/).map(parseId)
  if (least === null || greatest === null || least > greatest || rest.length > 0)
    throw new RuleError(`--${name} ${value}: expected a number, LEAST-GREATEST or root`)
  return least === greatest ? String(least) : `${least}-${greatest}`
}

function parseId(text: string): number | null {
  const id = wholeNumber(text)
  return id === null || id > GREATEST_ID ? null : id
}
