/** From the value of one field to the rules that may hold for it. */

/** Value → list of rules, in their order. */
export interface FieldIndex {
  /**
   * Where the list of a value (unsigned) begins in `lists`, in which -1 ends it; ~rule where the list has nothing
   * but this rule.
   */
  find(value: number): number
  readonly lists: Int32Array
}
