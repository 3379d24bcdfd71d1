/**
 * How often properties are tried: short and from a fixed seed in `npm test`, twenty times as often and from a
 * new seed in `npm run soak`. fast-check prints the seed of a failure, and the case itself.
 */
/** Whether tests run at full size. */
export const SOAK = process.env['BR100_SOAK'] === '1'
const FIXED_SEED = 20_240_711

/** Parameters for `fc.assert`: `numRuns` of the short form. */
export function runs(numRuns: number): { numRuns: number; seed: number } {
  return SOAK ? { numRuns: numRuns * 20, seed: Date.now() & 0x7fffffff } : { numRuns, seed: FIXED_SEED }
}
