export const KIBIBYTE = 1024;
export const MEBIBYTE = 1024 * KIBIBYTE;
/** Nothing larger passes through Temporal. */
export const MAX_PAYLOAD_BYTES = 32 * KIBIBYTE;
/** A definition's canonical JSON. */
export const MAX_DEFINITION_BYTES = MEBIBYTE;
