/** What a bridge has come to, a replay's or a live one, for people and as JSON. */
import type { BridgeState } from '../pipeline/bridge-state.js'
import type { ReplayReport } from '../pipeline/replay.js'
import { formatMac } from '../wire/address.js'

/** The report as a plain object for `--json`. */
export function reportJson(report: ReplayReport): Record<string, unknown> {
  const {
    flaws: _,
    explanation: _explained,
    rules: _rules,
    connections: _connections,
    warnings: _warnings,
    ...rest
  } = report
  return {
    ...rest,
    fdb: stationsJson(report),
  }
}

/** The stations as plain objects. */
export function stationsJson({ fdb }: BridgeState): Array<Record<string, unknown>> {
  return fdb.map((entry) => ({
    mac: formatMac(entry.mac, 0),
    port: entry.port,
    age: entry.age,
    ...(entry.static ? { static: true } : {}),
  }))
}

/** The report as text. `bridge` is the name of the bridge. */
export function reportText(report: ReplayReport, bridge: string): string {
  return [
    summary(report),
    '',
    ...portLines(report),
    '',
    `${bridge}: ${verdicts(report)}`,
    ...dropLines(report),
    ...noteLines(report),
    '',
    ...stationLines(report),
    '',
  ].join('\n')
}

function summary({ ports, seconds, framesPerSecond }: ReplayReport): string {
  const received = Object.values(ports).reduce((sum, port) => sum + port.rxFrames, 0)
  return `${number(received)} frames in ${seconds.toFixed(3)} s, ${number(framesPerSecond)} a second`
}

function verdicts({ forwarded, flooded, delivered, dropped }: ReplayReport): string {
  return (
    `${number(forwarded)} forwarded, ${number(flooded)} flooded, ` +
    `${number(delivered)} delivered to the node alone, ${number(dropped)} dropped`
  )
}

/** Frames and bytes of each port. */
export function portLines({ ports }: BridgeState): string[] {
  const rows = Object.entries(ports).map(([name, port]) => [
    name,
    number(port.rxFrames),
    number(port.rxBytes),
    number(port.txFrames),
    number(port.txBytes),
  ])
  return table([['port', 'rx frames', 'rx bytes', 'tx frames', 'tx bytes'], ...rows])
}

/** Frames that were dropped, by reason. */
export function dropLines({ drops }: BridgeState): string[] {
  return Object.entries(drops).map(([reason, count]) => `  dropped ${number(count)}: ${reason}`)
}

function noteLines({ skippedOutbound, moved, notLearned }: ReplayReport): string[] {
  const lines: string[] = []
  if (skippedOutbound > 0) lines.push(`  skipped ${number(skippedOutbound)}: flagged outbound in the capture`)
  if (moved > 0) lines.push(`  stations moved to another port: ${number(moved)}`)
  if (notLearned > 0)
    lines.push(`  frames not learned from, the forwarding database being full: ${number(notLearned)}`)
  return lines
}

/** Stations as `brctl showmacs` has them, with names for the ports. */
export function stationLines({ fdb }: BridgeState): string[] {
  const rows = fdb.map((entry) => [
    entry.port ?? '(node)',
    formatMac(entry.mac, 0),
    entry.port === null ? 'yes' : 'no',
    entry.static ? 'static' : entry.age.toFixed(2),
  ])
  return table([['port', 'mac addr', 'is local?', 'ageing timer'], ...rows])
}

/** Rows as lines: the first column flush left, the others flush right. */
export function table(rows: string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] + 2))).join(''),
  )
}

/** Digits in groups of three. (toLocaleString takes 10 ms the first time.) */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
