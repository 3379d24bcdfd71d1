import t from 'tap'
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { folderFor } from '../captures.js'
import { fileOf, readCapture } from './files.js'
import { answer, big, hello, little } from './samples.js'

/** What another process sees of a capture on its standard input, as text. */
const SCRIPT = `
  const { END, STARVED, openCapture, windowBytes } = await import(process.argv[1])
  const { Memory } = await import(process.argv[2])
  let [count, bytes] = [0, 0]
  process.stderr.write('ready')
  try {
    const reader = await openCapture('-', new Memory(windowBytes()))
    for (let state = reader.next(); state !== END; state = reader.next())
      if (state === STARVED) await reader.fill()
      else [count, bytes] = [count + 1, bytes + reader.capturedLength]
    await reader.close()
    console.log(reader.path, reader.format, count, bytes, reader.size, reader.bytesRead(), reader.flaw)
  } catch (error) {
    console.log(error.name + ': ' + error.message)
  }`

const moduleUrl = (path: string): string => pathToFileURL(join('dist/src', path)).href
const OPTIONS = [
  '--input-type=module',
  '-e',
  SCRIPT,
  moduleUrl('io/capture-reader.js'),
  moduleUrl('packet/memory.js'),
]

/** Hands it these bytes through a pipe, or the file of this name. */
function readInChild(input: Buffer | string, flags = 'r'): string {
  if (typeof input !== 'string')
    return spawnSync(process.execPath, OPTIONS, { input, encoding: 'utf8' }).stdout.trim()
  const file = openSync(input, flags)
  const { stdout } = spawnSync(process.execPath, OPTIONS, {
    stdio: [file, 'pipe', 'ignore'],
    encoding: 'utf8',
  })
  closeSync(file)
  return stdout.trim()
}

t.test('standard input: a pipe, compressed or not, and a file', async (t) => {
  const record = little.record({ frame: answer })
  const many = Buffer.concat([little.pcap(), ...new Array<Buffer>(3000).fill(record)])
  const expected = `- pcap 3000 ${3000 * 1514} null`
  t.equal(readInChild(many), `${expected} ${many.length} null`)
  const zipped = gzipSync(many)
  t.equal(readInChild(zipped), `${expected} ${zipped.length} null`)
  t.equal(
    readInChild(many.subarray(0, -1)),
    `- pcap 2999 ${2999 * 1514} null ${many.length - 1} -: offset ${many.length - 1530}: ` +
      'cut in a record: 1529 bytes of at least 1530',
  )
  t.equal(readInChild(Buffer.alloc(0)), 'CaptureError: -: empty, expected a pcap or pcapng file')

  const path = fileOf(folderFor(t), 'many.pcap', many)
  t.equal(readInChild(path, 'r'), `${expected} ${many.length} null`)
  t.match(readInChild(path, 'a'), /^CaptureError: -: EBADF/, 'open, but not for reading')
})

t.test('standard input that comes byte by byte, compressed', async (t) => {
  const whole = gzipSync(Buffer.concat([big.section(), big.interface(0), big.enhanced({ frame: hello })]))
  const child = spawn(process.execPath, OPTIONS, { stdio: ['pipe', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  await new Promise((done) => child.stderr.once('data', done))
  for (const [i, byte] of whole.entries()) {
    child.stdin.write(Buffer.of(byte))
    // Long enough, for the first ones, that each is read by itself.
    await sleep(i < 3 ? 50 : 0)
  }
  child.stdin.end()
  await new Promise((done) => child.on('close', done))
  t.equal(text.trim(), `- pcapng 1 61 null ${whole.length} null`)
})

t.test('standard output: what a writer writes there, and a reader that goes away', async (t) => {
  const script = `
    const { PcapWriter } = await import(process.argv[1])
    const { Memory } = await import(process.argv[2])
    const memory = new Memory(1 << 20)
    const writer = new PcapWriter('-', memory)
    const at = memory.reserve(1000)
    try {
      for (let i = 0; i < 5000; i++) writer.write(at, 1000, 1000, i, 0)
      writer.close()
    } catch (error) {
      process.stderr.write(error.code)
    }`
  const modules = [moduleUrl('io/pcap-writer.js'), moduleUrl('packet/memory.js')]
  const options = ['--input-type=module', '-e', script, ...modules]
  const { stdout, stderr } = spawnSync(process.execPath, options, { maxBuffer: 1 << 26 })
  const seen = await readCapture(fileOf(folderFor(t), 'out.pcap', stdout))
  t.same([seen.records.length, seen.flaw, String(stderr)], [5000, null, ''])

  // A pipe that does not block is full now and then.
  const notBlocking = `await import('node:net').then(({ Socket }) => new Socket({ fd: 1, readable: false }))`
  const impatient = ['--input-type=module', '-e', `${notBlocking}\n${script}`, ...modules]
  const other = spawnSync(process.execPath, impatient, { maxBuffer: 1 << 26 })
  t.same([other.stdout.equals(stdout), String(other.stderr)], [true, ''])

  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  child.stdout.once('data', () => child.stdout.destroy())
  await new Promise((done) => child.on('close', done))
  t.equal(said, 'EPIPE')
})
