/** The numbers of the functions that are called within the module of established.ts, in the order of that. */
export const [IS_WRONG, FIND] = [0, 1]
