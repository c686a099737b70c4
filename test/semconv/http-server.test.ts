import { expect, test } from 'vitest';
import { connectionAttributes } from '../../src/semconv/http-server.js';

const attributesOf = (userAgent: string, connection: object) =>
  connectionAttributes(
    { authority: 'shop.example', headers: { 'user-agent': userAgent }, encrypted: false, socket: undefined },
    connection,
  );

test('requests of one connection share their attributes until a header changes', () => {
  const connection = {};
  const first = attributesOf('a browser', connection);

  expect(attributesOf('a browser', connection)).toBe(first);
  expect(attributesOf('a browser', {})).not.toBe(first);
  expect(attributesOf('another one', connection)).toMatchObject({ 'user_agent.original': 'another one' });
});

test('an idle connection does not hold long headers', () => {
  const connection = {};
  const long = 'x'.repeat(8_000);
  const first = attributesOf(long, connection);

  expect(first['user_agent.original']).toBe(long);
  expect(attributesOf(long, connection)).toEqual(first);
  expect(attributesOf(long, connection)).not.toBe(first);
});
