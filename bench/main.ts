/** npm run bench -- [NAME …] [--rounds N]: asks the questions of these names, or all of them. */
import { Command, InvalidArgumentError } from 'commander'
import { spawnSync } from 'node:child_process'
import { ask, record } from './harness.js'
import type { Question } from './harness.js'
import { bridgeLoop } from './bridge-loop.js'
import { captureRead } from './capture-read.js'
import { captureScan } from './capture-scan.js'
import { classify, classifyMemory } from './classify.js'
import { connections } from './connections.js'
import { trackedForward } from './connections-kernel.js'
import { filterForward } from './filter-forward.js'
import { garbage } from './garbage.js'
import { instances } from './instances.js'
import { live } from './live.js'
import { memoryPorts } from './memory-ports.js'
import { natPorts } from './nat-ports.js'
import { residentMemory } from './resident-memory.js'
import { ruleChange, rulesGarbage } from './rules-at-work.js'
import { rulesLoad, rulesMemory } from './rules-load.js'
import { micro } from './micro.js'

const QUESTIONS: Question[] = [
  bridgeLoop,
  memoryPorts,
  ...captureRead,
  captureScan,
  ...filterForward,
  instances,
  ...connections,
  ...trackedForward,
  natPorts,
  ...rulesLoad,
  ...rulesMemory,
  ruleChange,
  rulesGarbage,
  garbage,
  residentMemory,
  ...live,
  ...classify,
  ...classifyMemory,
]

const names = [...QUESTIONS.map(({ name }) => name), 'micro']
const command = new Command('bench')
  .argument('[names...]', `what to measure: ${names.join(', ')}; all of them when none is named`)
  .option('--rounds <N>', 'counted rounds, instead of each question’s own number', (text) => {
    if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a whole number above 0')
    return Number(text)
  })
  .parse()

const wanted = command.args.length > 0 ? command.args : names
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0)
  command.error(`error: no such benchmark: ${unknown.join(', ')}, expected ${names.join(', ')}`)
const { rounds } = command.opts<{ rounds?: number }>()
if (wanted.length === 1) await measure(wanted[0])
else wanted.forEach(measureApart)

async function measure(name: string): Promise<void> {
  const question = QUESTIONS.find((one) => one.name === name)
  if (question === undefined) await micro()
  else record(await ask(question, rounds ?? question.rounds))
}

/** In a process of its own: what is made once there is compiled for that one, as in a real run. */
function measureApart(name: string): void {
  const options = rounds === undefined ? [] : ['--rounds', String(rounds)]
  const { status } = spawnSync(process.execPath, [process.argv[1], name, ...options], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
