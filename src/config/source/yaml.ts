import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  type ScalarTag,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { FILE_NOT_USED, IGNORED, quote, type Report } from '../diagnostic.js';
import type { Entry, MappingNode, ScalarNode, SourceNode } from './source-node.js';
import { type Env, substitute } from './substitute.js';

// The only module that needs the yaml package. Nothing of it runs before a file has been found, so that a start
// without a file costs no more than the package's own initialisation.

/** Far beyond any configuration, and few enough to stop a file whose aliases multiply or turn in a circle. */
const MOST_NODES = 10_000;
const DEEPEST = 32;

/**
 * Reads a YAML document with environment substitution into a tree that knows its places. A document that cannot be
 * read at all is one problem and no tree.
 */
export function parseYaml(text: string, file: string, env: Env, report: Report): SourceNode | undefined {
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  try {
    // Repeated keys are found below: the parser's own search for them takes quadratic time.
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    const [error] = document.errors;
    if (error !== undefined) throw new Unreadable(at(error.pos[0]), inWords(error));
    return new TreeBuilder(document, at, env, report).build();
  } catch (error) {
    const { where, found } =
      error instanceof Unreadable ? error : new Unreadable(file, 'a document that cannot be read');
    const expected = 'one valid YAML document';
    report({ severity: 'error', where, found, expected, now: FILE_NOT_USED });
    return undefined;
  }
}

class Unreadable extends Error {
  constructor(
    readonly where: string,
    readonly found: string,
  ) {
    super(found);
  }
}

/** Only the first error is told, the others are mostly its echo; and not the text it quotes, which may be a secret. */
function inWords({ message }: YAMLError): string {
  return `a YAML error (${message.replace(/(?:[:;] | \\).*$/s, '')})`;
}

class TreeBuilder {
  private nodes = 0;

  constructor(
    private readonly document: Document.Parsed,
    private readonly at: (offset: number) => string,
    private readonly env: Env,
    private readonly report: Report,
  ) {}

  build(): SourceNode {
    return this.node(this.document.contents, this.at(0), 0);
  }

  private node(node: unknown, parent: string, depth: number): SourceNode {
    const where = this.whereOf(node) ?? parent;
    if (++this.nodes > MOST_NODES || depth > DEEPEST)
      throw new Unreadable(where, `more than ${MOST_NODES} values or ${DEEPEST} levels`);
    if (isMap(node)) return this.mapping(node, where, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.node(item, where, depth + 1));
      return { kind: 'list', where, items };
    }
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target !== undefined) return this.node(target, where, depth + 1);
      this.ignore(where, `the alias ${quote(node.source)} of nothing`, 'the name of an anchor above');
    }
    return isScalar(node) ? this.scalar(node, where) : { kind: 'scalar', where, value: null, text: '' };
  }

  private mapping(map: YAMLMap, where: string, depth: number): MappingNode {
    const entries = new Map<string, Entry>();
    for (const { key, value } of map.items) {
      const place = this.whereOf(key) ?? where;
      if (!isScalar(key)) {
        this.ignore(place, 'a key that is no plain name', 'a name');
        continue;
      }
      const name = key.source ?? String(key.value);
      if (entries.has(name)) this.ignore(place, `${quote(name)} a second time`, 'every key once');
      else entries.set(name, { key: name, where: place, value: this.node(value, place, depth + 1) });
    }
    return { kind: 'mapping', where, entries: [...entries.values()] };
  }

  private scalar(scalar: Scalar, where: string): ScalarNode {
    const source = scalar.source ?? '';
    const text = substitute(source, this.env, (reference) =>
      this.report({
        severity: 'error',
        where,
        found: `the malformed reference ${quote(reference)}`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the syntax to show.
        expected: '${NAME}, ${env:NAME} or ${NAME:-default} ($$ stands for a $)',
        now: 'the value is left out',
      }),
    );
    const typed = text === source ? scalar.value : this.typed(text, scalar);
    return { kind: 'scalar', where, text, value: isPlainValue(typed) ? typed : text };
  }

  /** A value counts for what it is after substitution, as YAML would type it; quoted and tagged ones stay text. */
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
    this.report({ severity: 'error', where, found, expected, now: IGNORED });
  }
}

function isPlainValue(value: unknown): value is ScalarNode['value'] {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
