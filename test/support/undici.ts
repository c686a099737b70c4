// biome-ignore lint/suspicious/noExplicitAny: three major versions of undici have three sets of types.
export type Undici = any;

/** The name of each major version, and how to load it. */
export const UNDICIS: [string, () => Promise<Undici>][] = [
  ['undici 6', () => import('undici6')],
  ['undici 7', () => import('undici7')],
  ['undici 8', () => import('undici')],
];
