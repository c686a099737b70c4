import { printable, quote } from '../diagnostic.js';
import { describe } from '../source/source-node.js';
import type { Type } from './value.js';

/** The base URL of a receiver. `scheme` completes one that has none; otherwise that is a complaint, and `http`. */
export function endpoint(scheme?: 'http' | 'https'): Type<string> {
  const expected = 'a URL such as http://collector:4317';
  return {
    expected,
    show: printable,
    read(node, complain) {
      const given = node.kind === 'scalar' ? node.text.trim() : '';
      const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(given);
      const url = hasScheme ? given : `${scheme ?? 'http'}://${given}`;
      const found = node.kind === 'scalar' ? quote(printable(given)) : describe(node);
      if (!isHttp(url) || /^\d*$/.test(given)) {
        complain({ where: node.where, found, expected });
        return undefined;
      }
      if (!hasScheme && scheme === undefined) {
        const hint = `a URL with its scheme (did you mean ${printable(url)}?)`;
        complain({ where: node.where, found, expected: hint });
      }
      return url;
    },
  };
}

function isHttp(url: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '');
}
