/** Interceptors of an application that waits for a moment before each operation of a workflow. */
const names = [
  'scheduleActivity',
  'scheduleLocalActivity',
  'startChildWorkflowExecution',
  'signalWorkflow',
  'startNexusOperation',
];

exports.interceptors = () => ({
  outbound: [
    Object.fromEntries(
      names.map((name) => [
        name,
        async (input, next) => {
          await Promise.resolve();
          return next(input);
        },
      ]),
    ),
  ],
});
