/** `-p sctp -m sctp`: ports and chunks of SCTP (RFC 9260). Parsed and printed, not decided. */
import { CHUNK_NAMES, PROTOCOL } from '../../wire/sctp.js'
import type { MatchExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import { RuleError } from '../rule-error.js'
import { readPorts, savePortsInFull } from './ports.js'

/** Chunk → the letters of its flags, the highest bit first, where it has any. */
const FLAGS: Readonly<Record<string, string>> = {
  DATA: 'IUBE',
  ABORT: 'T',
  SHUTDOWN_COMPLETE: 'T',
  I_DATA: 'IUBE',
}
/** In the order of their numbers, as they are printed. */
const CHUNKS: ReadonlyMap<string, string> = new Map(
  [...CHUNK_NAMES.values()].map((name) => [name, FLAGS[name] ?? '']),
)

/** The sctp match. */
export const sctp: MatchExtension = {
  name: 'sctp',
  protocols: [PROTOCOL],
  options: {
    sport: { argument: 'PORT[:PORT]', negatable: true, aliases: ['source-port'] },
    dport: { argument: 'PORT[:PORT]', negatable: true, aliases: ['destination-port'] },
    'chunk-types': { argument: 'all|any|only CHUNK[:FLAGS][,…]', arguments: 2, negatable: true },
  },
  read(given) {
    const parts = [
      savePortsInFull('sport', readPorts(given.option('sport'))),
      savePortsInFull('dport', readPorts(given.option('dport'))),
      saveChunks(given.option('chunk-types')),
    ]
    return { name: 'sctp', text: parts.filter((part) => part !== '').join(' ') }
  },
}

function saveChunks(given: GivenOption | null): string {
  if (given === null) return ''
  const [how, list] = given.value.split(' ')
  const scope = how.toLowerCase()
  if (!['all', 'any', 'only'].includes(scope))
    throw new RuleError(`--chunk-types ${how}: expected all, any or only`)
  return `${given.negated ? '! ' : ''}--chunk-types ${scope} ${canonicalList(list)}`
}

/** Each chunk once, by number, with all the flags that were named with it. */
function canonicalList(list: string): string {
  if (/^(all|none)$/i.test(list)) return list.toUpperCase()
  const asked = new Map<string, string>()
  for (const part of list.split(',')) {
    if (part === '') continue
    const { name, flags } = parseChunk(part)
    asked.set(name, (asked.get(name) ?? '') + flags)
  }
  const texts = [...CHUNKS].flatMap(([name, flags]) =>
    asked.has(name) ? [chunkText(name, canonicalFlags(flags, asked.get(name)!))] : [],
  )
  return texts.length === 0 ? 'NONE' : texts.join(',')
}

function chunkText(name: string, flags: string): string {
  return flags === '' ? name : `${name}:${flags}`
}

function parseChunk(text: string): { name: string; flags: string } {
  const colon = text.indexOf(':')
  const name = (colon === -1 ? text : text.slice(0, colon)).toUpperCase()
  const flags = colon === -1 ? '' : text.slice(colon + 1)
  const known = CHUNKS.get(name)
  if (known === undefined)
    throw new RuleError(`--chunk-types ${text}: expected ${[...CHUNKS.keys()].join(', ')}, ALL or NONE`)
  for (const flag of flags)
    if (!known.includes(flag.toUpperCase()))
      throw new RuleError(`--chunk-types ${text}: ${name} has ${known === '' ? 'no flags' : known}`)
  return { name, flags }
}

/** A capital letter asks for a set flag, a small one for one that is not; of both, the capital counts. */
function canonicalFlags(known: string, asked: string): string {
  return known
    .split('')
    .map((flag) =>
      asked.includes(flag) ? flag : asked.includes(flag.toLowerCase()) ? flag.toLowerCase() : '',
    )
    .join('')
}
