/** The output of `npm run demo`, as the README promises it: trees of traces and a table of RED series. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { NODES } from '../support/app.js';

const ROOT = resolve(import.meta.dirname, '../..');

test('a request that fans out over fetch and gRPC is one tree, and each of its calls is in the table', async () => {
  // Whether this or another process has the default port, the demo takes another one.
  const holder = createServer()
    .on('error', () => {})
    .listen(9464);
  onTestFinished(() => void holder.close());
  const { stdout } = await promisify(execFile)(NODES['24'], ['scripts/demo.mts'], { cwd: ROOT });

  const [first = ''] = stdout.split(/^trace /m).slice(1);
  expect(first).toContain('9 spans');
  expect(treeOf(first).sort()).toEqual([
    'SERVER GET /orders/:id  200',
    'SERVER GET /orders/:id  200 > CLIENT GET  200',
    'SERVER GET /orders/:id  200 > CLIENT GET  200 > SERVER GET /stock/:sku  200',
    'SERVER GET /orders/:id  200 > CLIENT shop.Prices/Quote  OK',
    'SERVER GET /orders/:id  200 > CLIENT shop.Prices/Quote  OK > SERVER shop.Prices/Quote  OK',
    'SERVER GET /orders/:id  200 > CLIENT shop.Prices/Quote  OK > SERVER shop.Prices/Quote  OK > CLIENT shop.Rates/Get  OK',
    'SERVER GET /orders/:id  200 > CLIENT shop.Prices/Quote  OK > SERVER shop.Prices/Quote  OK > CLIENT shop.Rates/Get  OK > SERVER shop.Rates/Get  OK',
    'SERVER GET /orders/:id  200 > CLIENT shop.Shipping/Estimate  OK',
    'SERVER GET /orders/:id  200 > CLIENT shop.Shipping/Estimate  OK > SERVER shop.Shipping/Estimate  OK',
  ]);
  expect(stdout).toContain('SERVER GET  404  /no-such-page');
  const calls = [...stdout.matchAll(/^((?:SERVER|CLIENT) \w+) +(\S+(?: route\))?) +\S+ .*\d$/gm)];
  expect(calls.map(([, call, target]) => `${call} ${target?.replace(/:\d+$/, ':PORT')}`)).toEqual([
    'SERVER POST /orders',
    'SERVER GET /orders/:id',
    'SERVER GET /report',
    'SERVER GET /stock/:sku',
    'SERVER GET /stock/:sku',
    'SERVER GET (no route)',
    'SERVER grpc shop.Prices/Quote',
    'SERVER grpc shop.Rates/Get',
    'SERVER grpc shop.Shipping/Estimate',
    'CLIENT GET 127.0.0.1:PORT',
    'CLIENT GET 127.0.0.1:PORT',
    'CLIENT grpc shop.Prices/Quote',
    'CLIENT grpc shop.Rates/Get',
    'CLIENT grpc shop.Shipping/Estimate',
  ]);
  expect(stdout.split('Next, ')[1]).toContain('node --import redhook/register app.js');
  for (const row of ['CLIENT grpc  shop.Rates/Get', 'SERVER GET   /orders/:id'])
    expect(stdout).toMatch(new RegExp(`^${row} +\\S+ +2 +[\\d.]+$`, 'm'));
});

/** Each span with its ancestors. Each level is indented by three columns. Durations and targets are left out. */
function treeOf(trace: string): string[] {
  const path: string[] = [];
  return trace.split('\n').flatMap((line) => {
    const [, indent = '', call = ''] = /^([ │]*)[├└]─ (\w+ \S.*? {2}\S+)(?: {2}| *$)/.exec(line) ?? [];
    if (call === '') return [];
    path.splice(indent.length / 3, Number.POSITIVE_INFINITY, call);
    return [path.join(' > ')];
  });
}
