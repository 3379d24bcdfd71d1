/** The part of buffer-layout (which has no types of its own) that the twins use. */
declare module 'buffer-layout' {
  export interface Layout<T = unknown> {
    span: number
    property?: string
    decode(b: Buffer, offset?: number): T
    encode(value: T, b: Buffer, offset?: number): number
  }
  export interface BitStructure extends Layout<Record<string, number>> {
    addField(bits: number, property: string): Layout<number>
  }
  export function u8(property?: string): Layout<number>
  export function u16be(property?: string): Layout<number>
  export function u16(property?: string): Layout<number>
  export function u24be(property?: string): Layout<number>
  export function u32be(property?: string): Layout<number>
  export function u32(property?: string): Layout<number>
  export function s32be(property?: string): Layout<number>
  export function blob(length: number, property?: string): Layout<Buffer>
  export function seq<T>(element: Layout<T>, count: number, property?: string): Layout<T[]>
  export function bits(word: Layout<number>, mostSignificantFirst?: boolean, property?: string): BitStructure
  export function struct<T = Record<string, unknown>>(fields: Layout<any>[], property?: string): Layout<T>
}
