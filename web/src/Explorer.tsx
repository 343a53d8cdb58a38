import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import type { Fetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { getOperationAST, parse, type GraphQLSchema } from 'graphql';
import { useState } from 'react';
import { Refusal, type Answer } from './api';
import { Denials } from './Denials';
import type { Asker } from './remarks';
import { Habits } from './Habits';
import type { Session } from './session';
import { storage } from './storage';
import { stoppable } from './stream';
import type { Visit } from './visit';
import type { Titles } from './words';

const plugins = [HISTORY_PLUGIN];

export interface ExplorerProps {
  readonly session: Session;
  /** Null when the gateway shows none. */
  readonly schema: GraphQLSchema | null;
  readonly asker: Asker;
  readonly titles: Titles;
  readonly visit: Visit;
}

/** GraphiQL, for one caller: another one gets another, with nothing of what this one saw. */
export function Explorer({ session, schema, asker, titles, visit: { tabs, shown } }: ExplorerProps) {
  const [fetcher] = useState(() => fetcherOf(session));
  const [kept] = useState(() => storage(browserStorage()));
  const [pane] = useState(shown.pane);
  const [first] = useState(() => tabs.map((tab) => ({ query: tab.query, variables: tab.variables ?? null })));
  return (
    <GraphiQL
      fetcher={fetcher}
      schema={schema}
      dangerouslyAssumeSchemaIsValid
      storage={kept}
      shouldPersistHeaders={false}
      defaultQuery=""
      defaultTabs={first}
      plugins={plugins}
      visiblePlugin={pane ?? ''}
      onTogglePluginVisibility={(plugin) => (shown.pane = plugin?.title ?? null)}
      onTabChange={(state) => (shown.tabs = state.tabs)}
      defaultEditorToolsVisibility={false}
    >
      <GraphiQL.Logo>
        <></>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Denials asker={asker} titles={titles} />
      </GraphiQL.Footer>
      <Habits />
    </GraphiQL>
  );
}

/** The title under which the documentation is found. */
export const documentation = DOC_EXPLORER_PLUGIN.title;

/**
 * Sends what GraphiQL asks; a subscription is answered again and again. What cannot be sent is answered like what was
 * refused, so that it is told in the same way.
 */
function fetcherOf(session: Session): Fetcher {
  return async ({ query, variables, operationName }, options) => {
    const operation = { query, variables, operationName: defined(query, operationName) };
    if (isSubscription(query, operation.operationName)) {
      const stop = new AbortController();
      return stoppable(told(session.follow(operation, options?.headers ?? {}, stop.signal)), stop) as never;
    }
    return session.ask(operation, options?.headers).then(shown, failure) as never;
  };
}

/** The answers, and what went wrong as the last of them. */
async function* told(answers: AsyncIterable<Answer>): AsyncGenerator<Answer> {
  try {
    for await (const answer of answers) {
      yield shown(answer);
    }
  } catch (error) {
    yield failure(error);
  }
}

/** Data comes first in what is shown, before a long list of errors. */
function shown({ data, ...rest }: Answer): Answer {
  return data === undefined ? rest : { data, ...rest };
}

function failure(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  return { errors: [{ message, extensions: error instanceof Refusal && error.code ? { code: error.code } : {} }] };
}

function isSubscription(query: string, name: string | null | undefined): boolean {
  try {
    return getOperationAST(parse(query), name)?.operation === 'subscription';
  } catch {
    return false; // the gateway says what is wrong with it
  }
}

/** The name, if the document has such an operation: just after a change of tabs, GraphiQL still has the name of before. */
function defined(query: string, name: string | null | undefined): string | null | undefined {
  try {
    const all = parse(query).definitions;
    return all.some((node) => node.kind === 'OperationDefinition' && node.name?.value === name) ? name : undefined;
  } catch {
    return name; // the gateway says what is wrong with it
  }
}

function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null; // the browser keeps nothing for this page
  }
}
