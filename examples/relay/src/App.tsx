// What the user sees: their account, as far as their roles permit.
import { Suspense, useState, useTransition } from "react";
import { graphql, useLazyLoadQuery } from "react-relay";
import type { AppQuery } from "./__generated__/AppQuery.graphql";
import { ApiKeys } from "./ApiKeys";
import { Calls } from "./Calls";
import { lacking } from "./denied";
import { IfPermitted } from "./IfPermitted";

export function App() {
  const [fetchKey, setFetchKey] = useState(0);
  const [reloading, startTransition] = useTransition();
  return (
    <Suspense fallback="Loading…">
      <button disabled={reloading} onClick={() => startTransition(() => setFetchKey(fetchKey + 1))}>
        Reload
      </button>
      <Account fetchKey={fetchKey} />
    </Suspense>
  );
}

function Account({ fetchKey }: { fetchKey: number }) {
  const { viewer, account } = useLazyLoadQuery<AppQuery>(
    graphql`
      query AppQuery {
        viewer {
          email
          roles
        }
        account {
          balance @catch {
            amount
            currency
          }
          ...ApiKeys_account
          ...Calls_account
        }
      }
    `,
    {},
    { fetchKey, fetchPolicy: "network-only" },
  );
  if (!viewer || !account) return <p>Sign in first.</p>;
  const { balance } = account;
  return (
    <>
      <h1>
        {viewer.email}: {viewer.roles.join(", ")}
      </h1>
      <p>Balance: {balance.ok ? `${balance.value.amount} ${balance.value.currency}` : `needs ${lacking(...balance.errors)}`}</p>
      <IfPermitted key={fetchKey} what="API keys">
        <ApiKeys account={account} />
      </IfPermitted>
      <Calls account={account} />
    </>
  );
}
