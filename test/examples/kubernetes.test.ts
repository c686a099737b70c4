import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { version } from '../../package.json';
import { hasProgram } from '../support/program.js';

const FOLDER = resolve(import.meta.dirname, '../../examples/kubernetes');
const CHAPTER = readFileSync(resolve(FOLDER, '../../docs/containers.md'), 'utf8');
const canValidate = hasProgram('kubernetes-validate', 'python3 -m pip install kubernetes-validate');

describe.each(globSync('*.yaml', { cwd: FOLDER }))('%s', (file) => {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const manifest = parse(text);

  test('is in the chapter, and names the image of this version', () => {
    expect(CHAPTER).toContain(`(../examples/kubernetes/${basename(file)})`);
    for (const [, tag] of text.matchAll(/redhook:(\d\S*)/g)) expect(tag).toBe(version);
  });

  test.runIf(canValidate && manifest.kind === 'Deployment')('follows the schema of Kubernetes', () => {
    const args = ['--strict', '-k', '1.36', join(FOLDER, file)];
    expect(execFileSync('kubernetes-validate', args, { encoding: 'utf8', stdio: 'pipe' })).toBeDefined();
  });
});
