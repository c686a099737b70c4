// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax that the messages show.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  type ScalarTag,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { FILE_NOT_USED, IGNORED, quote, type Report } from '../diagnostic.js';
import type { Entry, MappingNode, ScalarNode, SourceNode } from './source-node.js';
import { type Env, type ReferenceProblem, substitute } from './substitute.js';

// The only module that uses the yaml package. It parses nothing until a file has been found, so a start without a
// file costs only the initialisation of the package.

/** Far beyond any real configuration, but low enough to stop aliases that multiply or refer to themselves. */
const MAX_NODES = 10_000;
const MAX_DEPTH = 32;
/** Of the parser: tags and directives that it does not know. */
const MAX_WARNINGS = 100;

/** Where the problems of a document are reported. Whether an unset variable is one depends on the form of the file. */
export interface YamlReports {
  readonly report: Report;
  readonly reportUnset: Report;
}

/**
 * Parses a YAML document and substitutes environment variables in its values. For a document that cannot be parsed,
 * reports one error and returns `undefined`.
 */
export function parseYaml(
  text: string,
  file: string,
  env: Env,
  reports: YamlReports,
): SourceNode | undefined {
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  try {
    // `mapping` below reports duplicate keys, because the parser's own check takes quadratic time.
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    // Later errors are mostly consequences of the first.
    const [error] = document.errors;
    if (error !== undefined) throw new Unreadable(at(error.pos[0]), describeError(error));
    for (const warning of document.warnings.slice(0, MAX_WARNINGS)) {
      const found = describeError(warning);
      reports.report({
        severity: 'warn',
        where: at(warning.pos[0]),
        found,
        expected: 'plain YAML 1.2',
        now: IGNORED,
      });
    }
    return new TreeBuilder(document, at, env, reports).build();
  } catch (error) {
    const { where, found } =
      error instanceof Unreadable ? error : new Unreadable(file, 'a document that cannot be parsed');
    const expected = 'one valid YAML document';
    reports.report({ severity: 'error', where, found, expected, now: FILE_NOT_USED });
    return undefined;
  }
}

const SYNTAX = '${NAME}, ${env:NAME} or ${NAME:-default} ($$ is a literal $)';
const REFERENCE_PROBLEMS = {
  unset: {
    severity: 'warn',
    what: 'the unset variable',
    expected: 'a variable that is set, or a default (${NAME:-default})',
    now: 'it stands for nothing',
  },
  malformed: {
    severity: 'error',
    what: 'the malformed reference',
    expected: SYNTAX,
    now: 'the value is unset',
  },
  unclosed: { severity: 'warn', what: 'the unclosed reference', expected: SYNTAX, now: 'it is used as text' },
} as const;

class Unreadable extends Error {
  constructor(
    readonly where: string,
    readonly found: string,
  ) {
    super(found);
  }
}

/** Describes a parser error without the text that it quotes, which may be a secret. */
function describeError({ message }: YAMLError): string {
  return `a YAML error (${message.replace(/(?:[:;] | \\).*$/s, '')})`;
}

class TreeBuilder {
  private nodes = 0;
  private targets: ReadonlyMap<Alias, Node> | undefined;

  constructor(
    private readonly document: Document.Parsed,
    private readonly at: (offset: number) => string,
    private readonly env: Env,
    private readonly reports: YamlReports,
  ) {}

  build(): SourceNode {
    return this.node(this.document.contents, this.at(0), 0);
  }

  private node(node: unknown, parent: string, depth: number): SourceNode {
    const where = this.whereOf(node) ?? parent;
    if (++this.nodes > MAX_NODES || depth > MAX_DEPTH)
      throw new Unreadable(where, `more than ${MAX_NODES} values or ${MAX_DEPTH} levels`);
    if (isMap(node)) return this.mapping(node, where, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.node(item, where, depth + 1));
      return { kind: 'list', where, items };
    }
    if (isAlias(node)) {
      this.targets ??= targetsOf(this.document.contents);
      const target = this.targets.get(node);
      if (target !== undefined) return this.node(target, where, depth + 1);
      this.ignore(where, `the undefined alias ${quote(node.source)}`, 'the name of an anchor defined above');
    }
    return isScalar(node) ? this.scalar(node, where) : { kind: 'scalar', where, value: null, text: '' };
  }

  private mapping(map: YAMLMap, where: string, depth: number): MappingNode {
    const entries = new Map<string, Entry>();
    for (const { key, value } of map.items) {
      const keyWhere = this.whereOf(key) ?? where;
      if (!isScalar(key)) {
        this.ignore(keyWhere, 'a key that is not a plain name', 'a name');
        continue;
      }
      const name = key.source ?? String(key.value);
      if (entries.has(name)) this.ignore(keyWhere, `the duplicate key ${quote(name)}`, 'each key once');
      else entries.set(name, { key: name, where: keyWhere, value: this.node(value, keyWhere, depth + 1) });
    }
    return { kind: 'mapping', where, entries: [...entries.values()] };
  }

  private scalar(scalar: Scalar, where: string): ScalarNode {
    const source = scalar.source ?? '';
    const text = substitute(source, this.env, (problem) => this.reference(where, problem));
    const typed = text === source ? scalar.value : this.typed(text, scalar);
    return { kind: 'scalar', where, text, value: isPlainValue(typed) ? typed : text };
  }

  private reference(where: string, { kind, reference }: ReferenceProblem): void {
    const { severity, what, expected, now } = REFERENCE_PROBLEMS[kind];
    const report = kind === 'unset' ? this.reports.reportUnset : this.reports.report;
    report({ severity, where, found: `${what} ${quote(reference)}`, expected, now });
  }

  /** Types a plain value again after substitution, as the specification requires. Other values stay strings. */
  private typed(text: string, { type, tag }: Scalar): unknown {
    if (type !== Scalar.PLAIN || tag !== undefined) return text;
    const rule = this.document.schema.tags.find(
      (candidate): candidate is ScalarTag =>
        candidate.default === true && !candidate.collection && candidate.test?.test(text) === true,
    );
    const typed = rule === undefined ? text : rule.resolve(text, () => {}, {});
    return isScalar(typed) ? typed.value : typed;
  }

  private whereOf(node: unknown): string | undefined {
    const { range } = (node ?? {}) as { range?: [number, number, number] | null };
    return range ? this.at(range[0]) : undefined;
  }

  private ignore(where: string, found: string, expected: string): void {
    this.reports.report({ severity: 'error', where, found, expected, now: IGNORED });
  }
}

/** What each alias stands for: the last node above it with its anchor. The package would search the whole document each time. */
function targetsOf(root: unknown): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const visit = (node: unknown, depth: number): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
    } else if (isNode(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (depth > MAX_DEPTH) return;
      if (isMap(node)) {
        for (const { key, value } of node.items) {
          visit(key, depth + 1);
          visit(value, depth + 1);
        }
      } else if (isSeq(node)) for (const item of node.items) visit(item, depth + 1);
    }
  };
  visit(root, 0);
  return targets;
}

function isPlainValue(value: unknown): value is ScalarNode['value'] {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
