/** Metrics of a live bridge, as they are scraped. */
import t from 'tap'
import { serveMetrics } from '../../src/control/metrics-server.js'
import type { LiveCounters } from '../../src/pipeline/live-counters.js'

const COUNTED: LiveCounters = {
  ports: {
    tapA: { rxFrames: 3, rxBytes: 300, txFrames: 1, txBytes: 100 },
    'b"\\': { rxFrames: 0, rxBytes: 0, txFrames: 2 ** 40, txBytes: 1 },
  },
  forwarded: 1,
  flooded: 0,
  delivered: 0,
  dropped: 2,
  drops: { 'filter FORWARD: -m comment --comment "a \\"b\\"" -j DROP': 2 },
  stations: 2,
  connections: 7,
  tables: [{ table: 'filter', packets: 9, bytes: 900 }],
  policies: [{ table: 'filter', chain: 'FORWARD', policy: 'ACCEPT', packets: 1, bytes: 84 }],
  rules: [9, 900],
  rulesNumber: 1,
}

/** Samples by name and labels, from the text of an exposition. */
function samplesOf(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

t.test('one scrape after another', async (t) => {
  let counted = COUNTED
  const port = 20_000 + (process.pid % 20_000)
  const server = await serveMetrics({ address: '127.0.0.1', port }, 'br7', async () => {
    if (counted === null) throw new Error('the bridge has stopped')
    return counted
  })
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${port}/metrics`
  const response = await fetch(url)
  t.match(response.headers.get('content-type'), /^text\/plain; version=0.0.4/)
  const text = await response.text()
  t.match(
    text,
    '# HELP br100_dropped_frames_total Frames and copies dropped, by reason.\n# TYPE br100_dropped_frames_total counter\n',
  )
  t.strictSame(samplesOf(text), {
    'br100_port_received_frames_total{port="tapA",bridge="br7"}': 3,
    'br100_port_received_frames_total{port="b\\"\\\\",bridge="br7"}': 0,
    'br100_port_received_bytes_total{port="tapA",bridge="br7"}': 300,
    'br100_port_received_bytes_total{port="b\\"\\\\",bridge="br7"}': 0,
    'br100_port_transmitted_frames_total{port="tapA",bridge="br7"}': 1,
    'br100_port_transmitted_frames_total{port="b\\"\\\\",bridge="br7"}': 2 ** 40,
    'br100_port_transmitted_bytes_total{port="tapA",bridge="br7"}': 100,
    'br100_port_transmitted_bytes_total{port="b\\"\\\\",bridge="br7"}': 1,
    'br100_frames_total{fate="forwarded",bridge="br7"}': 1,
    'br100_frames_total{fate="flooded",bridge="br7"}': 0,
    'br100_frames_total{fate="delivered",bridge="br7"}': 0,
    'br100_frames_total{fate="dropped",bridge="br7"}': 2,
    'br100_dropped_frames_total{reason="filter FORWARD: -m comment --comment \\"a \\\\\\"b\\\\\\"\\" -j DROP",bridge="br7"}': 2,
    'br100_fdb_entries{bridge="br7"}': 2,
    'br100_conntrack_entries{bridge="br7"}': 7,
    'br100_chain_policy_packets_total{table="filter",chain="FORWARD",bridge="br7"}': 1,
    'br100_chain_policy_bytes_total{table="filter",chain="FORWARD",bridge="br7"}': 84,
    'br100_table_rules_packets_total{table="filter",bridge="br7"}': 9,
    'br100_table_rules_bytes_total{table="filter",bridge="br7"}': 900,
  })
  counted = { ...COUNTED, forwarded: 2, connections: null, policies: [], tables: [] }
  const second = samplesOf(await (await fetch(url)).text())
  t.equal(
    second['br100_frames_total{fate="forwarded",bridge="br7"}'],
    2,
    'not added to what was scraped before',
  )
  t.notOk(Object.keys(second).some((name) => /conntrack|chain|table/.test(name)))
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404)
  t.equal((await fetch(url, { method: 'POST' })).status, 405)
  t.strictSame(await (await fetch(url, { method: 'HEAD' })).text(), '')
  counted = null as unknown as LiveCounters
  const failed = await fetch(url)
  t.strictSame([failed.status, await failed.text()], [503, 'the bridge has stopped\n'])
  await t.rejects(
    serveMetrics({ address: '127.0.0.1', port }, 'br8', async () => COUNTED),
    { code: 'EADDRINUSE' },
  )
})
