/** The ports of a live bridge, which come and go while it carries frames: the device, its file, its number. */
import type { LiveIo } from '../io/live.js'
import { DeviceError } from '../io/native.js'
import type { Native } from '../io/native.js'
import { openDevice } from '../io/open-device.js'
import type { DeviceSettings } from '../io/open-device.js'
import type { SharedPorts } from '../io/shared-ports.js'
import type { BridgePortOptions } from '../bridge/port-options.js'
import type { Sink } from '../core/port.js'
import type { Dataplane } from './dataplane.js'
import type { WorkerPort } from './live-messages.js'

/** Ports by their names. */
export interface LivePorts {
  /** Opens the device, and frames come and go by it. Throws a system error or a DeviceError, and nothing has changed. */
  add(port: WorkerPort): void
  /** Nothing comes or goes by the port any more, and the device is closed. Throws a DeviceError where there is none. */
  remove(name: string): void
  /** Other switches of the bridge's port. Throws a DeviceError where there is none. */
  setOptions(name: string, options: BridgePortOptions): void
  /** Closes what is open. */
  close(): void
}

/** For at most so many ports. `carryOn` carries what has come in meanwhile, and sleeps where nothing has. */
export function createLivePorts(
  native: Native,
  plane: Dataplane,
  io: LiveIo,
  shared: SharedPorts,
  most: number,
  carryOn: () => void,
): LivePorts {
  /** By number; -1 where there is none, or the port has no file. */
  const files: number[] = []
  /** Numbers of ports that were removed. */
  const free: number[] = []

  function add({ name, device, options }: WorkerPort): void {
    if (plane.portNumber(name) !== -1)
      throw new DeviceError(`${name}: there is such a port, expected another name`)
    if (free.length === 0 && files.length === most)
      throw new DeviceError(`${name}: ${most} ports are there, and no room for more without a new start`)
    // The port's sink is there before the port is.
    const [port, sink] = device.kind === 'shared' ? addShared(device.link) : addFile(device)
    plane.addPort(name, sink, options, port)
  }

  function addShared(link: SharedArrayBuffer): [port: number, sink: Sink] {
    const port = free.pop() ?? files.length
    files[port] = -1
    return [port, shared.addPort(link, port)]
  }

  function addFile(device: DeviceSettings): [port: number, sink: Sink] {
    const file = openDevice(native, device)
    const port = free.pop() ?? files.length
    files[port] = file.fd
    return [port, io.addPort(file, port)]
  }

  function remove(name: string): void {
    const port = numberOf(name)
    plane.removePort(port)
    if (shared.has(port)) shared.removePort(port)
    else removeFile(port)
    free.push(port)
  }

  function removeFile(port: number): void {
    let isOver = false
    io.removePort(port, () => (isOver = true))
    while (!isOver) carryOn()
    native.closeDescriptor(files[port])
    files[port] = -1
  }

  function setOptions(name: string, options: BridgePortOptions): void {
    plane.bridge.setOptions(numberOf(name), options)
  }

  function numberOf(name: string): number {
    const port = plane.portNumber(name)
    if (name === '' || port === -1) throw new DeviceError(`${name}: there is no such port`)
    return port
  }

  function close(): void {
    for (const fd of files) if (fd !== -1) native.closeDescriptor(fd)
  }

  return { add, remove, setOptions, close }
}
