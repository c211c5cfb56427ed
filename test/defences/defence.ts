/** What a defence is: the place in the source that makes it, how it looks when it is gone, and the test that notices. */

/** One place in the source. */
export interface Place {
  /** The source file that it is in, from the root of the project. */
  readonly file: string;
  /** The text that is the defence; it is in the file exactly once. */
  readonly defence: string;
  /** What stands in its place while it is gone. The program still has to compile. */
  readonly without: string;
}

/** One defence of the program, written so that it can be taken away for the length of a test run. */
export interface Defence extends Place {
  /** What it stands against: `threat 1` to `threat 42` of SECURITY.md, or `fault: …` as in docs/faults.md. */
  readonly against: string;
  /** Other places that hold the same on their own, and so have to go as well: defence in depth. */
  readonly also?: readonly Place[];
  /** The test file that notices. */
  readonly test: string;
  /** The beginning of the name of the test that has to fail, without the names of the groups around it. */
  readonly fails: string;
}

/** A row that has nothing to take away, and why. */
export interface Irremovable {
  readonly against: string;
  readonly why: string;
}
