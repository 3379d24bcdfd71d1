/** What a target says of a packet. */

/** No verdict: the next rule is asked. */
export const CONTINUE = 0
/** The packet goes on; no further rule of this hook and table is asked. */
export const ACCEPT = 1
/** The packet ends here. */
export const DROP = 2
/** Back to the rule behind the jump; at the end of a built-in chain, its policy. */
export const RETURN = 3
