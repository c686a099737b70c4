import type { Attributes as ApiAttributes, AttributeValue as ApiValue } from '@opentelemetry/api';
import type { CallRecord } from '../../calls/observer.js';

/**
 * Sets a label of a call that the application sets on its span, by the API: in the record, so that the span and RED
 * both have it. The route names the call; any other label counts only where the record has no value of its own.
 * Returns false for an attribute that is no label of the call.
 */
export function setLabel(call: CallRecord, name: string, value: ApiValue | undefined): boolean {
  const { convention, attributes } = call;
  if (!Object.hasOwn(attributes, name)) return false;
  if (name === convention.route && name !== convention.operation) {
    if (typeof value === 'string' && value !== '') call.name(value);
  } else if (attributes[name] === undefined && !Array.isArray(value)) {
    call.set({ [name]: value as string | number | boolean | undefined });
  }
  return true;
}

/** Sets the labels among `all`. Returns the other attributes, if there are any. */
export function setLabels(call: CallRecord, all: ApiAttributes): ApiAttributes | undefined {
  const others = Object.entries(all).filter(([name, value]) => !setLabel(call, name, value));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}
