const SECRET =
  /headers|authorization|cookie|token|secret|password|passwd|credential|signature|api[-_]?key|client[-_]key/i;

/** Whether the value of this key may be a secret, and with it every value below. */
export function mayHoldSecret(key: string): boolean {
  return SECRET.test(key);
}
