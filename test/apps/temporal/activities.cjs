const { Context } = require('@temporalio/activity');

/** The activities of the order service. One of them fetches `url`. */
exports.createActivities = (url) => ({
  charge: async (what) => what,
  reserve: async (what) => what,
  async flaky() {
    if (Context.current().info.attempt < 2) throw new Error('not yet');
  },
  async look() {
    await (await fetch(url)).text();
  },
  async linger() {
    console.log('lingering');
    await Context.current()
      .sleep('400ms')
      .catch(() => {});
    return 'lingered';
  },
});
