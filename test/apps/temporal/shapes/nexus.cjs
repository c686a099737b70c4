/** A Nexus service. One operation answers at once, one is a workflow. */
const nexus = require('nexus-rpc');
const { WorkflowRunOperationHandler, startWorkflow } = require('@temporalio/nexus');

exports.createServices = () => {
  const service = nexus.service('greetings', {
    hello: nexus.operation(),
    run: nexus.operation(),
    refuse: nexus.operation(),
    forever: nexus.operation(),
  });
  return [
    nexus.serviceHandler(service, {
      hello: async (_, name) => `hello ${name}`,
      run: new WorkflowRunOperationHandler((context, id) =>
        startWorkflow(context, 'Quick', { workflowId: `${id}/Quick` }),
      ),
      refuse: async () => {
        throw new nexus.OperationError('failed', 'no');
      },
      forever: new WorkflowRunOperationHandler((context, id) =>
        startWorkflow(context, 'Endless', { workflowId: `${id}/Endless` }),
      ),
    }),
  ];
};
