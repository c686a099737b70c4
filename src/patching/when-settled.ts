/**
 * Calls `fulfilled` or `rejected`, which must not throw, when the promise that a method returns settles. What it returns
 * goes to the caller of the method in the promise's place: nobody else has that one, so whether somebody handles a
 * rejection stays visible to Node.
 */
export function whenSettled<T>(
  promise: Promise<T>,
  fulfilled: (value: T) => void,
  rejected: (error: unknown) => void,
): Promise<T> {
  return promise.then(
    (value) => {
      fulfilled(value);
      return value;
    },
    (error) => {
      rejected(error);
      throw error;
    },
  );
}
