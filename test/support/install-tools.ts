import { npmCi } from './npm-ci.js';

/** Installs the tools that start applications. Their folder is their own, so that none of them is found by accident. */
export default function installTools(): void {
  npmCi('test/tools');
}
