import { quote } from '../config/diagnostic.js';
import { didYouMean } from '../config/did-you-mean.js';
import { version } from '../version.js';
import { check } from './check.js';
import { type Command, FINE, print, UsageError, WRONG_USAGE } from './command.js';
import { config } from './config.js';
import { doctor } from './doctor.js';

const COMMANDS: Readonly<Record<string, Command>> = { check, config, doctor };

const HELP = `redhook ${version}

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  redhook ${name.padEnd(8)} ${summary}`)
  .join('\n')}

\`redhook help <command>\` says more. Exit codes: 0 if all is well, 1 if there are errors, 2 for a wrong command line.`;

/** Runs the command line and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [word = 'help', ...rest] = args;
  if (word === '--version' || word === '-v') return say(version);
  if (word === 'help' || word === '--help' || word === '-h') return help(rest[0]);
  const command = commandNamed(word);
  if (command === undefined)
    return refuse(
      `there is no command ${quote(word)}${didYouMean(word, Object.keys(COMMANDS))}`,
      'redhook help',
    );
  if (asksForHelp(rest)) return say(command.help);
  try {
    return await command.run(rest);
  } catch (error) {
    if (isUsageError(error)) return refuse(firstSentence(error.message), `redhook help ${word}`);
    throw error;
  }
}

function help(word: string | undefined): number {
  const command = word === undefined ? undefined : commandNamed(word);
  return say(command?.help ?? HELP);
}

function commandNamed(word: string): Command | undefined {
  return Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
}

/** Not what follows `--`: that is the command line of the application. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  return own.includes('--help') || own.includes('-h');
}

/** Those of `parseArgs` have a code. */
function isUsageError(error: unknown): error is Error {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true;
}

/** The next one gives advice that is about no argument of ours. */
function firstSentence(message: string): string {
  return message.replace(/\. .*$/s, '');
}

function say(text: string): number {
  print(text);
  return FINE;
}

function refuse(problem: string, seeAlso: string): number {
  process.stderr.write(`redhook: ${problem}; see \`${seeAlso}\`\n`);
  return WRONG_USAGE;
}
