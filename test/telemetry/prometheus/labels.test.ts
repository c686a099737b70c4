import { expect, test } from 'vitest';
import { createLabels } from '../../../src/telemetry/prometheus/labels.js';
import { SCOPE } from '../../../src/telemetry/scope.js';

const APP = { name: 'app' };
const ORDERS = { constantLabels: { 'service.name': 'orders' }, scopeLabels: true };

test('the text of a label set depends on the order of its attributes, the key does not', () => {
  const labels = createLabels(ORDERS, 'legacy');
  const [ab, ba, other] = [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    { a: 2, b: 1 },
  ].map((each) => labels(each, APP));
  expect(ab?.text).toBe('service_name="orders",a="1",b="2",otel_scope_name="app"');
  expect(ba?.text).not.toBe(ab?.text);
  expect(ba?.key).toBe(ab?.key);
  expect(other?.key).not.toBe(ab?.key);
});

test('labels of our own series are cached, and those of the application are not, because they may change', () => {
  const labels = createLabels(ORDERS, 'legacy');
  const ours = Object.freeze({ reason: 'queue' });
  expect(labels(ours, SCOPE).text).toBe('service_name="orders",reason="queue"');
  expect(labels(ours, SCOPE)).toBe(labels(ours, SCOPE));

  const theirs = { a: 1 };
  labels(theirs, APP);
  theirs.a = 2;
  expect(labels(theirs, APP).text).toContain('a="2"');
});

test('an object that is used in two scopes gets the labels of each scope', () => {
  const labels = createLabels(ORDERS, 'legacy');
  const shared = Object.freeze({ a: 1 });
  const texts = [labels(shared, APP), labels(shared, { name: 'redhook' })].map(({ text }) => text);
  expect(texts).toEqual([
    'service_name="orders",a="1",otel_scope_name="app"',
    'service_name="orders",a="1",otel_scope_name="redhook"',
  ]);
});

test('label names outside the legacy scheme are quoted, including the service', () => {
  const labels = createLabels({ ...ORDERS, constantLabels: { 'service.name': 'a "b" \\ c' } }, 'utf8');
  expect(labels({ 'http.route': '/x', 'q"uote': 1, plain: 1, __name__: 'evil' }, SCOPE).text).toBe(
    '"service.name"="a \\"b\\" \\\\ c","http.route"="/x","q\\"uote"="1",plain="1",exported___name__="evil"',
  );
});
