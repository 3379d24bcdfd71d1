/** Two tables of connections, as lines that can be compared. */

/** Seconds that a connection of one may last longer than the other's: the clocks are different ones. */
const SLACK = 5

interface Connection {
  /** The line without the seconds that it will last, and without how many refer to it. */
  text: string
  seconds: number
}

function parse(line: string): Connection {
  const [, protocol, seconds, rest] = /^(\S+ +\d+) (\d+) (.*) use=\d+$/.exec(line)!
  return { text: `${protocol} ${rest}`, seconds: Number(seconds) }
}

/** Lines of `conntrack -L`, the second list in the terms of the first one: seconds are the same if they are near. */
export function connectionTexts(theirs: readonly string[], ours: readonly string[]): [string[], string[]] {
  const known = new Map(theirs.map(parse).map(({ text, seconds }) => [text, seconds]))
  const inTheirTerms = ({ text, seconds }: Connection): Connection => {
    const expected = known.get(text) ?? seconds
    return { text, seconds: Math.abs(expected - seconds) <= SLACK ? expected : seconds }
  }
  const print = ({ text, seconds }: Connection): string => `connection: ${text}, ${seconds} s`
  return [theirs.map(parse).map(print), ours.map(parse).map(inTheirTerms).map(print)]
}
