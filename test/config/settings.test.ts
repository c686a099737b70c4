import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { settings } from '../../src/config/settings.js';
import { load } from '../support/load-config.js';

const ROOT = resolve(import.meta.dirname, '../..');
const DEFAULT_FILE = readFileSync(join(ROOT, 'otel-autoconf.yaml'), 'utf8');

test('every path is unique', () => {
  const paths = settings.flatMap(({ path }) => path ?? []);
  expect(paths.length).toBeGreaterThan(30);
  expect(new Set(paths).size).toBe(paths.length);
});

test('every setting has a path or an environment variable', () => {
  for (const { path, env = [], doc } of settings) expect([path, ...env].join(), doc).not.toBe('');
});

test('otel-autoconf.yaml of the repository sets exactly the defaults', () => {
  const { config, lines } = load(DEFAULT_FILE);
  expect(lines).toEqual([]);
  expect(config).toEqual(load().config);
});

test('otel-autoconf.yaml of the repository shows every setting that has a path', () => {
  for (const { path } of settings) {
    const key = path?.split('.').at(-1);
    if (key !== undefined) expect(DEFAULT_FILE).toMatch(new RegExp(`^[ #-]*${key}\\b`, 'm'));
  }
});

test('the commented examples in otel-autoconf.yaml are valid', () => {
  const otlp = DEFAULT_FILE.replace(/^ {4}- otlp: http.*\n((?: {4}#.*\n)+)/m, (_, examples: string) =>
    examples.replaceAll(/^ {4}# /gm, '    '),
  );
  const sampler = otlp.replace(/^ {2}sampler: .*\n((?: {2}#.*\n)+)/m, (_, example: string) =>
    example.replaceAll(/^ {2}# /gm, '  '),
  );
  const { config, lines } = load(sampler, { TOKEN: 't0ken' });
  expect(lines).toEqual([]);
  expect(config.traces.sampler).toEqual({ name: 'parentbased_traceidratio', ratio: 0.1 });
  expect(config.traces.exporters).toEqual([
    {
      type: 'otlp',
      queue: { maxSize: 2048, maxBatch: 512, delayMs: 5000 },
      protocol: 'grpc',
      endpoint: 'https://collector.example.com:4317',
      headers: { authorization: 'Bearer t0ken' },
      compression: 'none',
      timeoutMs: 10_000,
      certificate: '/etc/ssl/authorities.pem',
      clientKey: '/etc/ssl/client-key.pem',
      clientCertificate: '/etc/ssl/client.pem',
    },
    { type: 'console' },
  ]);
});
