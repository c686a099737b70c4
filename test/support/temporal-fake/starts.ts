/** The policies for starting a workflow whose id is already in use. */
import { temporal } from '@temporalio/proto';
import type { Request } from './api.js';
import { type Execution, Status } from './execution.js';
import type { Namespace } from './namespace.js';
import { alreadyStarted } from './status.js';

const { WorkflowIdConflictPolicy: Conflict, WorkflowIdReusePolicy: Reuse } = temporal.api.enums.v1;

type Start = Request<'startWorkflowExecution'> | Request<'signalWithStartWorkflowExecution'>;

/** Returns the running execution if the policy is to use it, otherwise a new one. */
export function startWorkflow(
  namespace: Namespace,
  request: Start,
): { execution: Execution; started: boolean } {
  const { workflowId, workflowIdConflictPolicy: conflict, workflowIdReusePolicy: reuse } = request;
  const latest = namespace.lookUp({ workflowId });
  if (latest?.isOpen) {
    if (conflict === Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
      return { execution: latest, started: false };
    const terminates =
      conflict === Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING ||
      reuse === Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING;
    if (!terminates) throw alreadyStarted(latest.runId);
    latest.close('Terminated', { reason: 'another run takes its id' });
  } else if (latest !== undefined && !isReusable(latest, reuse)) {
    throw alreadyStarted(latest.runId);
  }
  return { execution: namespace.start(workflowId, { started: request }), started: true };
}

function isReusable({ status }: Execution, policy: number): boolean {
  switch (policy) {
    case Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
      return false;
    case Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY:
      return status !== Status.WORKFLOW_EXECUTION_STATUS_COMPLETED;
    default:
      return true;
  }
}
