/** The public API: re-exports and nothing else. */

// Captures through a bridge.
export { ReplayError, replay } from './pipeline/replay.js'
export type { BridgeState, PortReport } from './pipeline/bridge-state.js'
export type { ReplayInput, ReplayOptions, ReplayReport } from './pipeline/replay.js'
export { NodeError } from './control/checked-yaml.js'
export { parseNode, readNode } from './control/node.js'
export type { NodeConfig } from './control/node.js'
export { reportJson, reportText } from './inspect/report.js'

// A live bridge.
export { startLive } from './pipeline/live.js'
export type { LiveBridge, LiveStart } from './pipeline/live.js'
export type {
  FarSettings,
  LiveOptions,
  LivePort,
  PortChange,
  RulesText,
  Show,
  Shown,
} from './pipeline/live-messages.js'
export type { DeviceSettings } from './io/open-device.js'
export type { FrameListener, MemoryPort } from './io/memory-port.js'
export { DeviceError } from './io/native.js'

// Captures.
export { END, RECORD, STARVED, openCapture, windowBytes } from './io/capture-reader.js'
export type { CaptureInterface, CaptureReader, CaptureRecord } from './io/capture-reader.js'
export { CaptureError } from './io/capture-error.js'
export { PcapWriter, WRITER_BYTES } from './io/pcap-writer.js'
export { PcapngWriter } from './io/pcapng-writer.js'
export type { PacketNotes } from './io/pcapng-writer.js'

// The dataplane and its parts.
export { createDataplane } from './pipeline/dataplane.js'
export type { Dataplane } from './pipeline/dataplane.js'
export { createBridge } from './bridge/bridge.js'
export type { Bridge, BridgeTotals } from './bridge/bridge.js'
export { createFdb } from './bridge/fdb.js'
export type { FdbOptions, ForwardingDatabase, Station } from './bridge/fdb.js'
export type { BridgePortOptions } from './bridge/port-options.js'
export { Drops } from './core/drops.js'
export type { Port, PortCounters, Sink } from './core/port.js'
export type { Microseconds } from './core/clock.js'
export { NONE, arenaBytes, createArena } from './packet/arena.js'
export type { Arena, ArenaOptions } from './packet/arena.js'
export { BURST, Burst } from './packet/burst.js'
export { Memory, OutOfMemory } from './packet/memory.js'
export { OwnershipError } from './packet/ownership.js'

// Rules.
export { editRules, parseRules } from './netfilter/rule-script.js'
export { RulesError } from './netfilter/rule-error.js'
export type { Mistake } from './netfilter/rule-error.js'
export { ruleText, saveLines } from './netfilter/rule-text.js'
export { undecidedIn } from './netfilter/verify.js'
export { compile, compiledText } from './netfilter/compile/compile.js'
export { interpret } from './netfilter/interpret.js'
export { culpritText } from './netfilter/engine.js'
export type { Culprit, Engine, Watcher } from './netfilter/engine.js'
export { describePacket } from './netfilter/describe-packet.js'
export type { PacketFields } from './netfilter/describe-packet.js'
export { Packet } from './netfilter/packet.js'
export { FORWARD, HOOK_NAMES, INPUT, OUTPUT, POSTROUTING, PREROUTING } from './netfilter/hook.js'
export type { Hook, TableName } from './netfilter/hook.js'
export { ACCEPT, CONTINUE, DROP, RETURN } from './netfilter/verdict.js'
export { changedRules, findDisagreement } from './netfilter/diff.js'
export type { Disagreement } from './netfilter/diff.js'
export type { Chain, Match, Rule, RuleSet, Table, Target } from './netfilter/rule.js'
export type { AddressSet, AddressType, Runtime } from './netfilter/runtime.js'
export { createConntrack } from './netfilter/conntrack/conntrack.js'
export type { Conntrack, ConntrackOptions } from './netfilter/conntrack/conntrack.js'
export { connectionLines } from './netfilter/conntrack/list.js'
export { DEFAULT_TIMEOUTS } from './netfilter/conntrack/timeouts.js'
export type { ConntrackTimeouts } from './netfilter/conntrack/timeouts.js'
export { buildClassifier } from './netfilter/classify/classifier.js'
export type { Classifier } from './netfilter/classify/classifier.js'
export { createColumns } from './netfilter/classify/rule.js'
export type { FiveFieldRule, HeaderColumns } from './netfilter/classify/rule.js'
export { SILENT, createWorld } from './pipeline/world.js'
export { attachRules } from './pipeline/attach-rules.js'
export type { AttachedRules, RulesOptions } from './pipeline/attach-rules.js'
export { anonymousNode } from './pipeline/node-view.js'
export type { NodeDescription } from './pipeline/node-view.js'
export { explainPacket } from './pipeline/explain.js'
export type { Explanation } from './pipeline/explain.js'
export { explanationText } from './inspect/explain.js'

// What the bytes mean.
export * as address from './wire/address.js'
export * as arp from './wire/arp.js'
export * as checksum from './wire/checksum.js'
export * as dhcp from './wire/dhcp.js'
export * as dhcpOptions from './wire/dhcp-options.js'
export * as dns from './wire/dns.js'
export * as ethernet from './wire/ethernet.js'
export * as icmp from './wire/icmp.js'
export * as ipv4 from './wire/ipv4.js'
export * as ipv4Option from './wire/ipv4-option.js'
export * as ipv6 from './wire/ipv6.js'
export * as llc from './wire/llc.js'
export * as sctp from './wire/sctp.js'
export * as tcp from './wire/tcp.js'
export * as tcpOption from './wire/tcp-option.js'
export * as udp from './wire/udp.js'
export * as vlan from './wire/vlan.js'
export * as virtio from './wire/virtio.js'
export { OK, REASON_NAMES } from './wire/reason.js'
export { formatOption } from './wire/dhcp-option-text.js'
export { readMessage as readDhcp, writeMessage as writeDhcp } from './wire/dhcp-message.js'
export type { DhcpMessage } from './wire/dhcp-message.js'
export { readMessage as readDns } from './wire/dns-message.js'
export { writeMessage as writeDns } from './wire/dns-write.js'

// For people.
export { printFrame } from './inspect/print.js'
