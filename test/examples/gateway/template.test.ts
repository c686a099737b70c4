import { expect, test } from 'vitest';
import { parseTemplate } from '../../../examples/gateway/src/template.ts';

test.each([
  ['/v1/shelves', '/v1/shelves', []],
  ['/v1/{name=shelves/*}', '/v1/shelves/7', ['shelves/7']],
  ['/v1/{name=shelves/*}', '/v1/shelves/7/books', undefined],
  ['/v1/{name=shelves/*}', '/v1/shelves/', undefined],
  ['/v1/shelves/{shelf}', '/v1/shelves/a%2Fb', ['a/b']],
  ['/v1/shelves/{shelf}', '/v1/shelves/a%20b', ['a b']],
  ['/v1/shelves/{shelf}', '/v1/shelves/a/b', undefined],
  ['/v1/{name=shelves/*}', '/v1/shelves/a%2Fb', ['shelves/a%2Fb']],
  ['/v1/{path=**}', '/v1/a/b%20c/d%2fe', ['a/b c/d%2fe']],
  ['/v1/{path=**}', '/v1/', ['']],
  ['/v1/{path=**}', '/v1', ['']],
  ['/v1/{path=**}', '/v1x', undefined],
  ['/v1/{path=**}:archive', '/v1:archive', ['']],
  ['/v1/{path=files/**}', '/v1/files', ['files']],
  ['/v1/{path=files/**}', '/v1/filesx', undefined],
  ['/v1/{path=files/*/**}', '/v1/files/7', ['files/7']],
  ['/v1/files/**', '/v1/files', []],
  ['/v1/{path=files/**}', '/v1/files/a/b', ['files/a/b']],
  ['/v1/*/x/{id}', '/v1/any/x/7', ['7']],
  ['/v1/shelves/{shelf}:cancel', '/v1/shelves/7:cancel', ['7']],
  ['/v1/shelves/{shelf}:cancel', '/v1/shelves/7%3Acancel', undefined],
  ['/v1/shelves/{shelf}:cancel', '/v1/shelves/a:b:cancel', ['a:b']],
  ['/v1/shelves:sort', '/v1/shelves:sort', []],
  ['/v1/{path=**}:archive', '/v1/a/b:archive', ['a/b']],
  ['/v1/shelves/{shelf}/books/{book.id}', '/v1/shelves/1/books/2', ['1', '2']],
  ['/v1/shelves/{shelf}', '/v1/shelves/%', undefined],
  ['/v1/a.b', '/v1/aXb', undefined],
])('%s and %s: %j', (template, path, values) => {
  expect(parseTemplate(template).match(path)).toEqual(values);
});

test.each([
  ['v1/shelves', 'expected a "/" at its start'],
  ['/v1/{name', 'expected a "}" after "{"'],
  ['/v1/name}', 'expected a "{" before "}"'],
  ['/v1/{a={b}}', 'expected no variable inside a variable'],
  ['/v1/{1a}', 'expected the path of a field in place of "1a"'],
  ['/v1/{a}/{a}', 'expected each variable once'],
  ['/v1/**/x', 'expected "**" only at its end'],
  ['/v1/{a=**}/{b}', 'expected "**" only at its end'],
  ['/v1//x', 'expected *, ** or a name in place of ""'],
  ['/v1/x:', 'expected a name after the last ":"'],
  ['/v1/{a}b', 'expected a "/" or the end after "}"'],
])('%s is refused', (template, why) => {
  expect(() => parseTemplate(template)).toThrow(`"${template}": ${why}`);
});

test.each([
  ['/v1/shelves/{shelf}', ['/v1/shelves/:shelf']],
  ['/v1/{name=shelves/*/books/*}', ['/v1/shelves/:name/books/:name_2']],
  ['/v1/{book.id}', ['/v1/:book_id']],
  ['/v1/{path=**}', ['/v1/*', '/v1']],
  ['/v1/{path=**}:archive', ['/v1/*', '/v1::archive']],
  ['/v1/{a}/{path=**}:archive', ['/v1/:a/*', '/v1/:a(.+)::archive']],
  ['/{path=**}', ['/*']],
  ['/v1/shelves/{shelf}:cancel', ['/v1/shelves/:shelf(.+)::cancel']],
  ['/v1/shelves:sort', ['/v1/shelves::sort']],
])('the routes of %s are %j', (template, routes) => {
  expect(parseTemplate(template).routes).toEqual(routes);
});
