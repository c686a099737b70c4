import { npmCi } from './npm-ci.js';

/**
 * Installs the other versions of Node that applications are run on. They have a folder of their own, because each of
 * them would otherwise be the `node` of the scripts here.
 */
export default function installNodes(): void {
  npmCi('test/nodes');
}
