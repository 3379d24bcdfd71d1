/** Which chain a tuple is in: the same formula for JavaScript and for WebAssembly. */
import { add, constant, exclusiveOr, get, multiply, shiftRight } from '../../packet/wasm.js'
import type { Code } from '../../packet/wasm.js'

const [SPREADS_DESTINATION, SPREADS_REST] = [0x85ebca6b, 0x9e3779b1]
/** The upper half of what ports and protocol give has more of them in it. */
const UPPER = 15

/** Where tuples belong, for a number of chains. */
export interface TupleHash {
  /** The number of the chain. `protocol` has the zone in its upper half. */
  home(source: number, destination: number, ports: number, protocol: number): number
  /** The same of local variables of these numbers. */
  homeCode(source: number, destination: number, ports: number, protocol: number): Code
}

/** For `1 << bits` chains, with random multipliers: nobody can prepare connections that all fall into one. */
export function createTupleHash(bits: number): TupleHash {
  const shift = 32 - bits
  const [byAddress, byPorts, byProtocol] = [randomOdd(), randomOdd(), randomOdd()]

  // Both addresses and ports are mixed so that a connection and its answers have different homes.
  function home(source: number, destination: number, ports: number, protocol: number): number {
    const addresses = Math.imul(source ^ Math.imul(destination, SPREADS_DESTINATION), byAddress)
    const rest = Math.imul(ports, byPorts) + Math.imul(protocol, byProtocol)
    return (addresses + Math.imul(rest ^ (rest >>> UPPER), SPREADS_REST)) >>> shift
  }

  function homeCode(source: number, destination: number, ports: number, protocol: number): Code {
    const both = exclusiveOr(get(source), multiply(get(destination), constant(SPREADS_DESTINATION)))
    const addresses = multiply(both, constant(byAddress))
    const rest = add(multiply(get(ports), constant(byPorts)), multiply(get(protocol), constant(byProtocol)))
    const spread = multiply(exclusiveOr(rest, shiftRight(rest, constant(UPPER))), constant(SPREADS_REST))
    return shiftRight(add(addresses, spread), constant(shift))
  }

  return { home, homeCode }
}

function randomOdd(): number {
  return Math.floor(Math.random() * 0x100000000) | 1
}
