/** Rules of the house that the code itself can be asked about. */
import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Folder of src → folders it may import from, beside itself. */
const MAY_IMPORT: Record<string, string[]> = {
  wire: [],
  packet: ['wire'],
  core: ['packet', 'wire'],
  io: ['core', 'packet', 'wire'],
  bridge: ['core', 'packet', 'wire'],
  netfilter: ['core', 'packet', 'wire'],
  pipeline: ['netfilter', 'bridge', 'io', 'core', 'packet', 'wire'],
  control: ['pipeline', 'netfilter', 'bridge', 'io', 'core', 'packet', 'wire'],
  inspect: ['control', 'pipeline', 'netfilter', 'bridge', 'io', 'core', 'packet', 'wire'],
  cli: ['inspect', 'control', 'pipeline', 'netfilter', 'bridge', 'io', 'core', 'packet', 'wire'],
}

/** The folder of src that a file is in, however deep. */
const room = (file: string): string => file.split('/')[0]

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => ({ file, text: readFileSync(join('src', file), 'utf8') }))

function importsOf({ file, text }: { file: string; text: string }): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)\.js'/g)].map((match) =>
    normalize(join(dirname(file), `${match[1]}.ts`)),
  )
}

t.test('imports go one way', async (t) => {
  t.ok(files.length > 20)
  for (const one of files) {
    const folder = room(one.file)
    if (folder === one.file) continue
    const allowed = MAY_IMPORT[folder]
    t.ok(allowed, `${folder} is a folder of the house`)
    for (const imported of importsOf(one)) {
      const from = room(imported)
      t.ok(from === folder || allowed.includes(from), `${one.file} imports ${imported}`)
    }
  }
})

t.test('no import goes round in a circle', async (t) => {
  const graph = new Map(files.map((one) => [one.file, importsOf(one)]))
  const done = new Set<string>()
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) t.fail(`circle: ${[...path, file].join(' → ')}`)
    if (done.has(file) || path.includes(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const { file } of files) visit(file, [])
  t.ok(files.every(({ file }) => done.has(file)))
})

t.test('the clock is read in core alone', async (t) => {
  for (const { file, text } of files)
    if (!file.startsWith('core/')) t.notMatch(text, /Date\.now\(|performance\.now\(|hrtime/, file)
})

t.test('nothing slow or allocating in the codecs', async (t) => {
  for (const { file, text } of files)
    if (/^(wire|packet|bridge)\//.test(file))
      t.notMatch(text, /\.(read|write)U?Int|new DataView|BigInt\(/, file)
})

t.test('every exported name is documented', async (t) => {
  for (const { file, text } of files) {
    const lines = text.split('\n')
    lines.forEach((line, i) => {
      if (/^export (async )?(function|const|class|interface|type) [^{]/.test(line))
        t.match(lines[i - 1], /\*\/$/, `src/${file}:${i + 1}: ${line}`)
    })
  }
})
