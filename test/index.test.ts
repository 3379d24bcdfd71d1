import t from 'tap'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What the README promises, run as a user would: by the package's name. */
function runExample(code: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
}

t.test('the library is imported by its name, and replays', async (t) => {
  const printed = runExample(`
    import { replay, reportText } from 'br100'
    const report = await replay({ inputs: [{ port: 'eth2', path: 'pcaps/golden/boot/c1-eth2.in.pcap' }] })
    console.log(report.ports.eth2.rxFrames, reportText(report, 'br0').includes('br0: '))
  `)
  t.equal(printed, '51 true\n')
})

t.test('frames are read from a capture, checked and printed', async (t) => {
  const printed = runExample(`
    import { Memory, OK, RECORD, STARVED, ethernet, ipv4, openCapture, printFrame, windowBytes } from 'br100'
    const memory = new Memory(windowBytes())
    const reader = await openCapture('pcaps/golden/boot/c1-vnet1.in.pcap', memory)
    let state = reader.next()
    while (state === STARVED) { await reader.fill(); state = reader.next() }
    const { frameAt: at, capturedLength: length } = reader
    const b = memory.bytes
    console.log(state === RECORD, ethernet.etherType(b, at).toString(16), ipv4.check(b, at + 14, at + length) === OK)
    console.log(printFrame(b, at, length))
    await reader.close()
  `)
  t.match(
    printed,
    /^true 800 true\nIP 0\.0\.0\.0\.68 > 255\.255\.255\.255\.67: BOOTP\/DHCP, Request from fa:16:3e:06:5c:27/,
  )
})

t.test('connections are tracked on bare packets', async (t) => {
  const printed = runExample(`
    import { INPUT, PREROUTING, connectionLines, createConntrack, createWorld, anonymousNode, compile, describePacket,
      parseRules, SILENT } from 'br100'
    const connections = createConntrack({ verifiesChecksums: false, timeouts: { udp_timeout: 77 } })
    const rules = parseRules('rules', Buffer.from('*filter\\n-A INPUT -m state --state NEW\\nCOMMIT\\n'))
    const engine = compile(rules, createWorld(anonymousNode('br0'), new Map(), SILENT, connections))
    const packet = describePacket({ source: 0x0a000002, destination: 0x0a000001, protocol: 17, sourcePort: 9 })
    for (const hook of [PREROUTING, INPUT]) engine.judge(hook, packet)
    console.log(connectionLines(connections, packet.now)[0], engine.rules.tables.get('filter').chains.get('INPUT').rules[0].packets)
  `)
  t.match(printed, /^udp {6}17 77 src=10\.0\.0\.2 dst=10\.0\.0\.1 sport=9 .* \[UNREPLIED\] .* 1\n$/)
})

t.test('every public name is there', async (t) => {
  const names = [
    ...readFileSync('src/index.ts', 'utf8').matchAll(/^export (?:\{([^}]*)\}|\* as (\w+))/gm),
  ].flatMap(([, list, one]) =>
    one === undefined ? list.split(',').map((name) => name.trim().replace(/^.* as /, '')) : [one],
  )
  const exported = Object.keys(await import('../src/index.js'))
  t.same(exported.sort(), names.filter((name) => name !== '').sort())
  t.ok(exported.length > 30)
})
