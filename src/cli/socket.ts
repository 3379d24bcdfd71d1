import { defaultSocket } from '../control/control-socket.js'

/** The name of a bridge that has been given none. */
export const DEFAULT_BRIDGE = 'br100'

/** Where the bridge listens that `--bridge` or `--socket` name. */
export function socketOf({ socket, bridge }: Record<string, unknown>): string {
  return (socket as string | undefined) ?? defaultSocket((bridge as string | undefined) ?? DEFAULT_BRIDGE)
}
