/**
 * Settings that may be replaced while the process runs, all of them at once. Whoever reads `current` keeps nothing of it
 * beyond the moment.
 */
export interface Live<T> {
  readonly current: T;
}

/** Something made of settings. It is made again when these have been replaced. */
export function derived<S, T>(read: () => S, make: (settings: S) => T): () => T {
  let from: { readonly settings: S; readonly made: T } | undefined;
  return () => {
    const settings = read();
    if (from === undefined || from.settings !== settings) from = { settings, made: make(settings) };
    return from.made;
  };
}
