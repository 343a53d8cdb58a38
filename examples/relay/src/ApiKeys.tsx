import { useState } from "react";
import { graphql, useMutation, usePaginationFragment } from "react-relay";
import type { ApiKeys_account$key } from "./__generated__/ApiKeys_account.graphql";
import type { ApiKeysCreateMutation } from "./__generated__/ApiKeysCreateMutation.graphql";
import type { ApiKeysDeleteMutation } from "./__generated__/ApiKeysDeleteMutation.graphql";
import type { ApiKeysPageQuery } from "./__generated__/ApiKeysPageQuery.graphql";

/** The API keys, page by page. Throws Denied when the caller may not see them. */
export function ApiKeys({ account }: { account: ApiKeys_account$key }) {
  const { data, loadNext, hasNext } = usePaginationFragment<ApiKeysPageQuery, ApiKeys_account$key>(
    graphql`
      fragment ApiKeys_account on Account
      @refetchable(queryName: "ApiKeysPageQuery")
      @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
      @throwOnFieldError {
        apiKeys(first: $first, after: $after) @connection(key: "ApiKeys_apiKeys") {
          __id
          edges {
            node {
              id
              friendlyName
            }
          }
        }
      }
    `,
    account,
  );
  const [secret, setSecret] = useState<string | null>();
  const [create] = useMutation<ApiKeysCreateMutation>(graphql`
    mutation ApiKeysCreateMutation($name: String!, $connections: [ID!]!) {
      createApiKey(input: { friendlyName: $name }) {
        apiKeyEdge @prependEdge(connections: $connections) {
          node {
            id
            friendlyName
          }
        }
        secret
      }
    }
  `);
  const [remove] = useMutation<ApiKeysDeleteMutation>(graphql`
    mutation ApiKeysDeleteMutation($id: ID!, $connections: [ID!]!) {
      deleteApiKey(input: { id: $id }) {
        deletedApiKeyId @deleteEdge(connections: $connections)
      }
    }
  `);
  const connections = [data.apiKeys.__id];
  return (
    <>
      <ol>
        {data.apiKeys.edges.map(({ node: { id, friendlyName } }) => (
          <li key={id}>
            {friendlyName} <button onClick={() => remove({ variables: { id, connections } })}>Delete {friendlyName}</button>
          </li>
        ))}
      </ol>
      {hasNext && <button onClick={() => loadNext(2)}>More</button>}
      <button
        onClick={() =>
          create({
            variables: { name: "Relay example", connections },
            onCompleted: ({ createApiKey }) => setSecret(createApiKey?.secret),
          })
        }
      >
        Create
      </button>
      {secret && (
        <p>
          Keep this secret, it is not shown again: <code>{secret}</code>
        </p>
      )}
    </>
  );
}
