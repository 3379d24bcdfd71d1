/** Rule sets from the wild, made such that they can be compared: without what keeps time, or is there on some machines only. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BRIDGE } from './bridge-under-test.js'

/** Time, tables of what was seen and chance: these rules are taken out, and helpers other than FTP's and TFTP's. */
const NOT_COMPARED =
  /-m (limit|hashlimit|recent|time|set|owner)\b|-j CT --helper (?!t?ftp\b)|--mode random|--random/

/** File name → lines for iptables-restore, of every set in the folder. */
export function realRuleSets(folder: string): Map<string, string[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.rules'))
  return new Map(files.map((name) => [name, comparableLines(readFileSync(join(folder, name), 'utf8'))]))
}

/** The first interface of the set becomes the bridge: nothing passes by another one. */
function comparableLines(text: string): string[] {
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !NOT_COMPARED.test(line))
  return lines.map((line) => line.replace(/(-[io]) eth0\b/, `$1 ${BRIDGE}`))
}
