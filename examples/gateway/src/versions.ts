import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import type { Binding, Image } from './image.ts';
import { openApi } from './openapi.ts';

/** The bindings of one version of the API. */
export interface Version {
  /** The last part of the package: `v1` of `acme.order.v1`. */
  readonly name: string;
  readonly bindings: readonly Binding[];
}

const UNVERSIONED = 'v0';

/** The versions in an image, the oldest first. */
export function versionsOf({ bindings }: Image): Version[] {
  const byName = Map.groupBy(bindings, ({ method }) => {
    const last = method.parent.file.proto.package.split('.').at(-1) ?? '';
    return /^v\d/.test(last) ? last : UNVERSIONED;
  });
  return Array.from(byName, ([name, own]) => ({ name, bindings: own })).sort((a, b) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
}

/**
 * Says in each answer of a version that it is deprecated, and when it ends.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9745 (Deprecation)
 * @see https://www.rfc-editor.org/rfc/rfc8594 (Sunset)
 */
export function announceEnd(app: FastifyInstance, { deprecated, sunset }: Config['versions'][string]): void {
  app.addHook('onRequest', async (_, reply) => {
    if (deprecated !== undefined) reply.header('deprecation', `@${deprecated.getTime() / 1000}`);
    if (sunset !== undefined) reply.header('sunset', sunset.toUTCString());
  });
}

/** Serves the description of a version at `/v1/openapi.json`. */
export function serveDescription(
  app: FastifyInstance,
  image: Image,
  { name, bindings }: Version,
  { title, auth }: Config,
): void {
  const options = { title, version: name, isGuarded: auth !== undefined };
  const text = JSON.stringify(openApi(image, bindings, options));
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
  app.get(descriptionPath({ name }), async (request, reply) => {
    reply.header('etag', etag);
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type('application/json').send(text);
  });
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 (If-None-Match) */
function isKnown(header: string | undefined, etag: string): boolean {
  const known = header?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return known.includes('*') || known.includes(etag);
}

export function descriptionPath({ name }: Pick<Version, 'name'>): string {
  return `/${name}/openapi.json`;
}
