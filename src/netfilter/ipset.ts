/**
 * Sets from a file as `ipset save` prints it:
 *
 *   create NAME hash:ip|hash:net|hash:ip,port family inet hashsize 1024 maxelem 65536 …
 *   add NAME 10.0.0.1 · add NAME 10.0.0.0/8 nomatch · add NAME 10.0.0.1,tcp:80
 */
import { createIpPortSet, createIpSet, createNetSet } from './address-sets.js'
import type { FilledSet } from './address-sets.js'
import { maskOf, parseNumber } from './numbers.js'
import { RuleError, RulesError } from './rule-error.js'
import type { Mistake } from './rule-error.js'
import type { AddressSet } from './runtime.js'
import { splitWords } from './words.js'

const LONGEST_NAME = 31
const LONGEST_LINE = 1024
const USUAL_MAXELEM = 65_536
const GREATEST = 0xffffffff
/** A file with more mistakes is of another kind: the first are told. */
const MOST_MISTAKES = 100
const TYPES = ['hash:ip', 'hash:net', 'hash:ip,port']

/** Options of `create` with a value. Those that shape the kernel's table are read and left out. */
const VALUED = ['family', 'hashsize', 'maxelem', 'timeout', 'bucketsize', 'initval']
/** Options without. Counters are not kept: a set with them is refused. */
const FLAGS = ['comment', 'forceadd']

/** A set while it is read. */
interface OpenSet extends FilledSet {
  maxelem: number
  /** Options that an entry may have, with a value. */
  entryOptions: readonly string[]
}

/**
 * Reads the sets of a file. Throws a RulesError that has every mistake, each with its line. Entries with a timeout
 * stay for good: the file does not say when it was written.
 */
export function readSets(path: string, bytes: Uint8Array): Map<string, AddressSet> {
  const open = new Map<string, OpenSet>()
  const mistakes: Mistake[] = []
  let line = 0
  for (const text of linesOf(bytes)) {
    line++
    try {
      readLine(text, open)
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      mistakes.push({ line, message: error.message })
      if (mistakes.length === MOST_MISTAKES) break
    }
  }
  if (mistakes.length > 0) throw new RulesError(path, mistakes)
  return new Map([...open].map(([name, { set }]) => [name, set]))
}

/** A longer line is cut, and so refused, before it becomes a string. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < buffer.length;) {
    const newline = buffer.indexOf(10, at)
    const end = newline === -1 ? buffer.length : newline
    yield buffer.toString('utf8', at, Math.min(end, at + LONGEST_LINE + 1))
    at = end + 1
  }
}

function readLine(text: string, open: Map<string, OpenSet>): void {
  if (text.length > LONGEST_LINE) throw new RuleError(`expected a line of at most ${LONGEST_LINE} bytes`)
  const [command = '#', ...words] = splitWords(text.trimEnd())
  if (command.startsWith('#') || command === 'COMMIT') return
  if (command === 'create') return createSet(words, open)
  if (command === 'add') return addEntry(words, open)
  throw new RuleError(`${command}: expected create or add`)
}

function createSet([name = '', type = '', ...words]: string[], open: Map<string, OpenSet>): void {
  if (name === '' || Buffer.byteLength(name) > LONGEST_NAME)
    throw new RuleError(`create ${name}: expected a name of at most ${LONGEST_NAME} bytes`)
  if (open.has(name)) throw new RuleError(`create ${name}: there is a set of this name already`)
  if (!TYPES.includes(type)) throw new RuleError(`create ${name} ${type}: expected ${TYPES.join(', ')}`)
  const options = readOptions(words, type === 'hash:ip' ? [...VALUED, 'netmask'] : VALUED, FLAGS)
  const family = options.get('family') ?? 'inet'
  if (family !== 'inet') throw new RuleError(`family ${family}: expected inet`)
  for (const ignored of ['hashsize', 'bucketsize', 'initval', 'timeout'])
    numberOf(options, ignored, 0, GREATEST, 0)
  open.set(name, {
    ...emptySet(name, type, maskOf(numberOf(options, 'netmask', 1, 32, 32))),
    maxelem: numberOf(options, 'maxelem', 1, GREATEST, USUAL_MAXELEM),
    entryOptions: ['timeout', 'comment'].filter((option) => options.has(option)),
  })
}

function emptySet(name: string, type: string, mask: number): FilledSet {
  if (type === 'hash:ip') return createIpSet(name, mask)
  return type === 'hash:net' ? createNetSet(name) : createIpPortSet(name)
}

function addEntry([name = '', entry = '', ...words]: string[], open: Map<string, OpenSet>): void {
  const found = open.get(name)
  if (found === undefined) throw new RuleError(`add ${name}: expected the name of a set created before`)
  const { table, maxelem, entryOptions } = found
  const options = readOptions(words, entryOptions, found.hasNomatch ? ['nomatch'] : [])
  numberOf(options, 'timeout', 0, GREATEST, 0)
  const { count } = table
  if (count === maxelem)
    throw new RuleError(`add ${name} ${entry}: the set is full, expected at most ${maxelem} entries`)
  found.add(entry, options.has('nomatch'))
  if (table.count === count) throw new RuleError(`add ${name} ${entry}: it is in the set already`)
}

/** Option → its value, '' for a flag. */
function readOptions(
  words: readonly string[],
  valued: readonly string[],
  flags: readonly string[],
): Map<string, string> {
  const options = new Map<string, string>()
  for (let i = 0; i < words.length; i++) {
    const option = words[i]
    const isFlag = flags.includes(option)
    if (!isFlag && (!valued.includes(option) || i + 1 === words.length))
      throw new RuleError(`${option}: expected ${[...valued, ...flags].join(', ') || 'nothing more'}`)
    options.set(option, isFlag ? '' : words[++i])
  }
  return options
}

function numberOf(
  options: ReadonlyMap<string, string>,
  option: string,
  least: number,
  greatest: number,
  otherwise: number,
): number {
  const value = options.get(option)
  return value === undefined ? otherwise : parseNumber(value, option, least, greatest)
}
