#!/usr/bin/env node
/**
 * The command line. Exit status: 0 done · 1 bad input, or a file that was cut · 2 bad usage.
 *
 * A subcommand's file is loaded when it is called, so that one does not wait for what another needs.
 */
import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { exitStatusOf, printError } from './errors.js'
import { writeOut } from './output.js'
import type { RulesCommand } from './rules.js'

const collect = (value: string, values: string[] = []): string[] => [...values, value]

function program(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const br100 = new Command('br100')
    .description(
      'A userspace bridge for captures and live frames, which it carries as the Linux bridge would.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut })
    .showHelpAfterError('(br100 --help tells more)')
  addReplay(br100)
  addRun(br100)
  addShow(br100)
  addPort(br100)
  addCapture(br100)
  addStats(br100)
  addBench(br100)
  addRules(br100)
  addExplain(br100)
  addPrint(br100)
  return br100
}

function addReplay(br100: Command): void {
  br100
    .command('replay')
    .summary('carry the frames of captures through the bridge')
    .description(
      'Carries the frames of captures through a learning bridge and reports what became of them.\n' +
        'Frames of all files are merged by their time stamps, which are the clock.',
    )
    .argument(
      '[file]',
      'a lone capture: a pcapng file has its interfaces as ports, a pcap file is one port; - is stdin',
    )
    .option('--port <NAME=FILE>', 'what entered port NAME; once for each port', collect)
    .option('--out <DIR>', 'write what leaves each port to DIR/NAME.pcap')
    .option('--bridge <NAME>', 'name of the bridge in the report (default: br100)')
    .option('--node <NODE.yaml>', 'what the node itself is: addresses, port options, static stations')
    .option(
      '--rules <FILE>',
      'iptables rules that the frames pass, as iptables-save or iptables -S prints them',
    )
    .option(
      '--save-counters <FILE>',
      'write the rules with their counters at the end, as iptables-save -c does',
    )
    .option(
      '--checksums <HOW>',
      'verify: packets of a wrong checksum belong to no connection; trust: they do',
      'verify',
    )
    .option('--conntrack <FILE>', 'write the connections at the end, as conntrack -L does')
    .option('--nflog <FILE>', 'write the packets of -j NFLOG to this pcapng file')
    .option('--sets <FILE>', 'the sets that -m set names, as ipset save prints them')
    .option('--speed <SPEED>', "max, or how many times the captures' own speed", 'max')
    .option('--json', 'print the report as one JSON object')
    .action(async (file: string | undefined, options: Record<string, unknown>) => {
      const { replayCommand } = await import('./replay.js')
      process.exitCode = await replayCommand(file, options)
    })
}

function addRun(br100: Command): void {
  br100
    .command('run')
    .summary('carry frames of TAP devices and network cards through the bridge')
    .description(
      'Opens the ports that the file names and carries frames between them until SIGTERM or SIGINT.\n' +
        'SIGHUP reads ports and rules anew. Root, or CAP_NET_ADMIN and CAP_NET_RAW, is needed for most ports.',
    )
    .argument('<config>', 'the bridge, its ports and its rules, in YAML')
    .option('--io <MEANS>', 'system calls that move frames: uring, rw, or auto (default)', 'auto')
    .action(async (config: string, options: Record<string, string>) => {
      const { prepareWorker } = await import('../pipeline/live-worker.js')
      const worker = prepareWorker() // it loads while the file is read
      const { runCommand } = await import('./run.js')
      process.exitCode = await runCommand(config, options, worker)
    })
}

function addBench(br100: Command): void {
  br100
    .command('bench')
    .summary('measure how fast it is here, beside the kernel')
    .description(
      "Sends traffic from one network namespace to another, through br100 and through the kernel's own bridge in\n" +
        'turn, and prints medians and ratios. Root is needed; nothing is left behind.',
    )
    .argument(
      '[config]',
      'a file for `br100 run`, whose first two ports have the hosts; without: two TAPs, no rules',
    )
    .option('--rounds <N>', 'how often each is measured', '3')
    .option('--seconds <N>', 'how long each measurement takes', '3')
    .option('--io <MEANS>', 'as for run', 'auto')
    .option('--json', 'print everything as one JSON object')
    .action(async (config: string | undefined, options: Record<string, unknown>) => {
      const { benchCommand } = await import('./bench.js')
      process.exitCode = await benchCommand(config, options)
    })
}

const addressed = (command: Command): Command =>
  command
    .option('--bridge <NAME>', 'name of the running bridge (default: br100)')
    .option('--socket <PATH>', 'where it listens, if its file says so')

function addShow(br100: Command): void {
  const show = br100
    .command('show')
    .summary('ask a running bridge what it has come to')
    .description(
      'Prints what a running bridge has come to: ports and fdb (as brctl showmacs), drops, rules (as\n' +
        'iptables-save -c), conntrack (as conntrack -L).',
    )
    .argument('<what>', 'ports, fdb, drops, rules or conntrack')
    .option('--json', 'print it as JSON')
    .action(async (what: string, options: Record<string, unknown>) => {
      const { showCommand } = await import('./show.js')
      process.exitCode = await showCommand(what, options)
    })
  addressed(show)
}

function addPort(br100: Command): void {
  const port = br100.command('port').summary('add ports to a running bridge, and remove them')
  const add = port
    .command('add')
    .summary('add a port')
    .description('Adds a port to a running bridge; what its file says is not changed.')
    .argument('<name>', 'of the port')
    .argument('<settings>', "as in the bridge's file, for instance '{ tap: tapC, netns: vm3 }'")
    .action(async (name: string, settings: string, options: Record<string, unknown>) => {
      const { addPortCommand } = await import('./show.js')
      process.exitCode = await addPortCommand(name, settings, options)
    })
  const del = port
    .command('del')
    .summary('remove a port')
    .description('Removes a port from a running bridge: its TAP is gone, its stations are forgotten.')
    .argument('<name>', 'of the port')
    .action(async (name: string, options: Record<string, unknown>) => {
      const { removePortCommand } = await import('./show.js')
      process.exitCode = await removePortCommand(name, options)
    })
  for (const command of [add, del]) addressed(command)
}

function addCapture(br100: Command): void {
  const capture = br100
    .command('capture')
    .summary('capture frames of a running bridge')
    .description(
      'Captures frames where they come in and where they leave, until Ctrl-C: a line each, or as pcapng.\n' +
        'FILTER is what a rule of iptables would ask, without -j: -p udp --dport 67, -s 10.0.0.0/8,\n' +
        '-i PORT (came in by), -o PORT (left by). It is asked about IPv4, behind VLAN tags too.',
    )
    .usage('[options] <port|all> [filter...]')
    .argument('<port>', 'of the bridge, or all')
    .argument('[filter...]', 'which frames are wanted')
    .option('-w, --write <FILE>', 'write pcapng to this file; - is stdout')
    .option('-c, --count <COUNT>', 'stop after COUNT frames')
    .allowUnknownOption()
    .action(async (port: string, filter: string[], options: Record<string, unknown>) => {
      const { captureCommand } = await import('./capture.js')
      process.exitCode = await captureCommand(port, filter, options)
    })
  addressed(capture)
}

function addStats(br100: Command): void {
  const stats = br100
    .command('stats')
    .summary('watch the rates of a running bridge')
    .description(
      'Prints frames and bits a second of each port, what is dropped and why, and the rules that most packets\n' +
        'meet: anew each time in a terminal, one block after another in a pipe.',
    )
    .option('--interval <SECONDS>', 'between two blocks', '1')
    .option('--count <COUNT>', 'stop after COUNT blocks')
    .option('--json', 'print each block as a JSON object on a line')
    .action(async (options: Record<string, unknown>) => {
      const { statsCommand } = await import('./stats.js')
      process.exitCode = await statsCommand(options)
    })
  addressed(stats)
}

function addRules(br100: Command): void {
  const rules = br100.command('rules').summary('check and print files of iptables rules, and load them')
  const command = (name: RulesCommand, summary: string): Command =>
    rules
      .command(name)
      .summary(summary)
      .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`)
      .argument(
        '<file>',
        'as iptables-save or iptables -S prints them, or written for iptables-restore; - is stdin',
      )
      .action(async (file: string, options: Record<string, unknown>) => {
        const { rulesCommand } = await import('./rules.js')
        process.exitCode = await rulesCommand(name, file, options)
      })
  rules
    .command('diff')
    .summary('print which rules differ, and a packet that the two judge differently')
    .description(
      'Prints which rules differ, and an example packet that the two sets judge differently if one is found.',
    )
    .argument('<a>', 'a file of rules')
    .argument('<b>', 'another')
    .action(async (a: string, b: string) => {
      const { diffCommand } = await import('./rules.js')
      process.exitCode = await diffCommand(a, b)
    })
  const load = rules
    .command('load')
    .summary('give a file of rules to a running bridge')
    .description(
      'Gives a file of rules to a running bridge; connections stay, and counters of rules that stay.',
    )
    .argument('<file>', 'as for the others')
    .action(async (file: string, options: Record<string, unknown>) => {
      const { loadCommand } = await import('./show.js')
      process.exitCode = await loadCommand(file, options)
    })
  addressed(load)
  command('check', 'tell every mistake of a file, and what could not be decided yet')
  command('show', 'print what a file is compiled to, each rule beside its code')
  command('save', 'print a file in the canonical form, as iptables-save does').option(
    '-c, --counters',
    'with the counters of every rule',
  )
}

function addExplain(br100: Command): void {
  br100
    .command('explain')
    .summary('tell why a packet went where it went')
    .description(
      'Tells the way of one packet through iptables rules: every rule that was asked, which part of it did\n' +
        'not hold, and who decided. The packet is one of a replay (--frame) or described by its headers.',
    )
    .argument('[file]', 'a lone capture, as for replay')
    .requiredOption('--rules <FILE>', 'iptables rules, as iptables-save or iptables -S prints them')
    .option('--sets <FILE>', 'the sets that -m set names, as ipset save prints them')
    .option('--port <NAME=FILE>', 'what entered port NAME; once for each port', collect)
    .option('--frame <PORT:N>', 'the Nth frame that came in by the port')
    .option('--in <PORT>', 'a described packet comes in by this port of the bridge')
    .option(
      '--output <NAME>',
      'it leaves by this port; without --in the node itself sends it by this interface',
    )
    .option('--src <ADDRESS>', 'its source')
    .option('--dst <ADDRESS>', 'its destination')
    .option('--proto <PROTOCOL>', 'tcp, udp, icmp or a number')
    .option('--sport <PORT>', 'its source port')
    .option('--dport <PORT>', 'its destination port')
    .option('--icmp-type <TYPE>', 'its ICMP type (default: 8, echo request)')
    .option('--ttl <TTL>', 'its TTL (default: 64)')
    .option(
      '--state <STATE>',
      'what -m state and --ctstate take it for: NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED',
    )
    .option('--bridge <NAME>', 'name of the bridge (default: br100)')
    .option('--node <NODE.yaml>', 'what the node itself is')
    .option('--json', 'print the explanation as one JSON object')
    .action(async (file: string | undefined, options: Record<string, unknown>) => {
      const { explainCommand } = await import('./explain.js')
      process.exitCode = await explainCommand(file, options)
    })
}

function addPrint(br100: Command): void {
  br100
    .command('print')
    .summary('print the frames of a capture, a line each')
    .description('Prints one line a frame. Headers that are cut or malformed are named.')
    .argument('<file>', 'a pcap or pcapng file, gzip-compressed or not; - is stdin')
    .option('-c, --count <COUNT>', 'stop after COUNT frames')
    .action(async (file: string, options: Record<string, unknown>) => {
      const { printCommand } = await import('./print.js')
      process.exitCode = await printCommand(file, options)
    })
}

try {
  await program().parseAsync()
} catch (error) {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    printError(error)
    process.exitCode = exitStatusOf(error)
  }
}
