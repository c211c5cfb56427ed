/** What the files of all service managers say. */

/** What a service file is made of. Every path is absolute. */
export interface ServiceFacts {
  readonly version: string;
  /** The program as it runs now, without its arguments. */
  readonly command: readonly string[];
  readonly home: string;
  /** Variables of this shell that say where the program's files stand. */
  readonly variables: Readonly<Record<string, string>>;
  /** Folders that the server writes to. */
  readonly writes: readonly string[];
}
