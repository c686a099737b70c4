/** Deaths: the ways in which a process ends. To add one, add a row. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/app.js';
import type { Case, Scene } from './run-case.js';

const REQUESTS = 20;
const LISTENERS = { LISTENERS: 'some' };
const ALL_LISTENERS = { LISTENERS: 'all' };

const asks =
  (path: string) =>
  ({ request }: Scene) =>
    request(path);
const signal =
  (name: NodeJS.Signals) =>
  ({ app }: Scene) =>
    app.signal(name);

/** Rejects a promise. Where that does not end the process, it is asked to close. */
async function reject({ app, request }: Scene): Promise<void> {
  await request('/do/reject');
  await delay(100);
  const isAlive = await Promise.race([app.ended.then(() => false), delay(100, true)]);
  if (isAlive) await request('/do/close');
}

const MODES = ['throw', 'strict', 'warn', 'none', 'warn-with-error-code'];

/** What the collector does while the process ends. */
const COLLECTORS: Record<string, Partial<Case>> = {
  'collector refuses': {
    ours: {
      env: async () => ({
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
        OTEL_BSP_SCHEDULE_DELAY: '60000',
      }),
    },
    loss: 'counted',
  },
  'collector hangs': {
    before: ({ collector }) => collector.answer({ hang: true }),
    ours: { env: () => ({ OTEL_BSP_SCHEDULE_DELAY: '60000' }) },
    loss: 'counted',
  },
  'collector stops': {
    after: ({ collector }: Scene) => collector.close(),
    ours: { env: () => ({ OTEL_BSP_SCHEDULE_DELAY: '60000' }) },
    loss: 'counted',
  },
};

const WAYS: Case[] = [
  { name: 'natural exit', end: asks('/do/close') },
  { name: 'natural exit, listeners', env: LISTENERS, end: asks('/do/close') },
  { name: 'process.exit in the middle', slow: 3, end: asks('/do/exit') },
  { name: 'process.exit in the middle, listeners', slow: 3, env: ALL_LISTENERS, end: asks('/do/exit') },
  ...(['SIGTERM', 'SIGINT', 'SIGHUP'] as const).flatMap((name): Case[] => [
    { name, slow: 3, end: signal(name) },
    { name: `${name}, listeners that close`, env: LISTENERS, end: signal(name) },
  ]),
  {
    name: 'drain longer than our bound',
    slow: 2,
    env: { ...LISTENERS, DRAIN: '3000' },
    ours: { env: () => ({ OTEL_BSP_SCHEDULE_DELAY: '60000' }) },
    end: signal('SIGTERM'),
  },
  { name: 'uncaughtException', slow: 2, end: asks('/do/throw') },
  { name: 'uncaughtException, monitored', slow: 2, env: LISTENERS, end: asks('/do/throw') },
  {
    name: 'uncaughtException, handled',
    env: ALL_LISTENERS,
    async end({ app, request }) {
      await request('/do/throw');
      app.signal('SIGTERM');
    },
  },
  ...MODES.flatMap((mode): Case[] => [
    { name: `unhandledRejection=${mode}`, flags: [`--unhandled-rejections=${mode}`], end: reject },
    {
      name: `unhandledRejection=${mode}, listeners`,
      flags: [`--unhandled-rejections=${mode}`],
      env: ALL_LISTENERS,
      end: reject,
    },
  ]),
  { name: 'process.abort', end: asks('/do/abort'), loss: 'uncounted' },
  { name: 'SIGKILL', end: signal('SIGKILL'), loss: 'uncounted' },
  { name: 'stdin closes', env: { UNTIL_STDIN_CLOSES: '1' }, end: ({ app }) => app.closeInput() },
  ...Object.entries(COLLECTORS).flatMap(([name, given]): Case[] => [
    { ...given, name: `SIGTERM, ${name}`, end: signal('SIGTERM') },
    { ...given, name: `process.exit, ${name}`, slow: 2, end: asks('/do/exit') },
    { ...given, name: `natural exit, ${name}`, end: asks('/do/close') },
  ]),
];

export const DEATHS: readonly Case[] = WAYS.map((way) => ({ requests: REQUESTS, ...way }));
