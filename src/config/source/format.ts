import { anyOf, FILE_NOT_USED, quote, type Report } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { keysBelow } from './short-form.js';
import { describeNode, isEmpty, type SourceNode } from './source-node.js';

/** Only a file in OpenTelemetry's declarative form has this key. */
const OFFICIAL_KEY = 'file_format';
/** Keys that both forms have, so they distinguish neither. */
const SHARED_KEYS = new Set(['log_level', 'resource']);

export type Form = 'short' | 'official';

/** The form of a document: Redhook's short one, or OpenTelemetry's. If it has neither or both, reports why. */
export function formOf(tree: SourceNode, report: Report): Form | undefined {
  const keys = keysBelow('');
  const allowed = `${anyOf(keys)}; or ${OFFICIAL_KEY}`;
  const refuse = (where: string, found: string, expected: string): undefined => {
    report({ severity: 'error', where, found, expected, now: FILE_NOT_USED });
  };

  if (isEmpty(tree)) return refuse(tree.where, 'an empty file', allowed);
  if (tree.kind !== 'mapping') return refuse(tree.where, describeNode(tree), `a mapping with ${allowed}`);
  const short = tree.entries.filter(({ key }) => keys.includes(key));
  if (tree.entries.some(({ key }) => key === OFFICIAL_KEY)) {
    const stray = short.find(({ key }) => !SHARED_KEYS.has(key));
    if (stray === undefined) return 'official';
    return refuse(stray.where, quote(stray.key), `no short-form key in a file with ${OFFICIAL_KEY}`);
  }
  if (short.length > 0) return 'short';
  const { where, key } = tree.entries[0] ?? { where: tree.where, key: '' };
  return refuse(where, quote(key), allowed + didYouMean(key, [...keys, OFFICIAL_KEY]));
}
