import { printable, quote } from '../diagnostic.js';
import { describeNode } from '../source/source-node.js';
import type { ValueType } from './value.js';

/** The base URL of a receiver. `scheme` completes one that has none; otherwise that is reported, and `http` is used. */
export function endpoint(scheme?: 'http' | 'https'): ValueType<string> {
  const expected = 'a URL such as http://collector:4317';
  return {
    expected,
    show: printable,
    read(node, report) {
      const given = node.kind === 'scalar' ? node.text.trim() : '';
      const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(given);
      const url = hasScheme ? given : `${scheme ?? 'http'}://${given}`;
      const found = node.kind === 'scalar' ? quote(printable(given)) : describeNode(node);
      if (!isHttp(url) || /^\d*$/.test(given)) {
        report({ where: node.where, found, expected });
        return undefined;
      }
      if (!hasScheme && scheme === undefined) {
        const hint = `a URL with its scheme (did you mean ${printable(url)}?)`;
        report({ where: node.where, found, expected: hint });
      }
      return url;
    },
  };
}

function isHttp(url: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '');
}
