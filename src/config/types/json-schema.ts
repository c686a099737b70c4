/** A part of a JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a scalar of a file may be, where nothing more is known. */
export const ANY_SCALAR: JsonSchema = { type: ['string', 'number', 'boolean'] };

/** A value that is known only when the variable is. */
export const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{' };
