import { parentPort } from 'node:worker_threads';
import fastify from 'fastify';
import serve from './thread.routes.cjs';

serve(fastify({ forceCloseConnections: true }), parentPort);
