import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { descriptionPath, type Version } from './versions.ts';

/** A page at `/docs` that shows each version, the newest first. It loads nothing from elsewhere. */
export async function serveDocs(app: FastifyInstance, versions: readonly Version[]): Promise<void> {
  const urls = versions
    .toReversed()
    .map((version) => ({ name: version.name, url: descriptionPath(version) }));
  await app.register(async (part) => {
    // The page wants a document of its own, which the picker replaces.
    const none = { openapi: '3.1.1', info: { title: '', version: '' }, paths: {} } as const;
    await part.register(swagger, { mode: 'static', specification: { document: none } });
    await part.register(swaggerUi, { routePrefix: '/docs', uiConfig: { urls } as object });
  });
}
