import type { FastifyInstance } from 'fastify';
import type { Image } from './image.ts';
import { JSON_TYPE } from './media-types.ts';
import { GatewayError, statusBody } from './status.ts';

/** The probes of an orchestrator: `/livez` while the process can answer, `/readyz` while it wants requests. */
export function serveHealth(app: FastifyInstance, { registry }: Image, isReady: () => boolean): void {
  app.get('/livez', (_, reply) => reply.type(JSON_TYPE).send('{}'));
  app.get('/readyz', (_, reply) => {
    if (isReady()) return reply.type(JSON_TYPE).send('{}');
    const ending = new GatewayError(14, 'the gateway is shutting down');
    return reply.code(503).type(JSON_TYPE).send(statusBody(ending, registry));
  });
}
