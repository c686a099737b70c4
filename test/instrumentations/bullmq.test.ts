import { setTimeout as sleep } from 'node:timers/promises';
import * as bullmq6 from 'bullmq';
import * as bullmq5 from 'bullmq5';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bullmq as instrumentation } from '../../src/instrumentations/bullmq.js';
import { expectCalls, type Kind, startMixed } from '../support/mixed-operations.js';
import { type Ended, record } from '../support/recorder.js';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/server.js';
import { currentTraceId, inTrace, newTraceId } from '../support/trace.js';
import { unhandledRejection } from '../support/unhandled-rejection.js';

const recorder = record(instrumentation);
let server: Server;

beforeAll(async () => {
  if (hasRedis()) server = await startRedis();
});
afterAll(() => server?.close());

const versions = [
  ['5', bullmq5 as unknown as typeof bullmq6],
  ['6', bullmq6],
] as const;

/** What a call was: `producer add ok`. */
function summary({ kind, operation, route, error }: Ended): string {
  return `${kind} ${operation} ${route} ${error ?? 'ok'}`;
}

describe.skipIf(!hasRedis()).each(versions)(
  'BullMQ %s',
  (version, { Queue, Worker, FlowProducer, ...bullmq }) => {
    const open: { close(): Promise<void> }[] = [];
    let queues = 0;

    function opened<T extends { close(): Promise<void>; on(event: 'error', listener: () => void): unknown }>(
      client: T,
    ): T {
      client.on('error', () => {});
      open.unshift(client);
      return client;
    }

    const connection = () => ({ host: server.host, port: server.port });

    function queueOf(more: object = {}) {
      queues += 1;
      return opened(new Queue(`queue-${version}-${queues}`, { connection: connection(), ...more }));
    }

    function work(queue: { name: string }, process: bullmq6.Processor, more: object = {}) {
      return opened(new Worker(queue.name, process, { connection: connection(), ...more }));
    }

    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
      recorder.forget();
    });

    test('a job is a call to add it and a call to process it, with the names of the conventions', async () => {
      const queue = queueOf();
      const { id } = await queue.add('mail', { to: 'a' });
      work(queue, async () => 'sent');

      const [add, process] = await recorder.take(2);
      const labels = {
        'messaging.system': 'bullmq',
        'messaging.destination.name': queue.name,
        'server.address': '127.0.0.1',
        'server.port': server.port,
        'messaging.message.id': id,
        'bullmq.job.name': 'mail',
      };
      expect(add?.kind).toBe('producer');
      expect(add?.attributes).toEqual({
        ...labels,
        'messaging.operation.name': 'add',
        'messaging.operation.type': 'send',
      });
      expect(process?.kind).toBe('consumer');
      expect(process?.attributes).toEqual({
        ...labels,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'bullmq.job.attempts.made': 0,
      });
      expect(process).toMatchObject({ traceId: add?.traceId, parentSpanId: add?.spanId });
    });

    test('every attempt is in the trace of the request that added the job, and its code runs there', async () => {
      const queue = queueOf();
      const id = newTraceId();
      const seen: unknown[] = [];
      work(queue, async (job) => {
        seen.push(currentTraceId());
        if (job.attemptsMade < 2) throw new RangeError('not yet');
      });
      await inTrace(id, () => queue.add('mail', {}, { attempts: 3, delay: 5, backoff: 5 }));

      const calls = await recorder.take(4);
      expect(calls.map(summary)).toEqual([
        `producer add ${queue.name} ok`,
        `consumer process ${queue.name} RangeError`,
        `consumer process ${queue.name} RangeError`,
        `consumer process ${queue.name} ok`,
      ]);
      expect(new Set([...seen, ...calls.map(({ traceId }) => traceId)])).toEqual(new Set([id]));
      expect(calls.slice(1).map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(calls[0]?.spanId));
    });

    test('the application sees neither the context nor anything else of ours in its jobs', async () => {
      const queue = queueOf({ defaultJobOptions: { attempts: 2 } });
      const options = { jobId: 'job', priority: 3 };
      const added = await queue.add('mail', { to: ['a'] }, options);
      const found = await queue.getJob('job');
      const processed = await new Promise<bullmq6.Job>((resolve) => {
        work(queue, async (job) => resolve(job));
      });

      expect(options).toEqual({ jobId: 'job', priority: 3 });
      for (const job of [added, found, processed]) {
        expect(job?.data).toEqual({ to: ['a'] });
        expect(Object.keys(job?.opts ?? {})).not.toContain('telemetry');
        expect(JSON.stringify(job)).not.toMatch(/traceparent|redhook/);
      }
      expect(found?.opts).toMatchObject({ attempts: 2, priority: 3 });
      await recorder.take(2);
    });

    test('jobs that are added together are one call, and each is processed in its trace', async () => {
      const queue = queueOf();
      work(queue, async () => {}, { concurrency: 5 });
      const id = newTraceId();
      const jobs = await inTrace(id, () =>
        queue.addBulk(Array.from({ length: 3 }, () => ({ name: 'a', data: {} }))),
      );
      expect(jobs).toHaveLength(3);

      const calls = await recorder.take(4);
      const add = calls.find(({ kind }) => kind === 'producer');
      expect(add?.attributes).toMatchObject({
        'messaging.operation.name': 'addBulk',
        'messaging.batch.message_count': 3,
      });
      expect(calls.filter(({ parentSpanId }) => parentSpanId === add?.spanId)).toHaveLength(3);
    });

    test('a flow is one call, and its jobs are processed in its trace, whatever their queues', async () => {
      const [parent, child] = [queueOf(), queueOf()];
      const flows = opened(new FlowProducer({ connection: connection() }));
      const children = [1, 2].map((n) => ({ name: `child ${n}`, queueName: child.name, data: { n } }));
      const id = newTraceId();
      const flow = await inTrace(id, () => flows.add({ name: 'parent', queueName: parent.name, children }));
      expect(Object.keys(flow.job.opts)).not.toContain('metadata');
      expect(JSON.stringify(flow.job)).not.toContain('traceparent');
      work(child, async (job) => job.data.n);
      work(parent, async (job) => Object.values(await job.getChildrenValues()));

      const calls = await recorder.take(4);
      expect(calls.map(summary).sort()).toEqual([
        `consumer process ${parent.name} ok`,
        `consumer process ${child.name} ok`,
        `consumer process ${child.name} ok`,
        `producer add ${parent.name} ok`,
      ]);
      expect(new Set(calls.map(({ traceId }) => traceId))).toEqual(new Set([id]));
      const add = calls.find(({ kind }) => kind === 'producer');
      expect(add?.attributes['messaging.batch.message_count']).toBe(3);
      expect(calls.map(({ messages }) => messages).sort()).toEqual([1, 1, 1, 3]);

      await flows.addBulk([parent, child].map(({ name }) => ({ name: 'alone', queueName: name, data: {} })));
      expect((await recorder.take(3)).map(({ route }) => route)).toContain(undefined);
    });

    test('a job that waits has not failed, and one that does not want to be tried again has', async () => {
      const queue = queueOf();
      const waited = new Set<string | undefined>();
      work(queue, async (job, token) => {
        if (job.name === 'hopeless') throw new bullmq.UnrecoverableError('never');
        if (waited.has(job.id)) return;
        waited.add(job.id);
        await job.moveToDelayed(Date.now() + 10, token);
        throw new bullmq.DelayedError();
      });
      await queue.add('later', {});
      await queue.add('hopeless', {}, { attempts: 5 });

      expect((await recorder.take(5)).map(summary).sort()).toEqual([
        `consumer process ${queue.name} UnrecoverableError`,
        `consumer process ${queue.name} ok`,
        `consumer process ${queue.name} ok`,
        `producer add ${queue.name} ok`,
        `producer add ${queue.name} ok`,
      ]);
    });

    test('a job that is cancelled has failed with the error that it was given', async () => {
      const queue = queueOf();
      const worker = work(queue, (job, _token, signal) => {
        return new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
          worker.cancelJob(job.id as string);
        });
      });
      await queue.add('endless', {});
      expect((await recorder.take(2)).map(summary)).toContain(`consumer process ${queue.name} AbortError`);
    });

    test('a job whose worker stalls is processed again in the same trace', async () => {
      const queue = queueOf();
      const id = newTraceId();
      const job = await inTrace(id, () => queue.add('slow', {}));
      const stalled = new Worker(queue.name, undefined, {
        connection: connection(),
        lockDuration: 10,
        autorun: false,
      });
      expect((await opened(stalled).getNextJob('token'))?.id).toBe(job.id);
      await sleep(50);
      await recorder.take(1);

      const events: string[] = [];
      const worker = work(queue, async () => 'done', { stalledInterval: 50 });
      worker.on('stalled', (stalledId) => events.push(stalledId));
      expect(await recorder.take(1)).toMatchObject([{ kind: 'consumer', traceId: id, error: undefined }]);
      expect(events).toEqual([job.id]);
    });

    test('the jobs of a scheduler begin traces of their own', async () => {
      const queue = queueOf();
      const id = newTraceId();
      await inTrace(id, () => queue.upsertJobScheduler('often', { every: 20, limit: 3 }, { name: 'tick' }));
      const done: string[] = [];
      const worker = work(queue, async (job) => void done.push(job.name));
      await expect.poll(() => done.length, { timeout: 5_000 }).toBe(3);
      await worker.close();

      const [upsert, ...runs] = await recorder.take(4);
      expect(upsert).toMatchObject({ kind: 'producer', operation: 'upsertJobScheduler', traceId: id });
      expect(new Set([id, ...runs.map(({ traceId }) => traceId)]).size).toBe(4);
    });

    test('a job that cannot be added is an error, and its rejection stays unhandled if nobody handles it', async () => {
      const queue = queueOf();
      const reason = await unhandledRejection(() => void queue.add('mail', {}, { jobId: '0' }));
      expect(String(reason)).toContain("JobId cannot be '0'");
      expect((await recorder.take(1)).map(summary)).toEqual([`producer add ${queue.name} Error`]);
    });

    test('where BullMQ has a telemetry, it makes the spans and carries the context; calls are counted only', async () => {
      const telemetry = telemetryOf(
        '{"traceparent":"00-11111111111111111111111111111111-2222222222222222-01"}',
      );
      const queue = queueOf({ telemetry });
      const job = await queue.add('mail', {});
      expect(job.opts.telemetry?.metadata).toContain('1111');
      const seen = await new Promise((resolve) => {
        work(queue, async ({ opts }) => resolve(opts.telemetry), { telemetry });
      });
      expect(seen).toEqual(job.opts.telemetry);
      await expect.poll(() => recorder.ended.length).toBe(2);
      expect(recorder.ended.map(({ spanId }) => spanId)).toEqual([undefined, undefined]);
      expect(telemetry.spans).toEqual(
        expect.arrayContaining([`add ${queue.name}.mail`, `process ${queue.name}`]),
      );
    });

    test('a worker joins the trace of a producer whose context BullMQ has carried', async () => {
      const telemetry = telemetryOf(
        '{"traceparent":"00-11111111111111111111111111111111-2222222222222222-01"}',
      );
      const queue = queueOf({ telemetry });
      await queue.add('mail', {});
      recorder.forget();
      work(queue, async () => {});
      expect(await recorder.take(1)).toMatchObject([
        { traceId: '1'.repeat(32), parentSpanId: '2'.repeat(16) },
      ]);

      const other = queueOf({ telemetry: telemetryOf('not JSON') });
      await other.add('mail', {});
      recorder.forget();
      work(other, async () => {});
      await recorder.take(1);
    });

    test('of 1,000 mixed operations each is counted once, in its own trace', async () => {
      const queue = queueOf();
      const name = queue.name;
      work(
        queue,
        async (job) => {
          await sleep(1);
          if (job.name === 'fails') throw new TypeError('kaput');
        },
        { concurrency: 50 },
      );
      const kinds: Kind[] = [
        [[`${name} ok`, `${name} ok`], () => queue.add('works', {})],
        [[`${name} TypeError`, `${name} ok`], () => queue.add('fails', {})],
        [[`${name} Error`], () => queue.add('bad', {}, { jobId: '0' })],
        [
          [`${name} ok`, `${name} ok`, `${name} ok`],
          () => queue.addBulk(['a', 'b'].map((each) => ({ name: each, data: {} }))),
        ],
        [
          [`${name} TypeError`, `${name} TypeError`, `${name} ok`],
          () => queue.add('fails', {}, { attempts: 2 }),
        ],
      ];
      const { expected, requests } = startMixed(kinds);
      await Promise.allSettled(requests);
      await expectCalls(recorder, expected);
    });
  },
);

/** A telemetry as BullMQ takes one: it notes the names of the spans, and carries `metadata`. */
function telemetryOf(metadata: string): bullmq6.Telemetry & { spans: string[] } {
  const spans: string[] = [];
  const span = { setSpanOnContext: (context: unknown) => context, setAttributes() {}, setAttribute() {} };
  return {
    spans,
    tracer: {
      startSpan(name: string) {
        spans.push(name);
        return { ...span, addEvent() {}, recordException() {}, end() {} } as unknown as bullmq6.Span;
      },
    },
    contextManager: {
      with: (_: unknown, fn: () => unknown) => fn(),
      active: () => ({}),
      getMetadata: () => metadata,
      fromMetadata: (context: unknown) => context,
    },
  } as unknown as bullmq6.Telemetry & { spans: string[] };
}
