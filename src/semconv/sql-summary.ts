/** Statements that say what is done to which tables or procedures. */
const WITH_TARGET = new Set([
  'SELECT',
  'INSERT',
  'REPLACE',
  'UPDATE',
  'DELETE',
  'MERGE',
  'TRUNCATE',
  'CALL',
  'EXECUTE',
  'EXEC',
  'COPY',
  'LOCK',
]);
/** Statements about something of a kind: `CREATE TABLE orders`. */
const WITH_KIND = new Set(['CREATE', 'ALTER', 'DROP', 'START']);
const KINDS = new Set([
  'DATABASE',
  'EXTENSION',
  'FUNCTION',
  'INDEX',
  'PROCEDURE',
  'ROLE',
  'SCHEMA',
  'SEQUENCE',
  'TABLE',
  'TRANSACTION',
  'TRIGGER',
  'TYPE',
  'USER',
  'VIEW',
]);
const OTHERS = [
  'ABORT',
  'ANALYZE',
  'BEGIN',
  'CHECKPOINT',
  'CLOSE',
  'COMMENT',
  'COMMIT',
  'DEALLOCATE',
  'DECLARE',
  'DESCRIBE',
  'DISCARD',
  'DO',
  'END',
  'EXPLAIN',
  'FETCH',
  'FLUSH',
  'GRANT',
  'KILL',
  'LISTEN',
  'LOAD',
  'MOVE',
  'NOTIFY',
  'OPTIMIZE',
  'PREPARE',
  'REFRESH',
  'REINDEX',
  'RELEASE',
  'RESET',
  'REVOKE',
  'ROLLBACK',
  'SAVEPOINT',
  'SET',
  'SHOW',
  'UNLISTEN',
  'UNLOCK',
  'USE',
  'VACUUM',
  'VALUES',
];

/** A closed list: a misspelt statement must not become a label. */
const OPERATIONS: ReadonlySet<string> = new Set([...WITH_TARGET, ...WITH_KIND, ...OTHERS]);

/** What may stand between an operation and its target. */
const BEFORE_TARGET = new Set([
  'CONCURRENTLY',
  'DELAYED',
  'EXISTS',
  'FROM',
  'HIGH_PRIORITY',
  'IF',
  'IGNORE',
  'INTO',
  'LATERAL',
  'LOW_PRIORITY',
  'NOT',
  'ON',
  'ONLY',
  'QUICK',
  'TABLE',
  'TABLES',
]);
/** The target follows these at once, and that of the others after `FROM`. */
const TARGET_FOLLOWS = new Set(
  [...WITH_TARGET].filter((operation) => operation !== 'SELECT' && operation !== 'DELETE'),
);
/** Operations in which `FROM` names tables. */
const WITH_FROM = new Set(['SELECT', 'DELETE', 'UPDATE']);
/** Operations in which `USING` names a table. */
const WITH_USING = new Set(['DELETE', 'MERGE']);
/** These end a list of tables. */
const AFTER_TABLES = new Set([
  'WHERE',
  'GROUP',
  'ORDER',
  'HAVING',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'FOR',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'WINDOW',
  'RETURNING',
  'SET',
  'VALUES',
]);
/** The name of a common table expression follows these. */
const BEFORE_EXPRESSION = new Set(['WITH', 'RECURSIVE', ',']);
/** Operations with a list of targets. */
const WITH_LIST = new Set(['UPDATE', 'TRUNCATE', 'LOCK']);
/** Operations that may stand inside another one. */
const IN_PARENTHESES = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
/** Operations that contain another one, which stands at the same level. */
const CONTAINERS = new Set(['EXPLAIN', 'DESCRIBE', 'PREPARE']);
const MAX_LENGTH = 255;

/** One level of parentheses. */
interface Level {
  operation: string | undefined;
  /** The next name is a target. */
  expectsTarget: boolean;
  /** A comma is followed by one more target. */
  isInTables: boolean;
  /** Inside `WITH`: names here are those of common table expressions. */
  isInWith: boolean;
}

interface Part {
  readonly operation: string;
  readonly targets: string[];
}

/**
 * Reads the words of a statement, and finds its operations and their targets. It knows no grammar beyond that, so a rare
 * statement may be summarized incompletely. It never takes a value for a target.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query
 */
export class Summary {
  readonly #parts: Part[] = [];
  readonly #expressions = new Set<string>();
  #levels: Level[] = [levelOf()];
  /** The first operation at the outermost level. */
  #operation: string | undefined;
  /** The last word, in upper case, or the last sign. */
  #last = '';
  /** A target that may go on after a point. */
  #target: string | undefined;

  /** A word without quotes: a key word or a name. */
  word(word: string): void {
    const upper = word.toUpperCase();
    if (this.#last === '.' || !this.#isKeyWord(upper)) this.name(word);
    this.#last = upper;
  }

  name(name: string): void {
    if (this.#last === '.') {
      if (this.#target !== undefined) this.#target += `.${name}`;
    } else {
      this.#settle();
      const level = this.#level;
      if (level.isInWith && BEFORE_EXPRESSION.has(this.#last)) this.#expressions.add(name.toLowerCase());
      else if (level.expectsTarget) this.#target = name;
      level.expectsTarget = false;
    }
    this.#last = '';
  }

  /** A literal, a parameter or a sign. */
  other(sign: string): void {
    this.#last = sign;
    if (sign === '.') return;
    this.#settle();
    const level = this.#level;
    if (sign === '(') this.#levels.push(levelOf(level.expectsTarget ? level : undefined));
    else if (sign === ')' && this.#levels.length > 1) this.#levels.pop();
    else if (sign === ';') this.#levels = [levelOf()];
    level.expectsTarget = sign === ',' && level.isInTables;
  }

  end(): { summary: string | undefined; operation: string | undefined; collection: string | undefined } {
    this.#settle();
    const targets = new Set(this.#parts.flatMap((part) => part.targets));
    const [collection] = targets;
    return {
      summary: this.#text(),
      operation: this.#operation,
      collection: targets.size === 1 ? collection : undefined,
    };
  }

  get #level(): Level {
    return this.#levels[this.#levels.length - 1] as Level;
  }

  /** Whether a word is none of the names that are looked for. */
  #isKeyWord(word: string): boolean {
    this.#settle();
    const level = this.#level;
    const { operation } = level;
    if (this.#beginsOperation(word, level)) {
      this.#begin(word, level);
      return true;
    }
    if (word === 'WITH' && (operation === undefined || TARGET_FOLLOWS.has(operation))) {
      level.isInWith = true;
      return true;
    }
    if (AFTER_TABLES.has(word)) {
      level.expectsTarget = false;
      level.isInTables = false;
      return true;
    }
    if (level.expectsTarget) return BEFORE_TARGET.has(word);
    if (level.isInWith && BEFORE_EXPRESSION.has(this.#last)) return word === 'RECURSIVE';
    if (operation !== undefined) this.#lookForTarget(word, operation, level);
    return true;
  }

  #beginsOperation(word: string, { operation, isInWith }: Level): boolean {
    if (!OPERATIONS.has(word)) return false;
    const isFirst = operation === undefined && (isInWith ? this.#last === ')' : this.#isAtStart);
    if (isFirst) return true;
    if (word === 'SELECT') return operation !== 'GRANT' && operation !== 'REVOKE';
    return operation !== undefined && CONTAINERS.has(operation) && WITH_TARGET.has(word);
  }

  get #isAtStart(): boolean {
    return this.#levels.length === 1 || this.#last === '(';
  }

  #begin(operation: string, level: Level): void {
    const isOutermost = this.#levels.length === 1;
    level.operation = operation;
    level.expectsTarget = TARGET_FOLLOWS.has(operation);
    level.isInTables = WITH_LIST.has(operation);
    level.isInWith = false;
    // Inside a statement these are names of columns.
    if (isOutermost || IN_PARENTHESES.has(operation)) this.#parts.push({ operation, targets: [] });
    if (isOutermost) this.#operation ??= operation;
  }

  #lookForTarget(word: string, operation: string, level: Level): void {
    if (WITH_KIND.has(operation) && KINDS.has(word)) {
      const whole = `${operation} ${word}`;
      this.#parts[this.#parts.length - 1] = { operation: whole, targets: [] };
      if (this.#operation === operation) this.#operation = whole;
      level.operation = whole;
      level.expectsTarget = word !== 'TRANSACTION';
    } else if (
      word === 'JOIN' ||
      (word === 'FROM' && WITH_FROM.has(operation) && this.#last !== 'DISTINCT') ||
      (word === 'USING' && WITH_USING.has(operation))
    ) {
      level.expectsTarget = true;
      level.isInTables = true;
    }
  }

  /** The target is complete. */
  #settle(): void {
    const target = this.#target;
    this.#target = undefined;
    const targets = this.#parts.at(-1)?.targets;
    if (target === undefined || targets === undefined) return;
    if (!this.#expressions.has(target.toLowerCase()) && !targets.includes(target)) targets.push(target);
  }

  /** Cut off between words where it is too long. */
  #text(): string | undefined {
    let text = '';
    for (const { operation, targets } of this.#parts) {
      for (const each of [operation, ...targets]) {
        if (text.length + each.length + 1 > MAX_LENGTH) return text || undefined;
        text += text === '' ? each : ` ${each}`;
      }
    }
    return text || undefined;
  }
}

/** A level inside another one that expects a target: tables in parentheses, unless a statement follows. */
function levelOf(around?: Level): Level {
  return {
    operation: around?.operation,
    expectsTarget: around !== undefined,
    isInTables: around !== undefined,
    isInWith: false,
  };
}
