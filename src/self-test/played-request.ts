/** A request to the server that plays every other one, and its answer. */

/** What was asked. */
export interface PlayedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
  /** Everything that the asking program sent, as careless servers repeat it. */
  readonly said: string;
}

/** What is answered. A text is sent as it is. */
export interface PlayedAnswer {
  readonly status: number;
  readonly content: object | string;
}
