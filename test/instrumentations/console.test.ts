import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { BuiltinTarget } from '../../src/instrumentation.js';
import { console as instrumentation } from '../../src/instrumentations/console.js';
import { record } from '../support/recorder.js';
import { inTrace, newTraceId } from '../support/trace.js';

const recorder = record({ ...instrumentation, targets: [] });

/** What a console of Node's prints, observed or not. */
function printed(isObserved: boolean, print: (own: Console) => void): string {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const own = new Console({ stdout, stderr: stdout, inspectOptions: { colors: true } });
  const [target] = instrumentation.targets as [BuiltinTarget];
  if (isObserved) target.attach(own, recorder.calls, (fn) => fn);
  print(own);
  return text;
}

function all(own: Console): void {
  own.log('a', 1, { b: [2] });
  own.info({ c: 3 });
  own.debug('%s is %d', 'd', 4);
  own.warn('two\nlines');
  own.error(new RangeError('e').message);
}

test('a line inside a trace ends with its ids, whatever was printed', () => {
  const id = newTraceId();
  const ids = `trace_id=${id} span_id=b7ad6b7169203331 trace_flags=01`;
  const bare = printed(false, all);
  const lines = inTrace(id, () => printed(true, all));

  const expected = bare.split('\n').map((line) => (['', 'two'].includes(line) ? line : `${line} ${ids}`));
  expect(lines.split('\n')).toEqual(expected);
});

test('a placeholder without a value does not take the ids for it', () => {
  const id = newTraceId();
  const print = (own: Console): void => own.log('100%s of %d%%', 'x');

  expect(inTrace(id, () => printed(true, print))).toBe(
    `100x of %d% trace_id=${id} span_id=b7ad6b7169203331 trace_flags=01\n`,
  );
});

test.each([
  ['outside of a trace', (print: () => string) => print(), all],
  ['an empty line', (print: () => string) => inTrace(newTraceId(), print), (own: Console) => own.log()],
  ['a table', (print: () => string) => inTrace(newTraceId(), print), (own: Console) => own.table([{ a: 1 }])],
  [
    'a heading',
    (print: () => string) => inTrace(newTraceId(), print),
    (own: Console) => own.group('heading'),
  ],
  [
    'an inspection',
    (print: () => string) => inTrace(newTraceId(), print),
    (own: Console) => own.dir({ a: 1 }),
  ],
])('%s is printed as it is', (_, where, print) => {
  expect(where(() => printed(true, print))).toBe(printed(false, print));
});
