/** No RegExp of the gateway takes more than linear time, so no request can keep it busy. */
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { type Token, tokenizer } from 'acorn';
import { checkSync } from 'recheck';
import { describe, expect, test } from 'vitest';
import { parseTemplate } from '../../../examples/gateway/src/template.ts';

const FILES = globSync('examples/gateway/{src,order-service}/*.ts');

interface Found {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

function literalsIn(file: string): Found[] {
  const code = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  const tokens = [...tokenizer(code, { ecmaVersion: 'latest', sourceType: 'module' })];
  return tokens
    .filter(({ type }) => type.label === 'regexp')
    .map(({ value }: Token & { value?: unknown }) => {
      const { pattern, flags } = value as { pattern: string; flags: string };
      return { where: file, source: pattern, flags };
    });
}

const TEMPLATES = [
  '/v1/shelves',
  '/v1/{name=shelves/*/books/*}',
  '/v1/{name=shelves/*/books/*}:cancel',
  '/v1/{a}/{b}/{c}/{d}:verb',
  '/v1/*/*/*/x/{path=**}',
  '/v1/{path=files/*/**}:archive',
].map((template): Found => ({ where: template, source: parseTemplate(template).pattern.source, flags: '' }));

const found = [...FILES.flatMap(literalsIn), ...TEMPLATES];

test('the literals are found', () => {
  expect(found.map(({ source }) => source)).toContain('^(\\d{1,8})([HMSmun])$');
});

test('the check finds what it must', () => {
  expect(checkSync('^(a+)+$', '').status).toBe('vulnerable');
});

describe('is linear', () => {
  test.each(found)('$where: /$source/$flags', ({ source, flags }) => {
    expect(checkSync(source, flags)).toMatchObject({
      status: 'safe',
      complexity: { type: expect.stringMatching(/^(safe|linear)$/) },
    });
  });
});
