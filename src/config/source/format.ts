import { anyOf, FILE_NOT_USED, quote, type Report } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { keysBelow } from './short-form.js';
import { describeNode, isEmpty, type SourceNode } from './source-node.js';

/** Marks the official declarative form. */
const OFFICIAL_KEY = 'file_format';
/** A key that both forms have; it tells nothing. */
const SHARED_KEY = 'log_level';

/**
 * Whether a document is in the short form, and may be read as such; if not, why. The official form (`file_format`) is
 * known and not supported yet: its reader will branch off here.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/data-model/
 */
export function isShortForm(tree: SourceNode, report: Report): boolean {
  const keys = keysBelow('');
  const either = `${anyOf(keys)} of the short form, or ${OFFICIAL_KEY} of the official form`;
  const refuse = (where: string, found: string, expected: string): false => {
    report({ severity: 'error', where, found, expected, now: FILE_NOT_USED });
    return false;
  };

  if (isEmpty(tree)) return refuse(tree.where, 'an empty file', either);
  if (tree.kind !== 'mapping') return refuse(tree.where, describeNode(tree), `a mapping with ${either}`);
  const official = tree.entries.find(({ key }) => key === OFFICIAL_KEY);
  const short = tree.entries.filter(({ key }) => keys.includes(key));
  if (official !== undefined) {
    const stray = short.find(({ key }) => key !== SHARED_KEY);
    return stray === undefined
      ? refuse(official.where, 'the official form', 'the short form, the official one is not supported yet')
      : refuse(stray.where, quote(stray.key), `no key of the short form in a file with ${OFFICIAL_KEY}`);
  }
  if (short.length > 0) return true;
  const { where, key } = tree.entries[0] ?? { where: tree.where, key: '' };
  return refuse(where, quote(key), either + didYouMean(key, keys));
}
