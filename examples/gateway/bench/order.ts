import type { JsonObject } from '@bufbuild/protobuf';

/** An order with so many items, in JSON. */
export function orderOf(items: number): JsonObject {
  return {
    id: '4711',
    customer: 'a customer with a name of the usual length',
    items: Array.from({ length: items }, (_, i) => ({ sku: `sku-${i}-of-the-catalogue`, quantity: i + 1 })),
    state: 'STATE_SHIPPED',
    placedAt: '2026-01-01T00:00:00.123Z',
    totalCents: '9007199254740993',
  };
}

/** A message of the conformance suite about as large as an order with so many items, in JSON. */
export function everythingOf(items: number): JsonObject {
  return {
    text: 'a customer with a name of the usual length',
    int64: '9007199254740993',
    timestamp: '2026-01-01T00:00:00.123Z',
    colour: 'COLOUR_RED',
    inners: Array.from({ length: items }, (_, i) => ({
      text: `sku-${i}-of-the-catalogue`,
      numbers: [i + 1],
    })),
  };
}
