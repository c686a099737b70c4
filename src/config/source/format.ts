import { anyOf, FILE_NOT_USED, quote, type Report } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { keysBelow } from './short-form.js';
import { describeNode, isEmpty, type SourceNode } from './source-node.js';

/** Only a file in OpenTelemetry's declarative configuration has this key. */
const DECLARATIVE_KEY = 'file_format';
/** A key that both formats have, so it distinguishes neither. */
const SHARED_KEY = 'log_level';
const UNSUPPORTED = 'the declarative configuration of OpenTelemetry is not supported yet';

/**
 * Whether a document is in Redhook's short form. If not, reports why. OpenTelemetry's declarative configuration
 * (`file_format`) is recognised but not supported yet; its reader will branch off here.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/data-model/
 */
export function isShortForm(tree: SourceNode, report: Report): boolean {
  const keys = keysBelow('');
  const allowed = anyOf(keys);
  const refuse = (where: string, found: string, expected: string): false => {
    report({ severity: 'error', where, found, expected, now: FILE_NOT_USED });
    return false;
  };

  if (isEmpty(tree)) return refuse(tree.where, 'an empty file', allowed);
  if (tree.kind !== 'mapping') return refuse(tree.where, describeNode(tree), `a mapping with ${allowed}`);
  const declarative = tree.entries.find(({ key }) => key === DECLARATIVE_KEY);
  const short = tree.entries.filter(({ key }) => keys.includes(key));
  if (declarative !== undefined) {
    const shortKey = short.find(({ key }) => key !== SHARED_KEY);
    return shortKey === undefined
      ? refuse(declarative.where, quote(DECLARATIVE_KEY), `${allowed} (${UNSUPPORTED})`)
      : refuse(shortKey.where, quote(shortKey.key), `no short-form key in a file with ${DECLARATIVE_KEY}`);
  }
  if (short.length > 0) return true;
  const { where, key } = tree.entries[0] ?? { where: tree.where, key: '' };
  return refuse(where, quote(key), allowed + didYouMean(key, keys));
}
