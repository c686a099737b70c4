import { quote, type Report } from '../diagnostic.js';
import { valuesBelow } from '../source/short-form.js';
import type { SourceNode } from '../source/source-node.js';
import { map, type NodeType, named, reportProblem, reportUnused } from './node-type.js';
import { placesOf } from './places.js';

const any: NodeType<SourceNode> = { read: (node) => node };

/** The settings that the model has no node for, under `redhook`, in the keys of the short form. */
export const distribution: NodeType<ReadonlyMap<string, SourceNode>> = {
  ...map(named(any), (entries, _, report) => {
    let own = new Map<string, SourceNode>();
    for (const { name, where, value } of entries) {
      if (name === 'redhook') own = ownSettings(value, report);
      else reportUnused(where, name, 'it is for another distribution', report);
    }
    return own;
  }),
  fields: { redhook: any },
};

function ownSettings(node: SourceNode, report: Report): Map<string, SourceNode> {
  const values = valuesBelow('', node, report);
  for (const [path, { where }] of values) {
    const [place] = placesOf(path);
    if (place === undefined) continue;
    reportProblem(where, quote(path), `it in ${place}`, 'ignored', report);
    values.delete(path);
  }
  return values;
}
