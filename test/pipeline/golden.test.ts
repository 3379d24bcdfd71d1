/**
 * A whole deployment, recorded between kernels (pcaps/README.md): what came in by the ports of its compute nodes is
 * replayed through the rules that nova wrote there. What leaves, every counter, the connections and the forwarding
 * database must be the kernel's.
 */
import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import { replay } from '../../src/pipeline/replay.js'
import type { ReplayReport } from '../../src/pipeline/replay.js'
import { formatMac } from '../../src/wire/address.js'
import { folderFor, readPcap } from '../captures.js'

const PORTS = ['eth2', 'vnet0', 'vnet1']

const lines = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')

/** Neither how long a connection is kept yet, nor what the kernel's program says of its memory. */
function timeless(line: string): string {
  return line.replace(/^(\w+ +\d+) \d+/, '$1').replace(/ use=\d+$/, '')
}

function stationsOf(path: string): string[] {
  return lines(path)
    .filter((line) => line.includes('master') && !line.includes('permanent'))
    .map((line) => line.replace(/^(\S+) dev (\S+) .*/, '$1 $2'))
    .toSorted()
}

async function replayed(base: string, out: string): Promise<ReplayReport> {
  const inputs = PORTS.map((port) => ({ port, path: `${base}-${port}.in.pcap` })).filter(({ path }) =>
    existsSync(path),
  )
  const rules = parseRules('rules', readFileSync(`${base}.rules`))
  return replay({ inputs, out, debug: true, netfilter: { rules } })
}

for (const phase of ['boot', 'floating'] as const)
  for (const node of ['c1', 'c2'] as const)
    t.test(`${phase}, ${node}: as the kernel had it`, async (t) => {
      const base = `pcaps/golden/${phase}/${node}`
      const out = folderFor(t)
      const report = await replayed(base, out)
      for (const port of Object.keys(report.ports)) {
        const hex = (path: string): string[] => readPcap(path).map(({ frame }) => frame.toString('hex'))
        t.strictSame(hex(join(out, `${port}.pcap`)), hex(`${base}-${port}.out.pcap`), `what left by ${port}`)
      }
      const counters = [...saveLines(report.rules!, { counters: true })].filter(
        (line) => !line.startsWith('#'),
      )
      t.strictSame(
        counters,
        lines(`${base}.counters`).filter((line) => !line.startsWith('#')),
        'counters',
      )
      t.strictSame(
        report.connections!.map(timeless).toSorted(),
        lines(`${base}.conntrack`).map(timeless).toSorted(),
        'connections',
      )
      const stations = report.fdb.map(({ mac, port }) => `${formatMac(mac, 0)} ${port}`)
      t.strictSame(stations.toSorted(), stationsOf(`${base}.fdb`), 'stations')
    })
