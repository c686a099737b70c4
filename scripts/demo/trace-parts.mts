/** Puts the parts of a trace together that several processes have drawn, each its own. */

/** A line of a tree: a span, and the number of levels above it. */
interface Row {
  readonly level: number;
  readonly text: string;
  readonly duration: string;
}

const HEADER = /^trace (\w+) {2}/;
const ROW = /^((?: {3}|│ {2})*)[├└]─ (.*?) +(\d+\.\d ms)$/;

/** Takes lines of several processes and keeps those that belong to trees. */
export class TraceParts {
  /** By trace and process, in the order in which they came. */
  readonly #parts = new Map<string, Map<string, Row[]>>();
  /** By process: the part that its next lines belong to. */
  readonly #open = new Map<string, Row[]>();

  /** Whether the line is of a tree. */
  add(process: string, line: string): boolean {
    const [, id] = HEADER.exec(line) ?? [];
    if (id !== undefined) {
      const parts = this.#parts.get(id) ?? new Map<string, Row[]>();
      const rows = parts.get(process) ?? [];
      this.#parts.set(id, parts.set(process, rows));
      this.#open.set(process, rows);
      return true;
    }
    const [, indent = '', text = '', duration = ''] = ROW.exec(line) ?? [];
    if (text === '') return false;
    this.#open.get(process)?.push({ level: indent.length / 3, text, duration });
    return true;
  }

  /**
   * One tree of all parts of a trace, that of the process `first` at its top. What a process has served hangs below the span
   * whose text ends with its address, or with whatever else leads to it: the tree of the same method, or else all of them.
   */
  draw(id: string, first: string, addresses: Readonly<Record<string, string>>): string {
    const left = new Map(Array.from(this.#parts.get(id) ?? [], ([name, rows]) => [name, treesOf(rows)]));
    const expand = (name: string, trees: readonly Row[][], depth: number): (Row & { process: string })[] =>
      trees.flat().flatMap((row) => {
        const own = { ...row, level: row.level + depth, process: name };
        const called = Object.keys(addresses).find((each) => row.text.endsWith(` ${addresses[each]}`));
        return called === undefined ? [own] : [own, ...expand(called, take(called, row), own.level + 1)];
      });
    const take = (name: string, { text }: Row): Row[][] => {
      const trees = left.get(name) ?? [];
      const answering = trees.find(([root]) => root !== undefined && methodOf(root.text) === methodOf(text));
      left.set(name, answering === undefined ? [] : trees.filter((tree) => tree !== answering));
      return answering === undefined ? trees : [answering];
    };
    const top = left.get(first) ?? [];
    left.delete(first);
    const rows = expand(first, top, 0);
    const names = Math.max(...rows.map(({ process }) => process.length));
    const texts = rows.map((row, i) => `${branchOf(rows, i)}${row.text}`);
    const width = Math.max(...texts.map((text) => text.length));
    return rows
      .map(({ process, duration }, i) => {
        return `${process.padEnd(names)}  ${texts[i]?.padEnd(width)}  ${duration.padStart(9)}`;
      })
      .join('\n');
  }

  has(id: string, process: string): boolean {
    return this.#parts.get(id)?.has(process) === true;
  }
}

/** Splits rows at each that is on the first level. */
function treesOf(rows: readonly Row[]): Row[][] {
  const trees: Row[][] = [];
  for (const row of rows) {
    if (row.level === 0) trees.push([]);
    trees.at(-1)?.push(row);
  }
  return trees;
}

/** `acme.order.v1.OrderService/PlaceOrder`, the same on both sides of a call of gRPC. */
function methodOf(text: string): string | undefined {
  return text.split(' ')[1];
}

/** Indentation and box characters, from whether more siblings follow at each level. */
function branchOf(rows: readonly Row[], index: number): string {
  const level = rows[index]?.level ?? 0;
  return Array.from({ length: level + 1 }, (_, at) => {
    const next = rows.slice(index + 1).find((row) => row.level <= at);
    const follows = next?.level === at;
    if (at === level) return follows ? '├─ ' : '└─ ';
    return follows ? '│  ' : '   ';
  }).join('');
}
