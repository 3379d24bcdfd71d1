/**
 * What rules are compiled to, pinned: `test/data/compiled/NAME.compiled` beside `NAME.rules`. A change of the compiler shows
 * there as a change of the code; `BR100_UPDATE=1 node dist/test/netfilter/compiled.test.js` writes it anew, and the
 * difference is for reading.
 */
import t from 'tap'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { compiledText } from '../../src/netfilter/compile/compile.js'
import { parseRules } from '../../src/netfilter/rule-script.js'

const FOLDER = 'test/data/compiled'

const names = readdirSync(FOLDER).filter((name) => name.endsWith('.rules'))
t.test('the code that rules become', async (t) => {
  for (const name of names) {
    const golden = `${FOLDER}/${name.replace('.rules', '.compiled')}`
    const text = `${compiledText(parseRules(name, readFileSync(`${FOLDER}/${name}`)))}\n`
    if (process.env['BR100_UPDATE'] === '1') writeFileSync(golden, text)
    t.equal(text, readFileSync(golden, 'utf8'), name)
  }
  t.ok(names.length > 0)
})
