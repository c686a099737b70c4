/** The methods that list, count and describe executions. */
import type { Handlers, Response } from './api.js';
import { type Execution, Status } from './execution.js';
import type { Namespace } from './namespace.js';
import { StatusError } from './status.js';

type Info = NonNullable<Response<'describeWorkflowExecution'>['workflowExecutionInfo']>;

const GROUPING = /\s*GROUP BY ExecutionStatus$/;
const CONDITION = /^\s*(\w+)\s*=\s*'((?:[^']|'')*)'\s*(?:AND\b|$)/;

export function visibilityHandlers(namespace: Namespace): Handlers {
  return {
    describeWorkflowExecution({ execution }) {
      const found = namespace.find(execution);
      const { taskQueue } = found.origin.started;
      return { workflowExecutionInfo: infoOf(found), executionConfig: { taskQueue } };
    },
    listWorkflowExecutions: ({ query }) => ({
      executions: namespace.executions.filter(matcherOf(query)).map(infoOf),
    }),
    countWorkflowExecutions({ query }) {
      const found = namespace.executions.filter(matcherOf(query.replace(GROUPING, '')));
      const groups = GROUPING.test(query) ? groupsOf(found) : [];
      return { count: found.length, groups };
    },
  };
}

function infoOf(execution: Execution): Info {
  const { name, history, startTime, closeTime, status, origin, firstRunId } = execution;
  const { workflowType, taskQueue, memo, searchAttributes, parentWorkflowExecution } = origin.started;
  return {
    execution: name,
    type: workflowType,
    taskQueue: taskQueue?.name,
    status,
    startTime,
    executionTime: startTime,
    closeTime,
    historyLength: history.events.length,
    memo,
    searchAttributes,
    parentExecution: parentWorkflowExecution,
    firstRunId,
  };
}

/** Supports one part of the query language, comparisons with texts: `WorkflowType = 'A' AND TaskQueue = 'q'`. */
function matcherOf(query: string): (execution: Execution) => boolean {
  const conditions: [field: string, value: string][] = [];
  for (let rest = query.trim(); rest !== ''; ) {
    const [condition, field = '', value = ''] = CONDITION.exec(rest) ?? [];
    if (condition === undefined) throw new StatusError('INVALID_ARGUMENT', `invalid query: ${query}`);
    conditions.push([field, value.replaceAll("''", "'")]);
    rest = rest.slice(condition.length);
  }
  return (execution) => conditions.every(([field, value]) => fieldOf(execution, field) === value);
}

function fieldOf(execution: Execution, field: string): string | null | undefined {
  const { workflowType, taskQueue } = execution.origin.started;
  switch (field) {
    case 'WorkflowId':
      return execution.workflowId;
    case 'WorkflowType':
      return workflowType?.name;
    case 'TaskQueue':
      return taskQueue?.name;
    case 'ExecutionStatus':
      return statusName(execution);
    default:
      throw new StatusError('INVALID_ARGUMENT', `invalid query: no field ${field}`);
  }
}

function groupsOf(executions: Execution[]): Response<'countWorkflowExecutions'>['groups'] {
  return [...Map.groupBy(executions, statusName)].map(([name, { length }]) => ({
    count: length,
    groupValues: [
      {
        metadata: { encoding: Buffer.from('json/plain'), type: Buffer.from('Keyword') },
        data: Buffer.from(JSON.stringify(name)),
      },
    ],
  }));
}

/** The name of a status in the query language: `Running`, `ContinuedAsNew` and so on. */
function statusName({ status }: Execution): string {
  const words = Status[status].replace('WORKFLOW_EXECUTION_STATUS_', '').toLowerCase().split('_');
  return words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}
