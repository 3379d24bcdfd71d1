/** WebAssembly's binary format, as far as the modules that are assembled here need it. */

/** A section of a module: its number, its length, its content. */
export function section(id: number, content: number[]): number[] {
  return [id, ...sized(content)]
}

/** Bytes with their length in front. */
export function sized(content: number[]): number[] {
  return [...unsigned(content.length), ...content]
}

/** A name, of ASCII characters. */
export function name(text: string): number[] {
  return sized([...Buffer.from(text, 'ascii')])
}

/** A variable-length integer from 0 on (LEB128). */
export function unsigned(value: number): number[] {
  const low = value & 0x7f
  return value < 0x80 ? [low] : [low | 0x80, ...unsigned(value >>> 7)]
}

/** A variable-length integer with a sign. */
export function signed(value: number): number[] {
  const low = value & 0x7f
  const rest = value >> 7
  return rest === (low & 0x40 ? -1 : 0) ? [low] : [low | 0x80, ...signed(rest)]
}
