/**
 * What keeps this process from showing what it knows: no inspector, no report and no dump with its memory or its
 * variables in it, and one clean line when it fails.
 */

/**
 * Flags of Node that open the memory or the environment of the process to others, or write them to a file. The
 * form with underscores is the same flag.
 */
const REVEALING_FLAGS =
  /^--(?:inspect|heapsnapshot-|heap-prof|report-(?:on-|uncaught-)|abort-on-uncaught-exception)/;

/** The flags of this process, from its command line and from `NODE_OPTIONS`, that reveal what it holds. */
export function revealingFlags(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions: string = process.env['NODE_OPTIONS'] ?? '',
): string[] {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)];
  return given
    .map((flag) => flag.replace(/=.*$/, ''))
    .filter((flag) => REVEALING_FLAGS.test(flag.replaceAll('_', '-')));
}

/** From now on SIGUSR1 opens no inspector, which Node does by default where nobody listens to the signal. */
export function keepInspectorClosed(): void {
  process.on('SIGUSR1', () => undefined);
}

/**
 * Ends the process with an exit code when something was thrown that nobody caught.
 *
 * @param report says what happened; must not throw
 */
export function endOnUncaught(report: (thrown: unknown) => void, exitCode: number): void {
  const end = (thrown: unknown): void => {
    report(thrown);
    process.exit(exitCode);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/** Takes a variable out of the environment that programs started from here would inherit. */
export function withholdFromChildren(name: string): void {
  delete process.env[name];
}
