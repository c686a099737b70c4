import type { Switchable } from '../../instrumentation.js';
import { anyOf, IGNORED, quote, type ReportDraft } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { instrumentationsNamed, proposedNames } from '../instrumentations.js';
import { describeNode, isBlank, isEmpty, itemsOf } from '../source/source-node.js';
import { type NamedItem, namedItems } from './named-items.js';
import { boolean, type ValueType } from './value.js';

/** Which instrumentations are on or off, by name. An instrumentation that was not named is absent. */
export type Switches = Readonly<Record<string, boolean>>;

/** `{http: false}`, a list of such mappings, or bare names, whose value is `bare`. The last entry wins. */
export function switches(all: readonly Switchable[], { bare }: { bare: boolean }): ValueType<Switches> {
  const names = proposedNames(all);
  const expected = anyOf(names) || 'instrumentation names';
  return {
    expected,
    show: (value) =>
      Object.entries(value)
        .map(([name, on]) => `${name}: ${on}`)
        .join(', ') || 'none',
    read(node, report) {
      if (isBlank(node)) {
        report({ where: node.where, found: describeNode(node), expected, now: IGNORED });
        return undefined;
      }
      const ignore: ReportDraft = (draft) => report({ now: IGNORED, ...draft });
      const read = namedItems(node, expected, ignore).map((item) => readSwitch(item, all, bare, ignore));
      const usable = read.filter((each) => each !== undefined);
      if (itemsOf(node).length > 0 && usable.length === 0) return undefined;
      return Object.fromEntries(usable.flat());
    },
  };
}

function readSwitch(
  { where, name, value }: NamedItem,
  all: readonly Switchable[],
  bare: boolean,
  report: ReportDraft,
): [string, boolean][] | undefined {
  const named = instrumentationsNamed(name, all);
  if (named.length === 0) {
    const names = proposedNames(all);
    report({ severity: 'warn', where, found: quote(name), expected: anyOf(names) + didYouMean(name, names) });
    return undefined;
  }
  const on = value === undefined ? bare : isEmpty(value) || boolean.read(value, report);
  return on === undefined ? undefined : named.map((each) => [each, on]);
}
