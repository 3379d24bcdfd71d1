/**
 * `-m owner`: whose socket the packet comes from. Packets here come from no sockets: the match is read and
 * printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { OUTPUT, POSTROUTING } from '../hook.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'

/** As iptables-save prints them. */
const OPTIONS = ['socket-exists', 'uid-owner', 'gid-owner', 'suppl-groups']
/** The number above means nobody. */
const GREATEST = 0xffff_fffe

/** The owner match. */
export const owner: MatchExtension = {
  name: 'owner',
  hooks: [OUTPUT, POSTROUTING],
  options: {
    'uid-owner': { argument: 'UID[-UID]', negatable: true },
    'gid-owner': { argument: 'GID[-GID]', negatable: true },
    'socket-exists': { argument: null, negatable: true },
    'suppl-groups': { argument: null },
  },
  read(given) {
    checkGroups(given)
    const options = OPTIONS.flatMap((name) => given.option(name) ?? [])
    if (options.length === 0)
      throw new RuleError('owner: expected --uid-owner, --gid-owner or --socket-exists')
    return { name: 'owner', text: options.map(saveOption).join(' ') }
  },
}

/** `--suppl-groups` says more of the `--gid-owner` before it. */
function checkGroups({ options }: Given): void {
  const at = options.findIndex(({ name }) => name === 'suppl-groups')
  if (at !== -1 && !options.slice(0, at).some(({ name }) => name === 'gid-owner'))
    throw new RuleError('--suppl-groups: expected --gid-owner before it')
}

function saveOption(option: GivenOption): string {
  const { name, negated } = option
  const range = name.endsWith('-owner') ? ` ${saveRange(option)}` : ''
  return `${negated ? '! ' : ''}--${name}${range}`
}

/** By number; of names only root's is the same everywhere. */
function saveRange({ name, value }: GivenOption): string {
  if (value === 'root') return '0'
  const [least, greatest = least, ...rest] = value.split('-').map((one) => parseId(one, name))
  if (least > greatest || rest.length > 0)
    throw new RuleError(`--${name} ${value}: expected a number, LEAST-GREATEST or root`)
  return least === greatest ? String(least) : `${least}-${greatest}`
}

function parseId(text: string, option: string): number {
  return parseNumber(text, `--${option}`, 0, GREATEST)
}
