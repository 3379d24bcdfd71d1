import type { PortGuard } from './guard.js'

/** The switches of a bridge port, named as `bridge link set` names them, and its guard. */
export interface BridgePortOptions {
  /** Frames may go back out of the port they came in by. Default off. */
  hairpin?: boolean | undefined
  /** Sources of frames that come in here are learned. Default on. */
  learning?: boolean | undefined
  /** Unknown unicast is flooded to this port. Default on. */
  flood?: boolean | undefined
  /** Multicast is flooded to this port. Default on. */
  mcast_flood?: boolean | undefined
  /** Broadcast is flooded to this port. Default on. */
  bcast_flood?: boolean | undefined
  /** Nothing is forwarded between two isolated ports. Default off. */
  isolated?: boolean | undefined
  /** What the host behind it may send. Default anything. */
  guard?: PortGuard | undefined
}

/** A port's switches as bits of a number: what the bridge tests for every frame. */
export const [HAIRPIN, LEARNING, FLOOD, MCAST_FLOOD, BCAST_FLOOD, ISOLATED] = [1, 2, 4, 8, 16, 32]

/** The options as those bits. */
export function portFlags(options: BridgePortOptions): number {
  const { hairpin = false, learning = true, flood = true, isolated = false } = options
  const { mcast_flood: multicast = true, bcast_flood: broadcast = true } = options
  return (
    (hairpin ? HAIRPIN : 0) |
    (learning ? LEARNING : 0) |
    (flood ? FLOOD : 0) |
    (multicast ? MCAST_FLOOD : 0) |
    (broadcast ? BCAST_FLOOD : 0) |
    (isolated ? ISOLATED : 0)
  )
}
