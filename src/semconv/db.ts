import { defineConvention } from './convention.js';

/** As the conventions recommend for databases, whose answers often take less than a millisecond. */
const BOUNDARIES: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/**
 * Operations of clients of databases. The summary of the query names the call; of it, as of a route, only a limited number
 * gets series of its own.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-metrics/
 */
export const DB_CLIENT = defineConvention({
  operation: 'db.query.summary',
  route: 'db.query.summary',
  code: 'db.response.status_code',
  spanName: (_operation, summary) => summary ?? 'query',
  // A database answers with a status code only if the operation has failed.
  isFailure: () => true,
  histogram: 'db.client.operation.duration',
  description: 'Duration of operations of database clients.',
  boundaries: BOUNDARIES,
  labels: [
    'db.system.name',
    'db.namespace',
    'db.collection.name',
    'db.operation.name',
    'db.query.summary',
    'server.address',
    'server.port',
    'db.response.status_code',
    'error.type',
  ],
});
