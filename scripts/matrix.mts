/**
 * `npm run matrix`: breaks and ends an application in every way, with and without Redhook, and prints what became of its
 * requests and spans. `-- --only <text>` runs the cases whose name contains the text. Fails when a row is not green.
 */
import { registerHooks } from 'node:module';
import { parseArgs } from 'node:util';

// The tests are modules in TypeScript that name each other as JavaScript, in a package that is CommonJS.
registerHooks({
  resolve(specifier, context, next) {
    const isOurs = specifier.startsWith('.') && /\/test\/|^\.\.\/test\//.test(specifier + context.parentURL);
    if (!isOurs) return next(specifier, context);
    return { ...next(specifier.replace(/\.js$/, '.ts'), context), format: 'module-typescript' };
  },
});

const { FAULTS } = await import('../test/matrix/faults.ts');
const { DEATHS } = await import('../test/matrix/deaths.ts');
const { runCase } = await import('../test/matrix/run-case.ts');
const { heading, rowLine } = await import('../test/matrix/table.ts');

/** Most cases wait rather than compute. */
const AT_ONCE = 4;

const { only = '' } = parseArgs({ options: { only: { type: 'string' } } }).values;
const cases = [...FAULTS, ...DEATHS].filter(({ name }) => name.includes(only));
const names = cases.map(({ name }) => name);
const began = performance.now();
let failed = 0;
let skipped = 0;

process.stdout.write(heading(names));
const queue = [...cases];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const row = await runCase(next);
      if (row.skipped !== undefined) skipped += 1;
      if (row.problems.length > 0) failed += 1;
      process.stdout.write(rowLine(row, names));
    }
  }),
);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`${cases.length} cases in ${seconds} s: ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 ? 1 : 0);
