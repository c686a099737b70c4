import { methodOf } from './grpc.js';

/** Few enough that a client that makes up paths leaves room for the routes and methods that exist. */
const MAX_METHODS = 100;
const MAX_LENGTH = 256;

/** The names of methods that have proved to exist, by path. Others must not become labels: a path is the client's text. */
export class KnownMethods {
  readonly #names = new Map<string, string>();

  get(path: string): string | undefined {
    return this.#names.get(path);
  }

  /** Remembers a method, unless there are too many already or its path is too long for a label. */
  add(path: string): void {
    if (this.#names.size < MAX_METHODS && path.length <= MAX_LENGTH) this.#names.set(path, methodOf(path));
  }
}
