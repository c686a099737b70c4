import { expect, test } from 'vitest';
import { load } from '../../support/load-config.js';

function rulesOf(yaml: string) {
  const { config, lines } = load(`traces:\n  rules:\n${yaml}`);
  return { rules: config.traces.rules, lines };
}

test('rules are read from the file', () => {
  const { rules, lines } = rulesOf(`
    - drop: /healthz
    - {path: /static/*, ratio: 0.01}
    - {route: "/search/:term", method: get, rate: 2.5}
    - {kind: client, service: "*.internal", drop: true}
    - ratio: 0.1
  `);

  expect(lines).toEqual([]);
  expect(rules).toEqual([
    { drop: true, path: '/healthz' },
    { path: '/static/*', ratio: 0.01 },
    { route: '/search/:term', method: 'GET', rate: 2.5 },
    { kind: 'client', service: '*.internal', drop: true },
    { ratio: 0.1 },
  ]);
});

test('rules are read from the environment, which wins', () => {
  const { config, lines } = load('traces: {rules: [drop: /ready]}', {
    REDHOOK_TRACES_RULES: 'drop=/healthz; path=/a=b ratio=0.01;kind=client  service=redis drop;',
  });

  expect(lines).toEqual([]);
  expect(config.traces.rules).toEqual([
    { drop: true, path: '/healthz' },
    { path: '/a=b', ratio: 0.01 },
    { kind: 'client', service: 'redis', drop: true },
  ]);
  expect(
    load('traces: {rules: [drop: /ready]}', { REDHOOK_TRACES_RULES: 'none' }).config.traces.rules,
  ).toEqual([]);
});

test('rules of the environment may stand in the file too', () => {
  expect(rulesOf('    - drop=/healthz').rules).toEqual([{ drop: true, path: '/healthz' }]);
});

test.each([
  [
    '{pathh: /a, drop: true}',
    '3:8: found "pathh", expected drop, ratio, rate, path, route, method, kind or service (did you mean path?)',
  ],
  ['{path: /a}', '3:7: found a rule with no action, expected one of drop, ratio or rate'],
  [
    '{path: /a, drop: true, ratio: 1}',
    '3:7: found a rule with drop or ratio, expected one of drop, ratio or rate',
  ],
  ['{path: /a, drop: /b}', '3:18: found "drop", expected each condition once'],
  ['{path: /a, ratio: 2}', '3:25: found "2", expected a number from 0 to 1'],
  ['{path: /a, rate: 0}', '3:24: found "0", expected a number per second, more than 0'],
  ['{path: /a, drop: maybe}', '3:24: found "maybe", expected true or false'],
  ['{kind: internal, drop: true}', '3:14: found "internal", expected server, client, producer or consumer'],
  ['healthz', '3:7: found "healthz", expected drop, ratio, rate, path, route, method, kind or service'],
])('the rule %s is ignored, with a line', (rule, line) => {
  const { rules, lines } = rulesOf(`    - ${rule}\n    - drop: /healthz`);

  expect(lines).toEqual([expect.stringContaining(line)]);
  expect(lines[0]).toContain('; this rule is ignored');
  expect(rules).toEqual([{ drop: true, path: '/healthz' }]);
});
