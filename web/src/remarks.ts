// Says in plain words what an answer leaves out, and why.

import type { Answer, Failure } from './api';
import { list, notHeldBy, permission, type Titles } from './words';

/** One thing to tell. */
export interface Remark {
  /** Left out for want of a permission, shown masked, or something else that went wrong. */
  readonly kind: 'denied' | 'masked' | 'failed';
  readonly heading: string;
  readonly text: string;
}

/** What kind of failure a code stands for, in short. */
const failures: Readonly<Record<string, string>> = {
  BAD_USER_INPUT: 'Wrong input',
  CONFLICT: 'In conflict',
  FORBIDDEN: 'Not permitted',
  GRAPHQL_PARSE_FAILED: 'No GraphQL',
  GRAPHQL_VALIDATION_FAILED: 'Not in the schema',
  LIMIT_EXCEEDED: 'Too much',
  NOT_FOUND: 'Not found',
  SERVICE_UNAVAILABLE: 'Try again',
  TIMEOUT: 'Too slow',
  UNAUTHENTICATED: 'Not signed in',
};

/** Who asked: their roles, or null for a guest. */
export type Asker = readonly string[] | null;

/** What there is to tell of an answer, the many denials of one selection in one. */
export function remarks(answer: Answer, asker: Asker, titles: Titles): Remark[] {
  const refused = answer.data === undefined;
  const groups = new Map<string, Denial>();
  const told: Remark[] = [];
  const tell = (denial: Denial) => {
    const key = `${pattern(denial.path)} ${denial.coordinate} ${denial.permission} ${denial.action}`;
    const before = groups.get(key);
    groups.set(key, before ? { ...before, count: before.count + denial.count } : denial);
  };
  for (const failure of answer.errors ?? []) {
    const denial = denialOf(failure.extensions, failure.path, failure.message);
    if (denial) {
      tell(denial);
    } else {
      told.push(failed(failure));
    }
  }
  for (const entry of records(answer.extensions?.denied)) {
    const denial = denialOf(entry, undefined, text(entry.message));
    if (denial) {
      tell(denial);
    }
  }
  const denied = [...groups.values()].map((denial): Remark => ({
    kind: 'denied',
    heading: 'Left out',
    text: sentence(denial, refused, asker, titles),
  }));
  return [...denied, ...masked(answer, asker, titles), ...told];
}

/** The answer that a response pane shows; null when it shows none. */
export function answerIn(response: string | null | undefined): Answer | null {
  try {
    const answer: unknown = JSON.parse(response ?? '');
    return typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer)
      ? (answer as Answer)
      : null;
  } catch {
    return null;
  }
}

interface Denial {
  readonly code: string;
  readonly coordinate: string;
  readonly permission: string;
  readonly action: string;
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly count: number;
}

/** A denial has a coordinate; other errors, also other FORBIDDEN ones, speak for themselves. */
function denialOf(
  said: Readonly<Record<string, unknown>> | undefined,
  path: readonly (string | number)[] | undefined,
  message: string,
): Denial | null {
  const code = text(said?.code);
  if ((code !== 'FORBIDDEN' && code !== 'UNAUTHENTICATED') || !said?.coordinate) {
    return null;
  }
  return {
    code,
    coordinate: text(said.coordinate),
    permission: text(said.permission),
    action: text(said.action),
    message,
    path: path ?? (Array.isArray(said.selection) ? said.selection.map(String) : []),
    count: typeof said.count === 'number' ? said.count : 1,
  };
}

function sentence(denial: Denial, refused: boolean, asker: Asker, titles: Titles): string {
  const place = where(denial);
  const gone = `${place} was left out${denial.count > 1 ? ` in ${denial.count} places` : ''}`;
  if (denial.code === 'UNAUTHENTICATED') {
    return refused ? `Nothing was done: ${place} is not for guests. Sign in to use it.` : `${gone}: sign in to see it.`;
  }
  if (denial.permission === '') {
    return `${refused ? 'Nothing was done' : gone}: ${denial.message}`;
  }
  const need = `needs ${permission(titles, denial.permission, denial.action)}, ${notHeldBy(asker ?? [])}.`;
  const argument = /\((\w+):\)$/.exec(denial.coordinate)?.[1];
  if (refused) {
    return `Nothing was done: ${argument ? `the argument ${argument} of ${place}` : place} ${need}`;
  }
  const what = denial.coordinate.includes('.') ? 'it' : `reading ${denial.coordinate}`; // a type's name alone
  return `${gone}: ${argument ? `its argument ${argument}` : what} ${need}`;
}

/** The way to what was left out; with the place in each list when there is but one. */
function where(denial: Denial): string {
  const steps = denial.count > 1 ? named(denial.path) : denial.path.filter((step) => step !== '@');
  return steps.length > 0 ? steps.join(' → ') : denial.coordinate;
}

function masked(answer: Answer, asker: Asker, titles: Titles): Remark[] {
  const places = records(answer.extensions?.masked).map((entry) =>
    Array.isArray(entry.selection) ? named(entry.selection.map(String)).join(' → ') : text(entry.coordinate),
  );
  if (places.length === 0) {
    return [];
  }
  const verb = places.length > 1 ? 'are' : 'is';
  const need = `${permission(titles, 'PERSONAL_DATA')}, ${notHeldBy(asker ?? [])}`;
  const whole = `${list(places)} ${verb} shown masked: seeing personal data whole needs ${need}.`;
  return [{ kind: 'masked', heading: 'Masked', text: whole }];
}

/** Other errors, whose messages are written for people. */
function failed(failure: Failure): Remark {
  const path = failure.path ?? failure.extensions?.inputPath;
  const place = Array.isArray(path) && path.length > 0 ? `${path.join(' → ')}: ` : '';
  const id = text(failure.extensions?.requestId);
  const ask = id ? ` Whoever runs the gateway finds the cause in its log under ${id}.` : '';
  return {
    kind: 'failed',
    heading: failures[text(failure.extensions?.code)] ?? 'Failed',
    text: `${place}${failure.message}${ask}`,
  };
}

function named(path: readonly (string | number)[]): string[] {
  return path.filter((step): step is string => typeof step === 'string' && step !== '@');
}

function pattern(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? '@' : step)).join(' ');
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'object' && entry !== null) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
