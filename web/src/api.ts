// GraphQL over HTTP, to this gateway and no other.

/** An error of an answer, as Fieldgate writes it. */
export interface Failure {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An answer. One without data is of a request that was refused as a whole. */
export interface Answer<Data = unknown> {
  readonly data?: Data | null;
  readonly errors?: readonly Failure[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An operation as it is sent. */
export interface Operation {
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: string | null | undefined;
}

/** Something that could not be done, in words for whoever asked. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly code = '',
  ) {
    super(message);
  }
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** The request that an operation makes, without a token. */
export function request(operation: Operation): RequestInit & { headers: Record<string, string> } {
  return {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      // With this one a denied mutation or a wrong password is no failed request, which browsers put on the console.
      Accept: 'application/json',
    },
    body: JSON.stringify(operation),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  };
}

/** Sends a request; a Refusal when nothing comes back. */
export async function send(fetch: Fetch, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch {
    throw new Refusal('The gateway cannot be reached. Is it still running?', 'UNREACHABLE');
  }
}

/** Reads an answer; a Refusal when it is none. */
export async function read<Data>(response: Response): Promise<Answer<Data>> {
  try {
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer !== null) {
      return answer;
    }
  } catch {
    // falls through: what is no JSON is no answer either
  }
  throw new Refusal(`The gateway's answer cannot be read (HTTP ${response.status}).`);
}

/** The data of an answer; a Refusal with the first error's own words when there is none. */
export function dataOf<Data>(answer: Answer<Data>): Data {
  const failure = answer.errors?.[0];
  if (failure || !answer.data) {
    throw new Refusal(failure?.message ?? 'The answer is empty.', String(failure?.extensions?.code ?? ''));
  }
  return answer.data;
}
