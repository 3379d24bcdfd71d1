/**
 * What is remembered of a connection: an entry of 38 words of 32 bits, where each field is so many words from the
 * entry's first one. An entry is known by the number of that word; 0 is none.
 *
 *   0  source · destination · ports     of what began the connection (ports: the sender's in the upper half)
 *   3  the same of an answer to it
 *   6  protocol, and the zone in the upper half (zone.ts)
 *   7  status · 8-9 when it ends, microseconds, a 64-bit float · 10 mark
 *   11 next in the chain of each direction · 13 in that of its sender, once its source is decided
 *   14 what the protocol remembers: TCP 20 words, SCTP 5, UDP when its stream began
 *
 * A reference is an entry with its direction in the lowest bit: entries begin at even words.
 */

/** Words of an entry. */
export const ENTRY_WORDS = 38

/** Which way a packet goes: as what began the connection, or back. */
export const [ORIGINAL, REPLY] = [0, 1]

/** From a tuple's first word. */
export const [SOURCE, DESTINATION, PORTS] = [0, 1, 2]
/** Words of a tuple: an entry's second one is the answers'. */
export const TUPLE_WORDS = 3

/** From an entry's first word. */
export const [PROTOCOL, STATUS, EXPIRES, MARK, NEXT, BY_SOURCE, WAY] = [6, 7, 8, 10, 11, 13, 36]

/** What TCP remembers; LAST is of the last packet that was taken for one of the connection's, or was let through. */
export const [TCP_STATE, LAST_KIND, LAST_DIRECTION, LAST_SEQ, LAST_ACK, LAST_END, LAST_WINDOW] = [
  14, 15, 16, 17, 18, 19, 20,
]
/** Bits as a side's FLAGS, the shift of the window in the upper half; how often the same ACK came. */
export const [LAST_FLAGS, RETRANSMISSIONS] = [21, 22]
/** The sides, by the direction that they send in; a side's fields from its first word. */
export const [SIDES, SIDE_WORDS] = [24, 6]
/**
 * END the highest sequence number sent, MAX_END the highest that may be, MAX_WINDOW the largest window offered,
 * MAX_ACK the highest acknowledgment number sent, SCALE the shift of its windows.
 */
export const [END, MAX_END, MAX_WINDOW, MAX_ACK, SCALE, FLAGS] = [0, 1, 2, 3, 4, 5]

/** Bits of FLAGS: the side has said how far it shifts its windows (RFC 7323 §2), */
export const WINDOW_SCALE = 0x01
/** that it takes selective acknowledgments (RFC 2018), */
export const SACK_PERMITTED = 0x02
/** it closes first, */
export const CLOSE_INIT = 0x04
/** it was seen from the middle on: what does not fit is let through, */
export const LIBERAL = 0x08
/** some of its data is not acknowledged yet, */
export const UNACKNOWLEDGED = 0x10
/** MAX_ACK is known. */
export const HAS_MAX_ACK = 0x80

/**
 * What SCTP remembers: its state; the verification tag of each direction; the direction in which a HEARTBEAT had
 * another one, and 1, 0 for none; a bit for each direction in which INIT was sent, up to COOKIE ACK.
 */
export const [SCTP_STATE, SCTP_TAGS, OTHER_TAG, SCTP_INITS] = [14, 15, 17, 18]

/** When a UDP connection becomes a stream: microseconds, two words. */
export const STREAM_SINCE = 14

/** Bits of STATUS, as the kernel numbers them (IPS_…): a packet of an expected connection, */
export const EXPECTED = 1 << 0
/** an answer has been seen, */
export const SEEN_REPLY = 1 << 1
/** it is not given up early, */
export const ASSURED = 1 << 2
/** it is in the table, */
export const CONFIRMED = 1 << 3
/** its source is another one on the other side, */
export const SOURCE_TRANSLATED = 1 << 4
/** its destination is, */
export const DESTINATION_TRANSLATED = 1 << 5
/** its sides count their bytes differently, since something in its data was replaced (sequence-adjustment.ts), */
export const SEQUENCE_ADJUSTED = 1 << 6
/** the table nat was asked for the source, */
export const SOURCE_DECIDED = 1 << 7
/** or for the destination. */
export const DESTINATION_DECIDED = 1 << 8
/** Either, or both, of these. */
export const [BOTH_TRANSLATED, BOTH_DECIDED] = [
  SOURCE_TRANSLATED | DESTINATION_TRANSLATED,
  SOURCE_DECIDED | DESTINATION_DECIDED,
]
/** It is over, whatever time it has left: who has it in hand may still ask what it was. */
export const DYING = 1 << 9
/** A helper remembers something of it. */
export const HAS_HELPED = 1 << 16
/** It lasts as a policy of its own says. */
export const HAS_POLICY = 1 << 17

/** What a packet is to its connection: bits, so that rules can ask for several. */
export const [INVALID, ESTABLISHED, RELATED, NEW, UNTRACKED] = [1, 2, 4, 8, 16]
