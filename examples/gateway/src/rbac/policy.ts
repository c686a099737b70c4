import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Threshold, threshold } from '../breaker/threshold.ts';

const name = z.string().regex(/^[a-z][\w-]*$/, 'expected a name in lower case');
const permission = z.string().regex(/^[a-z][\w-]*:[a-z][\w-]*$/, 'expected resource:action');

const schema = z
  .strictObject({
    /** What each role allows. */
    roles: z.record(name, z.array(permission)),
    /** When the circuit of a role opens. A role that is not here has none. */
    thresholds: z.record(name, threshold).default({}),
  })
  .superRefine(({ roles, thresholds }, context) => {
    for (const role of Object.keys(thresholds).filter((each) => !Object.hasOwn(roles, each)))
      context.addIssue({ code: 'custom', path: ['thresholds', role], message: 'there is no such role' });
  });

/** The tables of a file. */
export interface Policy {
  /** Their order counts: a caller acts in the first of their roles that allows the call. */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  readonly thresholds: ReadonlyMap<string, Threshold>;
}

/** Reads a policy. Throws an error of one line that names each wrong value and its place. */
export function readPolicy(file: string): Policy {
  const result = schema.safeParse(parse(readFileSync(file, 'utf8')));
  if (result.success) {
    const { roles, thresholds } = result.data;
    return { roles: new Map(Object.entries(roles)), thresholds: new Map(Object.entries(thresholds)) };
  }
  throw new Error(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}
