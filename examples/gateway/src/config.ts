import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const date = z.iso.date().transform((day) => new Date(`${day}T00:00:00Z`));

/** What a version says of its own end. */
const version = z.strictObject({ deprecated: date.optional(), sunset: date.optional() });

const MEBIBYTE = 1024 * 1024;

/** What a client and a backend may ask of the gateway. */
const limits = z.strictObject({
  /** The body of a request. */
  body_bytes: z
    .int()
    .positive()
    .default(4 * MEBIBYTE),
  /** One message, to a backend and from it. */
  message_bytes: z
    .int()
    .positive()
    .default(4 * MEBIBYTE),
  /** The headers of a request, with its path and its query. */
  header_bytes: z
    .int()
    .positive()
    .default(16 * 1024),
  /** How long the headers of a request may take to arrive, in milliseconds. */
  headers_ms: z.int().positive().default(10_000),
  /** How long a whole request may take to arrive, in milliseconds. */
  request_ms: z.int().positive().default(60_000),
  /** The connections of clients. More are closed at once. */
  connections: z.int().positive().default(10_000),
});

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Without TLS on this machine alone. */
const url = z.url({ protocol: /^https?$/ }).refine((text) => {
  const parsed = URL.parse(text);
  return parsed?.protocol === 'https:' || LOOPBACK.has(parsed?.hostname ?? '');
}, 'expected https');

/** Whose tokens are taken, and where the roles stand. */
const auth = z.strictObject({
  issuer: url,
  /** Where the keys of the issuer are. */
  jwks_uri: url,
  /** What tokens must be for. */
  audience: z.string().min(1),
  /** `https://api.example.com`: the gateway as clients see it, which proofs must be for. */
  origin: url.refine((text) => URL.parse(text)?.origin === text, 'expected an origin, without a path'),
  dpop: z
    .strictObject({
      /** Whether tokens must be bound to a key. */
      required: z.boolean().default(false),
      /** Whether proofs must have a nonce of the gateway. */
      nonce: z.boolean().default(false),
    })
    .prefault({}),
  /** The file with roles and thresholds, beside this one. It is read again when it changes. */
  policy: z.string(),
  /** Whether each decision is a line on stdout. */
  audit: z.boolean().default(true),
});

const schema = z.strictObject({
  title: z.string().default('Gateway'),
  /** The most that a call may take, in milliseconds. */
  timeout_ms: z.int().positive().default(15_000),
  limits: limits.prefault({}),
  /** How long the gateway goes on to take requests after it reports that it is not ready, in milliseconds. */
  unready_ms: z.int().nonnegative().default(0),
  /** How long requests and streams may go on when the gateway ends, in milliseconds. */
  drain_ms: z.int().nonnegative().default(5_000),
  /** The headers that reach the backends. */
  headers: z.array(z.string().toLowerCase()).default(['accept-language', 'x-request-id']),
  /** By the last part of the package: `v1`. */
  versions: z.record(z.string(), version).default({}),
  /** Without it, everybody may call everything. */
  auth: auth.optional(),
});

export type Config = Readonly<z.infer<typeof schema>>;
export type AuthConfig = NonNullable<Config['auth']>;

/** Reads the file, or takes the defaults without one. Throws an error that names each wrong value and its place. */
export function readConfig(file: string | undefined): Config {
  const given: unknown = file === undefined ? {} : (parse(readFileSync(file, 'utf8')) ?? {});
  const result = schema.safeParse(given);
  if (result.success) {
    const { auth, ...others } = result.data;
    if (auth === undefined || file === undefined) return Object.freeze(others);
    return Object.freeze({ ...others, auth: { ...auth, policy: resolve(dirname(file), auth.policy) } });
  }
  throw new Error(`${file} is not valid:\n${z.prettifyError(result.error)}`);
}
