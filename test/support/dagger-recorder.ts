/** An engine of Dagger that builds nothing: it remembers which graph a module asks for. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ArgumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  valueFromASTUntyped,
} from 'graphql';

/** A step of a graph, such as `withFile`. What comes from another graph is that graph. */
export interface Step {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The steps that lead to something: a container, a folder, a file. */
export type Graph = readonly Step[];

export interface DaggerRecorder {
  readonly port: number;
  /** What was asked for by name: `publish`, `stdout`, `contents`, with the graph that leads there. */
  readonly asked: readonly { readonly name: string; readonly graph: Graph }[];
  /** The most questions that were open at the same time. */
  readonly mostAtOnce: number;
  /** The graph of an id. */
  graphOf(id: string): Graph;
  close(): void;
}

/** `answers` are the texts that a file or a command has, by the name of the question. */
export async function startDaggerRecorder(
  answers: Readonly<Record<string, string>> = {},
): Promise<DaggerRecorder> {
  const graphs: Graph[] = [];
  const asked: { name: string; graph: Graph }[] = [];
  let open = 0;
  let mostAtOnce = 0;

  const isGraph = (value: unknown): value is string => typeof value === 'string' && /^graph-\d+$/.test(value);
  const graphOf = (id: string): Graph => graphs[Number(id.slice('graph-'.length))] as Graph;
  const resolve = ({ name, value }: ArgumentNode): [string, unknown] => {
    const given = valueFromASTUntyped(value);
    return [name.value, isGraph(given) ? graphOf(given) : given];
  };
  const idOf = (graph: Graph): string => {
    const text = JSON.stringify(graph);
    const known = graphs.findIndex((each) => JSON.stringify(each) === text);
    return `graph-${known < 0 ? graphs.push(graph) - 1 : known}`;
  };

  const server = createServer(async (request, response) => {
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    const { query } = (await json(request)) as { query: string };
    const steps = stepsOf(query).map(({ name, arguments: args = [] }) => ({
      name: name.value,
      args: Object.fromEntries(args.map(resolve)),
    }));
    const leaf = steps.at(-1)?.name ?? '';
    const graph = steps.slice(0, -1);
    if (leaf !== 'id') asked.push({ name: leaf, graph });
    // A push takes a while.
    if (leaf === 'publish') await delay(20);
    const answer: unknown =
      leaf === 'id' ? idOf(graph) : (answers[leaf] ?? String(steps.at(-1)?.args['address']));
    const data = steps.reduceRight<unknown>((value, { name }) => ({ [name]: value }), answer);
    open -= 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    get mostAtOnce() {
      return mostAtOnce;
    },
    graphOf,
    close: () => void server.close(),
  };
}

/** A query of Dagger is one chain of fields. */
function stepsOf(query: string): FieldNode[] {
  const steps: FieldNode[] = [];
  let { selectionSet } = parse(query).definitions[0] as {
    selectionSet: OperationDefinitionNode['selectionSet'] | undefined;
  };
  while (selectionSet !== undefined) {
    const [field] = selectionSet.selections;
    if (field?.kind !== Kind.FIELD) break;
    steps.push(field);
    selectionSet = field.selectionSet;
  }
  return steps;
}
