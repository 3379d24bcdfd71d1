/** Programs that a bench calls, and where Debian has them. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  'iptables-legacy-restore': 'iptables',
  ipset: 'ipset',
}

/** Whether the program is where programs are looked for. */
export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Says that it is missing, and the package that has it. */
export function whereToFind(program: string): string {
  return `${program} is not installed (Debian: ${PACKAGES[program]})`
}
