import { temporal } from '@temporalio/proto';
import type { Event, Written } from './api.js';
import { now } from './time.js';

const { EventType } = temporal.api.enums.v1;

/** The names of the events: `workflowExecutionStarted` and so on. */
export type EventName = keyof Event extends infer Field
  ? Field extends `${infer Name}EventAttributes`
    ? Name
    : never
  : never;

export type EventAttributes<Name extends EventName> = Written<NonNullable<Event[`${Name}EventAttributes`]>>;

/** The events of an execution. The id of an event is its position. */
export class History {
  readonly events: Event[] = [];

  append<Name extends EventName>(name: Name, attributes: EventAttributes<Name>): number {
    const eventId = this.events.length + 1;
    const eventType = EventType[typeOf(name)];
    this.events.push({ eventId, eventTime: now(), eventType, [`${name}EventAttributes`]: attributes });
    return eventId;
  }

  after(eventId: number): Event[] {
    return this.events.slice(eventId);
  }
}

function typeOf(name: string): keyof typeof EventType {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return `EVENT_TYPE_${words}` as keyof typeof EventType;
}
