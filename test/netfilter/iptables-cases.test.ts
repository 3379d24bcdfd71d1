/**
 * The rule strings of iptables' own tests, with what iptables prints for each or that it refuses it. They are
 * GPL data and not part of this project: the test runs where the file is.
 */
import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { saved } from './rules.js'

interface Case {
  file: string
  line: number
  table: string
  chain: string
  rule: string
  save: string
  result: 'OK' | 'FAIL'
}

const path = process.env['BR100_IPTABLES_CASES'] ?? '../shared/data/iptables-save-cases.jsonl'

/** Cases that we do otherwise on purpose: `file:line` → why. */
const OTHERWISE: Record<string, string> = {}

t.test("iptables' own cases", { skip: existsSync(path) ? false : `${path} is not here` }, async (t) => {
  const cases = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Case)
  const wrong: string[] = []
  for (const { file, line, table, chain, rule, save, result } of cases) {
    const ours = saved(rule, table, chain)
    const agrees = result === 'FAIL' ? ours.startsWith('refused: ') : ours === save
    if (!agrees && OTHERWISE[`${file}:${line}`] === undefined) wrong.push(`${file}:${line} ${rule} → ${ours}`)
  }
  t.ok(cases.length > 600)
  if (wrong.length > 0) t.comment(wrong.join('\n'))
  t.ok(wrong.length <= cases.length * 0.05, `${wrong.length} of ${cases.length} differ`)
})
