import type { CallKind } from '../../instrumentation.js';
import type { RuleConfig } from '../config.js';
import { anyOf, quote, type ReportDraft } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { type Entry, isEmpty, type MappingNode, type SourceNode, scalar } from '../source/source-node.js';
import { boolean, choice, methodName, perSecond, ratio, text, type ValueType } from './value.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Key = 'drop' | 'ratio' | 'rate' | keyof typeof CONDITIONS;

const CONDITIONS = {
  path: text,
  route: text,
  method: methodName,
  kind: choice<CallKind>(['server', 'client', 'producer', 'consumer']),
  service: text,
};
const ACTIONS = ['drop', 'ratio', 'rate'] as const;
const KEYS: readonly string[] = [...ACTIONS, ...Object.keys(CONDITIONS)];
const NOW = 'this rule is ignored';

/**
 * Rules, each a mapping with one action and any number of conditions: `{path: /search, ratio: 0.1}`. `drop` may have the
 * path as its value: `drop: /healthz`. As text: `drop=/healthz; path=/search ratio=0.1`.
 */
export const ruleList: ValueType<readonly RuleConfig[]> = {
  expected: 'rules such as drop=/healthz; path=/search ratio=0.1',
  show: (rules) => rules.map(showRule).join('; ') || 'none',
  read(node, report) {
    const written = rulesIn(node);
    // Half a rule would decide more than its author meant.
    const read = written.map((each) => readRule(each, (draft) => report({ now: NOW, ...draft })));
    const usable = read.filter((rule) => rule !== undefined);
    return written.length > 0 && usable.length === 0 ? undefined : usable;
  },
};

function showRule(rule: RuleConfig): string {
  return Object.entries(rule)
    .map(([key, value]) => (value === true ? key : `${key}=${value}`))
    .join(' ');
}

function rulesIn(node: SourceNode): MappingNode[] {
  if (node.kind === 'list') return node.items.filter((item) => !isEmpty(item)).flatMap(rulesIn);
  if (node.kind === 'mapping') return [node];
  return node.text
    .split(';')
    .filter((rule) => rule.trim() !== '' && rule.trim() !== 'none')
    .map((rule) => mappingOf(rule, node.where));
}

/** `path=/search ratio=0.1`. A word without a value is true. */
function mappingOf(rule: string, where: string): MappingNode {
  const entries = rule
    .trim()
    .split(/\s+/)
    .map((word): Entry => {
      const [key = '', ...value] = word.split('=');
      return { key, where, value: scalar(where, value.length === 0 ? 'true' : value.join('=')) };
    });
  return { kind: 'mapping', where, entries };
}

function readRule(node: MappingNode, report: ReportDraft): RuleConfig | undefined {
  const rule: Partial<Writable<RuleConfig>> = {};
  let isValid = true;
  const refuse = (where: string, found: string, expected: string): void => {
    isValid = false;
    report({ where, found, expected });
  };
  for (const { key, where, value } of node.entries) {
    if (!KEYS.includes(key)) {
      refuse(where, quote(key), anyOf(KEYS) + didYouMean(key, KEYS));
      continue;
    }
    const read = readValue(key as Key, value, report);
    if (read === undefined) isValid = false;
    else if (Object.keys(read).some((each) => each in rule)) refuse(where, quote(key), 'each condition once');
    else Object.assign(rule, read);
  }
  const actions = ACTIONS.filter((action) => rule[action] !== undefined);
  if (isValid && actions.length !== 1)
    refuse(node.where, `a rule with ${anyOf(actions) || 'no action'}`, `one of ${anyOf(ACTIONS)}`);
  return isValid ? rule : undefined;
}

function readValue(key: Key, node: SourceNode, report: ReportDraft): RuleConfig | undefined {
  if (key === 'drop') return readDrop(node, report);
  if (key === 'ratio') return only(key, ratio.read(node, report));
  if (key === 'rate') return only(key, perSecond.read(node, report));
  if (key === 'method') return only(key, methodName.read(node, report)?.toUpperCase());
  return only(key, CONDITIONS[key].read(node, report));
}

/** `true`, or the path of what is dropped. */
function readDrop(node: SourceNode, report: ReportDraft): RuleConfig | undefined {
  if (node.kind === 'scalar' && /[/*]/.test(node.text)) return { drop: true, path: node.text.trim() };
  const isDropped = boolean.read(node, report);
  if (isDropped === undefined) return undefined;
  return isDropped ? { drop: true } : {};
}

function only<K extends keyof RuleConfig>(key: K, value: RuleConfig[K] | undefined): RuleConfig | undefined {
  return value === undefined ? undefined : ({ [key]: value } as RuleConfig);
}
