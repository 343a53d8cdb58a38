// GraphQL over HTTP, by graphql-http's audit: all that it says a server must, should or may do. Some audits introspect,
// so it asks as an Owner.
import { auditServer } from "graphql-http";
import { fetchAs, signIn, url } from "./gateway.mjs";
import { report } from "./suite.mjs";

/** How many audits this version has. An upgrade that brings fewer is to be looked at. */
const known = 61;

const results = await auditServer({ url, fetchFn: fetchAs(await signIn("owner")) });
for (const { id, name, status, reason } of results) {
  if (status !== "ok") console.error(`graphql-http: ${id} ${name}: ${reason}`);
}
report("graphql-http", results.filter(({ status }) => status === "ok").length, Math.max(results.length, known));
