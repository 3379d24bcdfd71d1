/** A guest: Debian's kernel and busybox under QEMU (guest-files.sh), with a network card that is a `qemu` port. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { needs } from '../tools.js'

const FILES = 'dist/guest'

/** Whether guests can be had here; if not, the test was skipped, or failed where they are required. */
export function canRunGuests(t: Test): boolean {
  if (!needs(t, 'qemu-system-x86_64')) return false
  if (existsSync(join(FILES, 'vmlinuz'))) return true
  const message = `no kernel for guests in ${FILES}: test/lab/guest-files.sh ${FILES} fetches one`
  if (process.env['BR100_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.plan(0, message)
  return false
}

/** A guest and its card. */
export interface GuestSetup {
  address: string
  mac: string
  /** The socket of its port. */
  port: string
  /** Files that it has beside busybox; `script` is what it does when its card is there. */
  files: Readonly<Record<string, string | Uint8Array>>
}

/** A guest that runs. */
export class Guest {
  readonly child: ChildProcess
  readonly #console: string

  /** Boots it; what it needs is made in this folder. */
  constructor(folder: string, { address, mac, port, files }: GuestSetup) {
    this.#console = join(folder, 'console')
    this.child = spawn(
      'qemu-system-x86_64',
      [
        ...['-accel', 'tcg', '-m', '256', '-nodefaults', '-no-reboot', '-display', 'none'],
        ...['-serial', `file:${this.#console}`],
        ...['-kernel', join(FILES, 'vmlinuz'), '-initrd', makeInitramfs(folder, files)],
        ...['-append', `console=ttyS0 quiet panic=-1 address=${address}`],
        ...['-netdev', `stream,id=n0,server=off,addr.type=unix,addr.path=${port}`],
        ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},romfile=`],
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
  }

  /** What it has said. */
  get console(): string {
    return existsSync(this.#console) ? readFileSync(this.#console, 'utf8') : ''
  }

  /** Waits until it has said this. */
  async says(what: RegExp, seconds: number): Promise<void> {
    for (let tries = 0; tries < seconds * 5 && this.child.exitCode === null; tries++) {
      if (what.test(this.console)) return
      await sleep(200)
    }
    throw new Error(`the guest did not say ${String(what)}:\n${this.console.slice(-4000)}`)
  }
}

/** The archive that all guests have, and behind it one of these files. */
function makeInitramfs(folder: string, files: GuestSetup['files']): string {
  const root = join(folder, 'root')
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), bytes)
  }
  const names = Object.keys(files).flatMap((name) => (dirname(name) === '.' ? [name] : [dirname(name), name]))
  const own = execFileSync(resolve(FILES, 'busybox'), ['cpio', '-o', '-H', 'newc'], {
    cwd: root,
    input: names.join('\n'),
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const path = join(folder, 'initramfs')
  writeFileSync(path, Buffer.concat([readFileSync(join(FILES, 'initramfs')), own]))
  return path
}
