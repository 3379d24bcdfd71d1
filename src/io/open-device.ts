/** Devices of live ports: TAPs, which are made and end with their file, and network cards or veths, which are there. */
import type { Native } from './native.js'

/** A device as a configuration has it. */
export interface DeviceSettings {
  kind: 'tap' | 'packet'
  /** The name of the device, up to 15 characters. */
  name: string
  /** A TAP's far end is in this network namespace: the name of one that `ip netns` has made, or a path. */
  namespace: string | null
  /** Of the device; null: what it has. */
  mac: Uint8Array | null
  mtu: number | null
}

const NO_BYTES = new Uint8Array(0)

/** Where `ip netns` keeps the namespace of this name. */
function pathOf(namespace: string | null): string {
  if (namespace === null) return ''
  return namespace.includes('/') ? namespace : `/run/netns/${namespace}`
}

/** The device's file, the device set up. Throws a system error, and nothing is left of it then. */
export function openDevice(native: Native, { kind, name, namespace, mac, mtu }: DeviceSettings): number {
  const fd = kind === 'tap' ? native.openTap(name) : native.openPacket(name)
  try {
    const path = kind === 'tap' ? pathOf(namespace) : ''
    if (path !== '') native.moveLink(name, path)
    native.configureLink(path, name, mac ?? NO_BYTES, mtu ?? 0, true)
  } catch (error) {
    native.closeDescriptor(fd)
    throw error
  }
  return fd
}
