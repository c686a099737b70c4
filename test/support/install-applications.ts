import { npmCi } from './npm-ci.js';

/** Installs the applications that have packages of their own. */
export default function installApplications(): void {
  npmCi('examples/gateway');
  npmCi('examples/pipeline');
  npmCi('test/apps/next');
}
