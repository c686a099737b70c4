import type { ResourceDetector, ResourceValue } from '../config.js';
import { describeNode, isEmpty, type SourceNode } from '../source/source-node.js';
import { attributes as attributeList } from '../types/key-values.js';
import {
  component,
  hasKey,
  list,
  map,
  mapping,
  type NodeType,
  reportProblem,
  string,
  typed,
  unused,
  word,
} from './node-type.js';

/** Patterns with `*` and `?`. */
export const includeExclude = mapping({ included: list(string), excluded: list(string) });

const TYPES = {
  string: (value: unknown) => typeof value === 'string',
  bool: (value: unknown) => typeof value === 'boolean',
  int: Number.isSafeInteger,
  double: (value: unknown) => typeof value === 'number',
} satisfies Record<string, (value: unknown) => boolean>;

type ItemType = keyof typeof TYPES;
const NAMES = Object.keys(TYPES) as ItemType[];
const ARRAYS = NAMES.map((name) => `${name}_array` as const);

const given: NodeType<SourceNode> = { read: (node) => node };
/** An empty value stands for no attribute. */
const NO_VALUE: SourceNode = { kind: 'scalar', where: '', value: null, text: '' };

/** The value has the type that stands beside it, a string by default. */
const attribute = map(
  mapping({ name: string, value: given, type: word([...NAMES, ...ARRAYS]) }, ['name']),
  ({ name, value = NO_VALUE, type = 'string' }, node, report) => {
    if (isEmpty(value)) {
      if (!hasKey(node, 'value')) reportProblem(node.where, 'no "value"', 'it', 'ignored', report);
      return undefined;
    }
    const isArray = type.endsWith('_array');
    const isItem = TYPES[type.replace('_array', '') as ItemType];
    const items = isArray && value.kind === 'list' ? value.items : [value];
    const values = items.map((item) => (item.kind === 'scalar' ? item.value : undefined));
    if (isArray !== (value.kind === 'list') || !values.every((each) => isItem(each))) {
      reportProblem(value.where, describeNode(value), `a value of type ${type}`, 'ignored', report);
      return undefined;
    }
    return [name, (isArray ? values : values[0]) as ResourceValue] as const;
  },
);

const detector = component({
  container: mapping({}),
  host: mapping({}),
  process: mapping({}),
  service: mapping({}),
});

const detection = map(
  mapping({ attributes: includeExclude, detectors: list(detector) }),
  ({ attributes = {}, detectors = [] }) => ({
    attributes,
    detectors: [...new Set(detectors.map(({ name }): ResourceDetector => name as ResourceDetector))],
  }),
);

/** The attributes by name, and what is detected. Those of `attributes` win over those of `attributes_list`. */
export const resource = map(
  mapping({
    attributes: list(attribute),
    attributes_list: typed(attributeList),
    'detection/development': detection,
    schema_url: unused('resources are sent without it'),
  }),
  ({ attributes = [], attributes_list, 'detection/development': detected }) => ({
    attributes: { ...attributes_list, ...Object.fromEntries(attributes) } as Readonly<
      Record<string, ResourceValue>
    >,
    detection: detected ?? { attributes: {}, detectors: [] },
  }),
);
