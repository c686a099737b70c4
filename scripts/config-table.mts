/**
 * The settings as a Markdown table, made from the settings themselves. `--write FILE` puts it into the file, between
 * its marks; `--check FILE` ends with 1 when the table there is not this one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { buildSync } from 'esbuild';

const { outputFiles } = buildSync({
  entryPoints: ['src/config/settings.ts'],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
});
const module = `data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`;
const { settings } = (await import(module)) as typeof import('../src/config/settings.js');

const MARKED = /(?<=<!-- settings -->\n).*?(?=<!-- \/settings -->)/s;

const rows = settings.map(({ path, env = [], type, default: value, doc }) => [
  path === undefined ? '' : code(path),
  env.map(code).join(' '),
  doc,
  type.expected,
  code(type.show(value)),
]);
const table = [['Setting', 'Environment', 'Meaning', 'Value', 'Default'], Array(5).fill('---'), ...rows]
  .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
  .join('');

const [mode, file = ''] = process.argv.slice(2);
if (mode === undefined) {
  process.stdout.write(table);
} else {
  const page = readFileSync(file, 'utf8');
  if (!MARKED.test(page)) throw new Error(`${file} has no <!-- settings --> and <!-- /settings -->`);
  const fresh = page.replace(MARKED, () => table);
  if (mode === '--write') {
    writeFileSync(file, fresh);
  } else if (fresh !== page) {
    console.error(
      `${file}: its table of settings is stale; node scripts/config-table.mts --write ${file} renews it`,
    );
    process.exitCode = 1;
  }
}

function code(text: string): string {
  return `\`${text}\``;
}
