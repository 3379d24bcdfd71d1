/** Where on its way a packet meets rules, and which tables are asked there, in which order (ip_tables, xtables). */

/** A point on the way of a packet: the index into HOOK_NAMES, in the kernel's numbering (NF_INET_…). */
export type Hook = 0 | 1 | 2 | 3 | 4
/** Everything that came in, before anything is decided. */
export const PREROUTING = 0
/** For the node itself. */
export const INPUT = 1
/** From one interface to another, bridged or routed. */
export const FORWARD = 2
/** Sent by the node itself. */
export const OUTPUT = 3
/** Everything that leaves. */
export const POSTROUTING = 4

/** As the built-in chains are called. */
export const HOOK_NAMES = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const

/** The tables there are. */
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter'

/** In the order in which they are asked at a hook (NF_IP_PRI_…). */
export const TABLE_NAMES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter']

/** The hooks at which each table is asked, in the order in which iptables prints its built-in chains. */
export const TABLE_HOOKS: Record<TableName, readonly Hook[]> = {
  raw: [PREROUTING, OUTPUT],
  mangle: [PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING],
  nat: [PREROUTING, INPUT, OUTPUT, POSTROUTING],
  filter: [INPUT, FORWARD, OUTPUT],
}

/** Whether a chain of this name is one of the table's own. */
export function isBuiltIn(table: TableName, chain: string): boolean {
  return TABLE_HOOKS[table].some((hook) => HOOK_NAMES[hook] === chain)
}

/** Whether there is a table of this name. */
export function isTable(name: string): name is TableName {
  return (TABLE_NAMES as readonly string[]).includes(name)
}
