/** The far ends of a live bridge's ports that are in the main thread: guests behind unix sockets, and memory ports. */
import { createFarEnd } from '../io/far-end.js'
import type { FarEnd } from '../io/far-end.js'
import { createMemoryPort } from '../io/memory-port.js'
import type { MemoryPort } from '../io/memory-port.js'
import { DeviceError } from '../io/native.js'
import { serveQemu } from '../io/qemu-server.js'
import { FAR_TOLD, bellMemory, linkMemory } from '../io/shared-link.js'
import type { LivePort, WorkerPort } from './live-messages.js'

/** Far ends by the names of their ports. */
export interface FarEnds {
  /** What the worker and they tell one another by. */
  readonly bell: SharedArrayBuffer
  /** What the worker is told of the port, its far end opened if it is here. Throws a system error or a DeviceError. */
  open(port: LivePort): Promise<WorkerPort>
  /** The port has gone, or did not come. */
  close(name: string): void
  closeAll(): void
  /** Frames have left the bridge, or it has room again. */
  look(): void
  /** Throws a DeviceError where no memory port has this name. */
  memoryPort(name: string): MemoryPort
}

interface Opened {
  far: FarEnd
  memory: MemoryPort | null
  close: () => void
}

/** `wake` ends the bridge's sleep; `say` is told what is wrong with a guest, a line each time. */
export function createFarEnds(wake: () => void, say: (line: string) => void): FarEnds {
  const bell = bellMemory()
  const told = new Int32Array(bell)
  /** Null: about to be opened. */
  const ends = new Map<string, Opened | null>()
  let isOver = false
  const tellBridge = (): void => {
    if (!isOver) wake()
  }

  async function open(port: LivePort): Promise<WorkerPort> {
    const { name, device, options = {} } = port
    if (device.kind === 'tap' || device.kind === 'packet') return { name, device, options }
    if (ends.has(name)) throw new DeviceError(`${name}: there is such a port, expected another name`)
    const link = linkMemory()
    const far = createFarEnd(link, told, tellBridge)
    ends.set(name, null)
    try {
      const close = device.kind === 'qemu' ? await serveQemu(device.path, far, say) : () => {}
      ends.set(name, { far, close, memory: device.kind === 'memory' ? createMemoryPort(far) : null })
      if (isOver) {
        close()
        throw new DeviceError('the bridge has stopped')
      }
    } catch (error) {
      ends.delete(name)
      throw error
    }
    return { name, device: { kind: 'shared', link }, options }
  }

  function close(name: string): void {
    ends.get(name)?.close()
    ends.delete(name)
  }

  function look(): void {
    Atomics.store(told, FAR_TOLD, 0)
    for (const end of ends.values()) end?.far.onNews()
  }

  function closeAll(): void {
    look()
    isOver = true
    for (const name of ends.keys()) close(name)
  }

  function memoryPort(name: string): MemoryPort {
    const memory = ends.get(name)?.memory ?? null
    if (memory === null) throw new DeviceError(`${name}: there is no such memory port`)
    return memory
  }

  return { bell, open, close, closeAll, look, memoryPort }
}
