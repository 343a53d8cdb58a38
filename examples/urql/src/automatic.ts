// Automatic persisted queries: documents go by their hash, and with their text only until the gateway knows them.
import { gql } from "urql";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient } from "./client.js";
import { check, password, step, url, wire } from "./demo.js";
import { Session } from "./session.js";

// By default queries would go by GET, with their variables in the URL, where logs keep them.
const persisted = () => persistedExchange({ preferGetForPersistedQueries: false, enableForMutation: true });
const session = new Session(url);
await session.signIn("developer@example.com", password);
const alias = `at${Date.now()}`; // so that nobody has sent the document before
const query = gql(`query Roles { viewer { sid ${alias}: roles } }`);

step("Send a document that the gateway does not know");
const { data } = await createClient(session, persisted()).query(query, {});
check("it is answered", data?.viewer[alias], ["DEVELOPER"]);
check("once the text was sent after its hash", wire, ["400 Roles", "200 Roles"]);

step("Send it again, from another client");
const again = await createClient(session, persisted()).query(query, {});
check("it is answered, by its hash", [again.data, wire], [data, ["200 Roles"]]);
await session.signOut();
