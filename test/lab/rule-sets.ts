/** Rule sets from the wild, made such that they can be compared: without what remembers or keeps time. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BRIDGE } from './bridge-under-test.js'

/** Connections, time and tables of what was seen: these rules are taken out. */
const STATEFUL =
  /-m (state|conntrack|connmark|connlimit|connbytes|helper|limit|hashlimit|recent|time|set|owner)\b|-j (CT|NOTRACK|CONNMARK|SNAT|DNAT|MASQUERADE|REDIRECT|NETMAP)\b|--mode random/

/** File name → lines for iptables-restore, of every set in the folder. */
export function realRuleSets(folder: string): Map<string, string[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.rules'))
  return new Map(files.map((name) => [name, comparableLines(readFileSync(join(folder, name), 'utf8'))]))
}

/** The first interface of the set becomes the bridge: nothing passes by another one. */
function comparableLines(text: string): string[] {
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !STATEFUL.test(line))
  const nat = lines.indexOf('*nat')
  if (nat !== -1) lines.splice(nat, lines.indexOf('COMMIT', nat) - nat + 1)
  return lines.map((line) => line.replace(/(-[io]) eth0\b/, `$1 ${BRIDGE}`))
}
