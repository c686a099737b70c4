import { expect, test } from 'vitest';
import {
  onTermination,
  type Terminated,
  tellTermination,
} from '../../../src/instrumentations/temporal/terminations.js';

test('all listeners hear of a termination until they forget it', () => {
  const heard: Terminated[] = [];
  const forget = onTermination((each) => heard.push(each));
  onTermination((each) => heard.push(each));
  tellTermination({ workflowId: 'a' });
  forget();
  tellTermination({ workflowId: 'b' });
  expect(heard).toEqual([{ workflowId: 'a' }, { workflowId: 'a' }, { workflowId: 'b' }]);
});
