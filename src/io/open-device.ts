/** Devices of live ports: TAPs, which are made, and network cards or veths, which are there. */
import type { LiveFile } from './live.js'
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
  /** A TAP stays when it is closed, and is there again for whoever opens it next. */
  isPersistent: boolean
  /** Its far end takes frames whose checksum is left to it, and TCP in segments of 64 KiB. */
  offload: boolean
}

/** An MTU up to this leaves room for VLAN tags in a small slot. */
const [USUAL_MTU, LONGEST_SHORT] = [1500, 2000]
const NO_BYTES = new Uint8Array(0)

/** Where `ip netns` keeps the namespace of this name. */
function pathOf(namespace: string | null): string {
  if (namespace === null) return ''
  return namespace.includes('/') ? namespace : `/run/netns/${namespace}`
}

/** The device's file, the device set up. Throws a system error, and nothing is left of it then. */
export function openDevice(native: Native, settings: DeviceSettings): LiveFile {
  const { kind, name, namespace, mac, mtu, offload, isPersistent } = settings
  const path = pathOf(namespace)
  const fd = kind === 'tap' ? native.openTap(path, name, offload, isPersistent) : native.openPacket(name)
  try {
    native.configureLink(path, name, mac ?? NO_BYTES, mtu ?? 0, true)
  } catch (error) {
    native.closeDescriptor(fd)
    throw error
  }
  const isShort = kind === 'tap' && !offload && (mtu ?? USUAL_MTU) <= LONGEST_SHORT
  return { fd, kind, hasHeader: kind === 'packet' || offload, offload, isShort }
}
