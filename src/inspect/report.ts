/** What a replay came to, for people and as JSON. */
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
    fdb: report.fdb.map((entry) => ({
      mac: formatMac(entry.mac, 0),
      port: entry.port,
      age: entry.age,
      ...(entry.static ? { static: true } : {}),
    })),
  }
}

/** The report as text. `bridge` is the name of the bridge. */
export function reportText(report: ReplayReport, bridge: string): string {
  return [
    summary(report),
    '',
    ...table(portRows(report)),
    '',
    `${bridge}: ${verdicts(report)}`,
    ...dropLines(report),
    ...noteLines(report),
    '',
    ...table(stationRows(report)),
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

function portRows({ ports }: ReplayReport): string[][] {
  const rows = Object.entries(ports).map(([name, port]) => [
    name,
    number(port.rxFrames),
    number(port.rxBytes),
    number(port.txFrames),
    number(port.txBytes),
  ])
  return [['port', 'rx frames', 'rx bytes', 'tx frames', 'tx bytes'], ...rows]
}

function dropLines({ drops }: ReplayReport): string[] {
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

/** As `brctl showmacs` has it, with names for the ports. */
function stationRows({ fdb }: ReplayReport): string[][] {
  const rows = fdb.map((entry) => [
    entry.port ?? '(node)',
    formatMac(entry.mac, 0),
    entry.port === null ? 'yes' : 'no',
    entry.static ? 'static' : entry.age.toFixed(2),
  ])
  return [['port', 'mac addr', 'is local?', 'ageing timer'], ...rows]
}

/** Rows as lines: the first column flush left, the others flush right. */
function table(rows: string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] + 2))).join(''),
  )
}

/** Digits in groups of three. (toLocaleString takes 10 ms the first time.) */
function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
