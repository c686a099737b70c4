/** What a demo prints, by its headings. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { NODES } from './app.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** The text below the first heading that begins so, or `''`. */
export type Section = (title: string) => string;

/** Runs `scripts/<name>.mts` until it ends. Rejects if it fails. */
export async function runDemo(name: string): Promise<Section> {
  const { stdout } = await promisify(execFile)(NODES['24'], [`scripts/${name}.mts`], { cwd: ROOT });
  const sections = stdout
    .split('\x1b[1m')
    .slice(1)
    .map((part) => part.split('\x1b[0m'));
  return (title) => sections.find(([heading = '']) => heading.startsWith(title))?.[1] ?? '';
}
