// Automatic persisted queries: documents go by their hash, and with their text only until the gateway knows them.
import { createHash } from "node:crypto";
import { gql, type TypedDocumentNode } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createClient } from "./client.js";
import { check, password, step, url, wire } from "./demo.js";
import { Session } from "./session.js";

// In a browser, node:crypto is crypto.subtle.digest.
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const session = new Session(url);
await session.signIn("developer@example.com", password);
const alias = `at${Date.now()}`; // so that nobody has sent the document before
const query: TypedDocumentNode<{ viewer: Record<string, unknown> }> = gql(`query Roles { viewer { sid ${alias}: roles } }`);

step("Send a document that the gateway does not know");
const first = createClient(session, new PersistedQueryLink({ sha256 }));
const { data } = await first.query({ query });
check("it is answered", data?.viewer[alias], ["DEVELOPER"]);
check("once the text was sent after its hash", wire, ["400 Roles", "200 Roles"]);

step("Send it again, from another client");
const second = createClient(session, new PersistedQueryLink({ sha256 }));
const again = await second.query({ query });
check("it is answered, by its hash", [again.data, wire], [data, ["200 Roles"]]);
await session.signOut();
