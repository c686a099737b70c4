/**
 * Loaded by `redhook doctor` before an application, and by nobody else: it writes what becomes of a Node process into a
 * file, again and again while the process lives. Like the entry of the flag it is understood by every Node.
 */
import { startReport } from './cli/doctor/start-report.js';
import { isTooOld } from './platform.js';

const { REDHOOK_REPORT: folder, REDHOOK_REPORT_LOAD: load } = process.env;

try {
  if (folder !== undefined) startReport(folder, isTooOld(process.versions.node));
} catch (error) {
  process.stderr.write(`redhook: this process cannot be examined (${error})\n`);
}
if (load === 'yes') require('./register.js');
