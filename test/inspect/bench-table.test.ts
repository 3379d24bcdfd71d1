/** What `br100 bench` prints of figures. */
import t from 'tap'
import type { BenchResult, Datagrams, Figures, Turn } from '../../src/control/bench/bench.js'
import { benchDrops, benchJson, benchLines, benchMistakes } from '../../src/inspect/bench-table.js'

function turn(figures: Figures, datagrams: Datagrams, drops: Turn['drops'] = []): Turn {
  return { means: null, figures, datagrams, drops }
}

const ours: Figures = { small: 300_000, tcp: 12.34, ping: 90, start: 180 }
const theirs: Figures = { small: 200_000, tcp: 15, ping: 60, start: 20 }
const counted = { sent: 2000, entered: 1500, left: 1400, received: 1300 }
const uncounted = { sent: 1000, entered: null, left: null, received: 900 }

const both: BenchResult = {
  results: [
    {
      name: 'br100',
      medians: ours,
      turns: [
        { ...turn(ours, counted), means: 'rw' },
        { ...turn(ours, counted), means: 'rw' },
      ],
    },
    { name: 'kernel', medians: theirs, turns: [turn(theirs, counted), turn(theirs, uncounted)] },
  ],
  missing: [],
}

t.test(
  'medians, ratios of the first to the others, and where the datagrams of all rounds went',
  async (t) => {
    t.strictSame(benchLines(both), [
      'medians of 2 rounds       br100 (rw)   kernel  to kernel',
      'small UDP, packets/s         300,000  200,000       1.50',
      'TCP, Gbit/s                     12.3     15.0       0.82',
      'lone ping, µs                     90       60       1.50',
      'start to first frame, ms         180       20       9.00',
      '',
      'small UDP in all   sent  bridge rx  bridge tx  received',
      'br100 (rw)        4,000      3,000      2,800     2,600',
      'kernel            3,000          -          -     2,200',
    ])
    t.strictSame(benchMistakes(both), [])
    t.strictSame(benchDrops(both), [])
    t.match(benchJson(both), {
      contenders: { br100: { medians: ours, rounds: [{ means: 'rw', datagrams: counted }, {}] } },
      ratios: { kernel: { small: 1.5, ping: 1.5, start: 9 } },
      missing: {},
    })
  },
)

t.test('what one carries and the other does not is a mistake, and is told with the reasons', async (t) => {
  const drops: Turn['drops'] = [['filter FORWARD: -j DROP', 1200]]
  const without = { ...ours, tcp: null }
  const results = [
    { name: 'br100', medians: without, turns: [turn(without, counted, drops)] },
    both.results[1],
  ]
  t.match(benchLines({ results, missing: [] })[2], /^TCP, Gbit\/s +- +15\.0 +-$/)
  t.strictSame(benchMistakes({ results, missing: [] }), [
    'TCP, Gbit/s: comes through by kernel and not by br100',
  ])
  t.strictSame(benchDrops({ results, missing: [] }), [
    'br100: nothing came through: TCP, Gbit/s',
    'br100 dropped 1,200: filter FORWARD: -j DROP',
  ])
})

t.test('nothing at all is a mistake also where nobody else is there', async (t) => {
  const nothing = { small: null, tcp: null, ping: null, start: null }
  const results = [{ name: 'br100', medians: nothing, turns: [turn(nothing, counted)] }]
  t.strictSame(benchMistakes({ results, missing: [['kernel', 'why']] }), ['nothing comes through br100'])
  t.match(benchJson({ results, missing: [['kernel', 'why']] }), { missing: { kernel: 'why' }, ratios: {} })
})
