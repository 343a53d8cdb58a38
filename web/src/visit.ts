import { examples, isExample } from './examples';
import type { Viewer } from './viewer';

/** What somebody wrote in a tab. */
export interface Written {
  readonly query: string | null;
  readonly variables?: string | null;
}

/** What somebody sees in GraphiQL, noted as it changes. */
export interface Shown {
  /** The title of the pane at the side; null when none is open. */
  pane: string | null;
  tabs: readonly Written[];
}

/** The time between two changes of who is signed in: GraphiQL begins anew with each. */
export interface Visit {
  readonly id: number;
  /** The e-mail address of who is signed in; null for a guest. */
  readonly email: string | null;
  /** The tabs to begin with. */
  readonly tabs: readonly Written[];
  readonly shown: Shown;
  /** What a user wrote whose session ended, while a guest is here. It is shown to nobody else. */
  readonly left: Left | null;
}

interface Left {
  readonly email: string;
  readonly tabs: readonly Written[];
}

/** The visit of a guest, with a pane open or none. */
export function firstVisit(pane: string | null): Visit {
  const tabs = examples([]);
  return { id: 0, email: null, tabs, shown: { pane, tabs }, left: null };
}

/**
 * The visit of who comes next; null for a guest. They find the examples for their roles, and what was written here by
 * hand, by a guest or by themselves: what another user wrote may hold what is theirs alone.
 */
export function nextVisit(before: Visit, viewer: Viewer | null): Visit {
  const email = viewer?.email ?? null;
  const written = before.shown.tabs.filter(byHand).map(withoutHeaders);
  const left = before.email === null ? before.left : { email: before.email, tabs: written };
  const tabs = [
    ...examples(viewer?.roles ?? []),
    ...(left && left.email === email ? left.tabs : []),
    ...(before.email === null ? written : []),
  ];
  return { id: before.id + 1, email, tabs, shown: { pane: before.shown.pane, tabs }, left: viewer ? null : left };
}

/** The visit of the guest who is left when somebody signs out: nothing that they wrote is kept. */
export function signedOut(before: Visit): Visit {
  return { ...nextVisit(before, null), left: null };
}

function byHand({ query }: Written): boolean {
  return query !== null && query.trim() !== '' && !isExample(query);
}

/** Headers are left behind: they may hold a token. */
function withoutHeaders({ query, variables = null }: Written): Written {
  return { query, variables };
}
