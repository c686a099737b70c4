import { npmCi } from './npm-ci.js';

/** Installs the tools that start applications, in a folder where none of them is found by accident. */
export default function installTools(): void {
  npmCi('test/tools');
}
