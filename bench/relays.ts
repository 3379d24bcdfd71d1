/** Switches between two TAPs, to hold a live bridge against: a relay in C, VDE, Open vSwitch. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BenchError } from '../src/control/bench/command.js'
import type { Contender } from '../src/control/bench/contender.js'
import type { Host } from '../src/control/bench/setting.js'
import type { Spaces } from '../src/control/bench/spaces.js'
import { isInstalled } from '../src/control/bench/tools.js'

/** Begins to switch between TAPs of these names, which it makes in the namespace of the switch. */
type Begin = (spaces: Spaces, devices: readonly string[]) => Promise<void>

function contender(name: string, begin: Begin): Contender {
  return {
    name,
    async start(spaces, { hosts }) {
      await begin(
        spaces,
        hosts.map(({ device }) => device),
      )
      for (const host of hosts) await giveDevice(spaces, host)
      return { means: null, passed: async () => null, drops: async () => [], stop: async () => {} }
    },
  }
}

/** A device may still be about to be made: waited for are five seconds. */
const [TRIES, BETWEEN] = [250, 20]

async function giveDevice(spaces: Spaces, { place, device }: Host): Promise<void> {
  const command = ['ip', 'link', 'set', device, 'netns', spaces.name(place)]
  for (let tries = 1; ; tries++) {
    const { status, stderr } = await spaces.attempt('switch', command)
    if (status === 0) break
    if (tries === TRIES) throw new BenchError(`${command.join(' ')}: ${stderr}`)
    await sleep(BETWEEN)
  }
  await spaces.run(place, ['ip', 'link', 'set', device, 'up'])
}

/** c/tap-relay.c, compiled at its first start; with offload segments of 64 KiB cross it whole. */
export function relayInC(offload: boolean): Contender {
  return contender('C relay', async (spaces, devices) => {
    const program = join(spaces.folder, 'tap-relay')
    compileRelay(program)
    spaces.start('switch', [program, ...devices, ...(offload ? ['offload'] : [])])
  })
}

function compileRelay(program: string): void {
  if (existsSync(program)) return
  const source = fileURLToPath(new URL('../../bench/c/tap-relay.c', import.meta.url))
  execFileSync('gcc', ['-O2', source, '-o', program, '-luring'])
}

/** VDE's switch. */
export const vde = contender('vde', async (spaces, devices) => {
  const folder = mkdtempSync(join(spaces.folder, 'vde-'))
  spaces.start('switch', ['vde_switch', '-s', folder, ...devices.flatMap((device) => ['-t', device])])
})

const OVS_SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema'

/** Open vSwitch with its datapath in userspace. */
export const ovs = contender('ovs', async (spaces, devices) => {
  const folder = join(spaces.folder, 'ovs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const [database, socket] = [join(folder, 'conf.db'), `unix:${join(folder, 'db.sock')}`]
  const inFolder = (...command: string[]): string[] => ['env', `OVS_RUNDIR=${folder}`, ...command]
  const control = (...words: string[]): string[] =>
    inFolder('ovs-vsctl', `--db=${socket}`, '--retry', '--timeout=10', ...words)
  await spaces.run('switch', ['ovsdb-tool', 'create', database, OVS_SCHEMA])
  spaces.start('switch', inFolder('ovsdb-server', database, `--remote=p${socket}`))
  await spaces.run('switch', control('--no-wait', 'init'))
  spaces.start('switch', inFolder('ovs-vswitchd', '--disable-system', socket))
  const ports = devices.flatMap((device) => [
    ...['--', 'add-port', 'switch', device],
    ...['--', 'set', 'interface', device, 'type=tap'],
  ])
  await spaces.run(
    'switch',
    control('add-br', 'switch', '--', 'set', 'bridge', 'switch', 'datapath_type=netdev', ...ports),
  )
})

/** Those of VDE and Open vSwitch that are installed; which one is not is said. */
export function installedSwitches(): Contender[] {
  const programs = [
    { contender: vde, needs: 'vde_switch' },
    { contender: ovs, needs: 'ovs-vswitchd' },
  ]
  return programs.flatMap(({ contender: one, needs }) => {
    if (isInstalled(needs)) return [one]
    process.stderr.write(`${needs} is not installed: ${one.name} takes no part\n`)
    return []
  })
}
