/** The tables of a group: its candidate lists, and its matrix that leads to them. */
import type { Group } from './groups.js'
import type { Image } from './image.js'
import { createListPool } from './list-pool.js'
import type { ListPool } from './list-pool.js'
import { BLOCK_COLUMNS, NARROW_NONE, NONE, SERVICE_BITS } from './phases.js'
import type { CombinedClasses, PortClasses } from './port-classes.js'

/** Most bytes of a table with an entry for each list and class. */
const DIRECT_LIMIT = 1 << 23

/** A group whose tables have their places. */
export interface PlacedGroup extends Group {
  /** Where each row's pointers to its blocks begin. */
  rowAddresses: Int32Array
  kind: 'direct' | 'narrow direct' | 'scanned'
  description: string
}

/** Places them. */
export function placeGroup(
  group: Group,
  classes: PortClasses,
  combined: CombinedClasses,
  image: Image,
): PlacedGroup {
  const { cells, lists } = group.matrix
  const used = listsIn(cells, lists.pool.size())
  const isNarrow = (group.rules.numbers.at(-1) ?? 0) < NARROW_NONE
  const isDirect = used.length * combined.count * (isNarrow ? 2 : 4) <= DIRECT_LIMIT
  const kind = !isDirect ? 'scanned' : isNarrow ? 'narrow direct' : 'direct'
  const entries = isDirect
    ? placeDirect(lists.pool, used, classes, combined, isNarrow, image)
    : placeRecords(lists.pool, used, classes, image)
  const rowAddresses = placeCells(group, entries, image)
  const { numbers, source, destination } = group.rules
  const description = `${numbers.length} rules, ${source.count} × ${destination.count} cells, ${used.length} lists, ${kind}`
  return { ...group, rowAddresses, kind, description }
}

/** A table with the first rule for each list and class. Returns the address of each list's part. */
function placeDirect(
  pool: ListPool,
  used: Int32Array,
  { services }: PortClasses,
  { count, classesOf }: CombinedClasses,
  isNarrow: boolean,
  image: Image,
): Int32Array {
  const size = used.length * count
  const table = isNarrow ? new Uint16Array(size).fill(NARROW_NONE) : new Int32Array(size).fill(NONE)
  const address = image.place(table)
  const addresses = new Int32Array(pool.size())
  used.forEach((list, n) => {
    addresses[list] = address + n * count * table.BYTES_PER_ELEMENT
    for (let i = pool.begin(list + 1) - 1; i >= pool.begin(list); i--) {
      const rule = pool.values()[i]
      for (const c of classesOf[services[rule]]) table[n * count + c] = rule
    }
  })
  return addresses
}

/** The lists one behind another, each with an entry at its end that always matches. Returns their addresses. */
function placeRecords(
  pool: ListPool,
  used: Int32Array,
  { services, serviceCount }: PortClasses,
  image: Image,
): Int32Array {
  const total = used.reduce((sum, list) => sum + pool.begin(list + 1) - pool.begin(list) + 1, 0)
  const records = new Int32Array(total)
  const address = image.place(records)
  const addresses = new Int32Array(pool.size())
  const values = pool.values()
  let at = 0
  for (const list of used) {
    addresses[list] = address + at * 4
    for (let i = pool.begin(list); i < pool.begin(list + 1); i++)
      records[at++] = (values[i] << SERVICE_BITS) | services[values[i]]
    records[at++] = (NONE << SERVICE_BITS) | serviceCount
  }
  return addresses
}

/** The matrix in blocks of some columns, each block kept once. Returns the address of each row. */
function placeCells({ rules, matrix }: Group, entries: Int32Array, image: Image): Int32Array {
  const [rows, columns] = [rules.source.count, rules.destination.count]
  const width = Math.ceil(columns / BLOCK_COLUMNS)
  const blocks = createListPool(Infinity)
  const pointers = new Int32Array(rows * width)
  for (let row = 0; row < rows; row++)
    for (let b = 0; b < width; b++) {
      for (let c = b * BLOCK_COLUMNS; c < (b + 1) * BLOCK_COLUMNS; c++)
        blocks.push(c < columns ? entries[matrix.cells[row * columns + c]] : 0)
      pointers[row * width + b] = blocks.intern()
    }
  const values = blocks.values().slice(0, blocks.begin(blocks.size()))
  const blockAddress = image.place(values)
  for (let i = 0; i < pointers.length; i++) pointers[i] = blockAddress + blocks.begin(pointers[i]) * 4
  const address = image.place(pointers)
  return Int32Array.from({ length: rows }, (_, row) => address + row * width * 4)
}

/** The lists that some cell has, ascending. */
function listsIn(cells: Int32Array, count: number): Int32Array {
  const isUsed = new Uint8Array(count)
  for (const list of cells) isUsed[list] = 1
  const used: number[] = []
  isUsed.forEach((is, list) => is && used.push(list))
  return Int32Array.from(used)
}
