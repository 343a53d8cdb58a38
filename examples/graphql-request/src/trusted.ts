// Trusted documents: a gateway that runs what codegen has put into persisted-documents.json, by its hash, and nothing else.
import { check, password, step, url, wire } from "./demo.js";
import type { TypedDocumentString } from "./generated/graphql.js";
import { API_KEYS } from "./operations.js";
import { Session } from "./session.js";

/** Sends an operation by its hash. graphql-request itself always sends the text. */
function sendByHash<Result, Input>(operationName: string, operation: TypedDocumentString<Result, Input>, variables: Input) {
  const documentId = `sha256:${operation.__meta__?.["hash"]}`;
  return post<Result>({ documentId, operationName, variables });
}

async function post<Result>(request: object): Promise<{ data?: Result; errors?: { message: string }[] }> {
  const answer = await session.fetch(session.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify(request),
  });
  return answer.json();
}

step("Sign in, by a document that is listed too");
const session = new Session(url);
await session.signIn("developer@example.com", password);

step("Run what is listed");
const { data } = await sendByHash("ApiKeys", API_KEYS, { first: 2 });
check("by its hash", [data?.account?.apiKeys?.edges.length, wire], [2, ["200 ApiKeys"]]);

step("Run what is not");
const { errors } = await post({ query: "query Mine { viewer { sid } }" });
check("it is refused", errors?.[0]?.message, "This gateway runs trusted documents only, and this is none.");
await session.signOut();
