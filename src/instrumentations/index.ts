import type { Instrumentation, Switchable } from '../instrumentation.js';
import { amqplib } from './amqplib.js';
import { awsSdk } from './aws-sdk.js';
import { bullmq } from './bullmq.js';
import { bunyan } from './bunyan.js';
import { connect } from './connect.js';
import { console } from './console.js';
import { express } from './express.js';
import { fastify } from './fastify.js';
import { fetch } from './fetch.js';
import { graphql } from './graphql.js';
import { grpcClient } from './grpc-client.js';
import { grpcServer } from './grpc-server.js';
import { h3 } from './h3.js';
import { hapi } from './hapi.js';
import { hono } from './hono.js';
import { httpClient } from './http-client.js';
import { httpServer } from './http-server.js';
import { http2Client } from './http2-client.js';
import { http2Server } from './http2-server.js';
import { ioredis } from './ioredis.js';
import { kafkajs } from './kafkajs.js';
import { koa } from './koa.js';
import { memcached } from './memcached.js';
import { mongodb } from './mongodb.js';
import { mysql } from './mysql.js';
import { mysql2 } from './mysql2.js';
import { next } from './next.js';
import { pg } from './pg.js';
import { pino } from './pino.js';
import { redis } from './redis.js';
import { restify } from './restify.js';
import { temporalClient } from './temporal-client.js';
import { temporalWorker } from './temporal-worker.js';
import { trpc } from './trpc.js';
import { winston } from './winston.js';

/** All instrumentations. A new one needs its file, its test and a line here. */
export const instrumentations: readonly Instrumentation[] = [
  httpServer,
  httpClient,
  http2Server,
  http2Client,
  fetch,
  connect,
  express,
  fastify,
  h3,
  hapi,
  hono,
  koa,
  next,
  restify,
  graphql,
  trpc,
  grpcServer,
  grpcClient,
  temporalClient,
  temporalWorker,
  pg,
  ioredis,
  redis,
  mysql,
  mysql2,
  mongodb,
  memcached,
  bullmq,
  kafkajs,
  amqplib,
  awsSdk,
  pino,
  winston,
  bunyan,
  console,
];

/** The metrics of Node itself are not an instrumentation, but the configuration switches them like one. */
const runtime: Switchable = { name: 'runtime', aliases: ['jvm', 'nodejs', 'runtime-node'] };

/** Everything that the configuration can turn on and off. */
export const switchable: readonly Switchable[] = [...instrumentations, runtime];
