import { examples, isExample } from './examples';

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
  /** The tabs to begin with. */
  readonly tabs: readonly Written[];
  readonly shown: Shown;
}

/** The visit of a guest, with a pane open or none. */
export function firstVisit(pane: string | null): Visit {
  const tabs = examples([]);
  return { id: 0, tabs, shown: { pane, tabs } };
}

/** The visit of who comes next. They find the examples for their roles, and what was written here by hand. */
export function nextVisit(before: Visit, roles: readonly string[]): Visit {
  const tabs = [...examples(roles), ...before.shown.tabs.filter(byHand).map(withoutHeaders)];
  return { id: before.id + 1, tabs, shown: { pane: before.shown.pane, tabs } };
}

function byHand({ query }: Written): boolean {
  return query !== null && query.trim() !== '' && !isExample(query);
}

/** Headers are left behind: they may hold a token. */
function withoutHeaders({ query, variables = null }: Written): Written {
  return { query, variables };
}
