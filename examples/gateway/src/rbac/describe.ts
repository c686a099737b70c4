import type { JsonObject } from '@bufbuild/protobuf';
import type { Binding, Image } from '../image.ts';
import { ruleOf } from './rule.ts';

/** How callers present themselves, for the components of a description. */
export const SECURITY_SCHEMES: JsonObject = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'at+jwt (RFC 9068)' },
  dpop: {
    type: 'http',
    scheme: 'dpop',
    description: 'A token that is bound to a key, and a proof of it (RFC 9449).',
  },
};

const RESPONSES: Readonly<Record<number, { readonly description: string; readonly header: string }>> = {
  401: { description: 'Nobody vouches for the request.', header: 'WWW-Authenticate' },
  403: { description: 'The caller may not do this.', header: 'WWW-Authenticate' },
  503: { description: 'Too many calls have failed; this one was not made.', header: 'Retry-After' },
};

/** The scope that an operation needs, by either scheme. */
export function securityOf({ method }: Binding, { registry }: Image): JsonObject[] {
  const scope = ruleOf(method, registry)?.scope;
  const scopes = scope === undefined ? [] : [scope];
  return [{ bearer: scopes }, { dpop: scopes }];
}

/** The answers to callers who do not come through, by status. `content` is that of all errors. */
export function refusals(content: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(RESPONSES).map(([code, { description, header }]) => [
      code,
      { description, headers: { [header]: { schema: { type: 'string' } } }, content },
    ]),
  );
}
