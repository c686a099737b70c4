import { expect, test } from 'vitest';
import { globPattern, templatePattern } from '../../../src/telemetry/traces/pattern.js';

test.each([
  ['/healthz', '/healthz', true],
  ['/healthz', '/healthz/', false],
  ['/static/*', '/static/a/b.js', true],
  ['/static/*', '/static/', true],
  ['/static/*', '/static', false],
  ['*.ico', '/favicon.ico', true],
  ['/a*b', '/ab', true],
  ['/ab*b', '/ab', false],
  ['*', '', true],
  ['/*/b/*/d', '/a/b/c/x/d', true],
  ['/a.c', '/abc', false],
] as const)('the glob %s describes %s: %s', (glob, text, expected) => {
  expect(globPattern(glob)(text)).toBe(expected);
});

test.each([
  ['/orders/:id', '/orders/7', true],
  ['/orders/{id}', '/orders/7', true],
  ['/orders/:id', '/orders/', false],
  ['/orders/:id', '/orders/7/items', false],
  ['/orders/:id/items', '/orders/7/items', true],
  ['/orders/:id?', '/orders', true],
  ['/orders/{id?}', '/orders/7', true],
  ['/files/*', '/files/a/b', true],
  ['/files/*path', '/files/a/b', true],
  ['/files/{path*}', '/files/a/b', true],
  ['/files/*', '/files', false],
  ['/', '/', true],
  ['/', '/a', false],
  ['/a.c', '/abc', false],
] as const)('the template %s describes %s: %s', (template, path, expected) => {
  expect(templatePattern(template)(path)).toBe(expected);
});

/** The same numbers each time, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

function regExpOf(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

test('globs say the same as the regular expressions that they stand for', () => {
  const next = numbers(7);
  const random = (alphabet: string, most: number) =>
    Array.from({ length: next(most + 1) }, () => alphabet[next(alphabet.length)]).join('');
  let matches = 0;

  for (let i = 0; i < 50_000; i += 1) {
    const glob = random('ab*/', 6);
    const text = random('ab/.', 8);
    const expected = regExpOf(glob).test(text);
    if (expected) matches += 1;
    expect(globPattern(glob)(text), `${glob} ${text}`).toBe(expected);
  }
  expect(matches).toBeGreaterThan(1_000);
});

test('templates say the same as a comparison of the segments', () => {
  const next = numbers(11);
  const segments = ['a', 'b', ':x', '{y}', ''];
  const pick = (list: readonly string[]) => list[next(list.length)] as string;
  const model = (template: string, path: string) => {
    const wanted = template.split('/');
    const given = path.split('/');
    const fixed = wanted.filter((each) => each !== '*');
    if (wanted.length === fixed.length ? given.length !== fixed.length : given.length <= fixed.length)
      return false;
    return fixed.every((each, i) => (/^[:{]/.test(each) ? given[i] !== '' : given[i] === each));
  };

  for (let i = 0; i < 50_000; i += 1) {
    const template = `${Array.from({ length: next(4) }, () => `/${pick(segments)}`).join('')}${next(3) === 0 ? '/*' : ''}`;
    const path = Array.from({ length: next(5) }, () => `/${pick(['a', 'b', 'c', ''])}`).join('');
    expect(templatePattern(template)(path), `${template} ${path}`).toBe(model(template, path));
  }
});

test('no pattern takes long, whatever is asked', () => {
  const text = `/${'a'.repeat(20_000)}`;
  const before = performance.now();

  expect(globPattern(`${'*a'.repeat(50)}*b`)(text)).toBe(false);
  expect(templatePattern(`/${':x'.repeat(50)}*b`)(text)).toBe(true);
  expect(performance.now() - before).toBeLessThan(2_000);
});
