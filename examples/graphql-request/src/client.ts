// The client, and one function through which typed operations are sent.
import type { GraphQLError } from "graphql";
import { GraphQLClient, type Variables } from "graphql-request";
import type { TypedDocumentString } from "./generated/graphql.js";
import type { Session } from "./session.js";

/** Makes a client whose requests are those of the session's user. */
export function createClient(session: Session): GraphQLClient {
  return new GraphQLClient(session.url, { fetch: session.fetch, errorPolicy: "all" });
}

/**
 * Sends an operation. Of a query that asks for what is denied, the rest is in `data` and the denials in `errors`.
 * Throws graphql-request's ClientError when the operation as a whole is refused, as a denied mutation is.
 */
export async function send<Result, Input extends Variables>(
  client: GraphQLClient,
  operation: TypedDocumentString<Result, Input>,
  variables: Input,
): Promise<{ data: Result; errors: GraphQLError[] }> {
  const { data, errors = [] } = await client.rawRequest<Result, Variables>(operation.toString(), variables);
  return { data, errors };
}
