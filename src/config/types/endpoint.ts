import { quote, redactedEndpoint } from '../diagnostic.js';
import { describeNode } from '../source/source-node.js';
import type { ValueType } from './value.js';

/**
 * The base URL of a collector. `scheme` completes a URL that has none. Without `scheme`, such a URL is reported and
 * completed with `http`.
 */
export function endpoint(scheme?: 'http' | 'https'): ValueType<string> {
  const expected = 'a URL such as http://collector:4317';
  return {
    expected,
    show: redactedEndpoint,
    schema: { type: 'string', pattern: '^[hH][tT][tT][pP][sS]?://[^/\\s]' },
    read(node, report) {
      const input = node.kind === 'scalar' ? node.text.trim() : '';
      const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(input);
      const url = hasScheme ? input : `${scheme ?? 'http'}://${input}`;
      const found = node.kind === 'scalar' ? quote(redactedEndpoint(input)) : describeNode(node);
      if (!isHttp(url) || /^\d*$/.test(input)) {
        report({ where: node.where, found, expected });
        return undefined;
      }
      if (!hasScheme && scheme === undefined) {
        const hint = `a URL with a scheme (did you mean ${redactedEndpoint(url)}?)`;
        report({ where: node.where, found, expected: hint });
      }
      return url;
    },
  };
}

function isHttp(url: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '');
}
