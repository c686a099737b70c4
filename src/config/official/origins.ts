import type { Switchable } from '../../instrumentation.js';
import { instrumentationsNamed } from '../instrumentations.js';
import type { Origins } from '../origins.js';
import type { Value } from '../resolve.js';
import type { Setting } from '../settings.js';
import { isEmpty, type SourceNode } from '../source/source-node.js';
import { exporterPlaceOf, placesOf } from './places.js';

/** A value of the model that has a position. What the value is says the configuration. */
type Place = Value<unknown>;

/**
 * Where the values of a configuration come from that was built from the file `tree`. `own` knows it of the settings
 * under `distribution`.
 */
export function officialOrigins(tree: SourceNode, switchable: readonly Switchable[], own: Origins): Origins {
  function places(path: string, turn: number): readonly Place[] {
    if (path === 'instrumentations') return switches(tree, switchable);
    if (path === 'resource.attributes') return attributes(tree);
    if (path === 'service.name' || path === 'service.version')
      return attributes(tree).filter(({ value }) => Object.hasOwn(value, path));
    const exporter = exporterPlaceOf(path);
    const nodes = exporter
      ? nodesAt(nodesAt(tree, exporter.list)[turn], exporter.detail)
      : placesOf(path).flatMap((place) => nodesAt(tree, place).slice(0, 1));
    return nodes.filter((node) => !isEmpty(node)).map(({ where }) => ({ value: undefined, where }));
  }

  return {
    of<T>(setting: Setting<T>, turn = 0) {
      const found = setting.path === undefined ? [] : places(setting.path, turn);
      return found.length > 0 ? (found as readonly Value<T>[]) : own.of(setting, turn);
    },
  };
}

function switches(tree: SourceNode, switchable: readonly Switchable[]): Value<object>[] {
  return nodesAt(tree, 'instrumentation/development.js').flatMap((node) =>
    entriesOf(node).map(({ key, where }) => ({
      value: Object.fromEntries(instrumentationsNamed(key, switchable).map((name) => [name, true])),
      where,
    })),
  );
}

/** The attributes of the resource, each by its name, then the list in one string, which may have any name. */
function attributes(tree: SourceNode): Value<object>[] {
  const each = nodesAt(tree, 'resource.attributes[]').flatMap((item) =>
    nodesAt(item, 'name').map((name) => ({ value: { [textOf(name)]: true }, where: item.where })),
  );
  const listed = nodesAt(tree, 'resource.attributes_list').map((node) => ({
    value: Object.fromEntries(
      textOf(node)
        .split(',')
        .map((pair) => [pair.split('=', 1).join().trim(), true]),
    ),
    where: node.where,
  }));
  return [...each, ...listed];
}

/** The nodes to which a path leads, in the order of the file. See `places.ts`. */
function nodesAt(node: SourceNode | undefined, path: string): SourceNode[] {
  if (node === undefined) return [];
  if (path === '') return [node];
  const [step = '', ...rest] = path.split('.');
  const [start = '', end] = step.replace('[]', '').split('*');
  return entriesOf(node)
    .filter(({ key }) => (end === undefined ? key === start : key.startsWith(start)))
    .flatMap(({ value }) => (step.endsWith('[]') && value.kind === 'list' ? value.items : [value]))
    .flatMap((each) => nodesAt(each, rest.join('.')));
}

function entriesOf(node: SourceNode) {
  return node.kind === 'mapping' ? node.entries : [];
}

function textOf(node: SourceNode): string {
  return node.kind === 'scalar' ? node.text : '';
}
